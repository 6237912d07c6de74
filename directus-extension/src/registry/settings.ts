import { refusal } from './refusal';

export interface RegistrySettings {
  url: string;
  token: string;
  timeout: number;
}

const TIMEOUT_MS = 5000;

/** Reads the registry's settings from Directus' environment. Raises 503 registry_unavailable where one is missing. */
export function registrySettings(env: Record<string, unknown>): RegistrySettings {
  const url = text(env['ARTIFACTS_SIDECAR_URL']).replace(/\/+$/, '');
  const token = text(env['ARTIFACTS_SIDECAR_TOKEN']);
  if (!URL.canParse(url) || token === '') throw notSetUp();
  return { url, token, timeout: Number(env['ARTIFACTS_SIDECAR_TIMEOUT_MS']) || TIMEOUT_MS };
}

function text(value: unknown): string {
  return value === undefined || value === null ? '' : String(value).trim();
}

function notSetUp() {
  return refusal(
    503,
    'registry_unavailable',
    'Directus does not know where the artifact registry is. Nothing was decided. An operator sets ARTIFACTS_SIDECAR_URL and ARTIFACTS_SIDECAR_TOKEN.',
  );
}
