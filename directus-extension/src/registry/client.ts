import { randomUUID } from 'node:crypto';
import type { Caller } from './caller';
import { noAnswer, refusalOf } from './failures';
import { refusal } from './refusal';
import { registrySettings, type RegistrySettings } from './settings';

export interface RegistryRequest {
  method: string;
  /** Begins with /v1/. */
  path: string;
  body?: unknown;
  /** The id of the incoming request, where it is known. */
  requestId?: string | undefined;
}

export interface RegistryAnswer<Data = unknown> {
  data: Data;
  meta?: Record<string, unknown>;
}

/** Calls the registry. Raises a Directus error for every answer that is no success, and for no answer. */
export type Registry = <Data>(request: RegistryRequest, caller: Caller) => Promise<RegistryAnswer<Data>>;

interface Logger {
  warn(message: string): void;
}

const NO_CONTENT = 204;

export function connectRegistry(env: Record<string, unknown>, logger: Logger): Registry {
  return async <Data>(request: RegistryRequest, caller: Caller): Promise<RegistryAnswer<Data>> => {
    const settings = registrySettings(env);
    const url = addressOf(request.path, settings);
    const requestId = request.requestId ?? randomUUID();
    try {
      const { response, answer } = await send(url, request, headersOf(settings, caller, requestId), settings.timeout);
      if (response.ok && isAnswer<Data>(answer)) return answer;
      throw refusalOf(response.status, answer, requestId);
    } catch (error) {
      const refused = isRefused(error) ? error : noAnswer(error, requestId);
      // Directus logs its own errors at debug level only; a registry that is away is an operator's matter.
      if (refused.status >= 500) logger.warn(`${request.method} ${request.path} of the artifact registry: ${refused.code}${reasonOf(error)} (request ${requestId})`);
      throw refused;
    }
  };
}

/** The address of `path`, which must stay under /v1/ also after dots in it are resolved: the token goes nowhere else. */
export function addressOf(path: string, { url }: Pick<RegistrySettings, 'url'>): URL {
  const address = URL.parse(url + path);
  if (!path.startsWith('/v1/') || !address?.href.startsWith(`${new URL(url).href.replace(/\/$/, '')}/v1/`))
    throw refusal(400, 'registry_path', 'A path of the artifact registry begins with /v1/.', { path });
  return address;
}

function headersOf({ token }: RegistrySettings, caller: Caller, requestId: string): Record<string, string> {
  const user = caller.accountability?.user;
  return {
    Accept: 'application/json',
    Authorization: `Bearer ${token}`,
    'X-Request-Id': requestId,
    ...(user ? { 'X-Actor-Id': user } : {}),
    // The registry then waits less for locks: Directus may hold the very row it waits for.
    ...(caller.database.isTransaction ? { 'X-Artifacts-In-Transaction': '1' } : {}),
  };
}

async function send(url: URL, { method, body }: RegistryRequest, headers: Record<string, string>, timeout: number) {
  const sent = body === undefined || method === 'GET' ? null : JSON.stringify(body);
  const response = await fetch(url, {
    method,
    body: sent,
    headers: sent === null ? headers : { ...headers, 'Content-Type': 'application/json' },
    redirect: 'manual',
    signal: AbortSignal.timeout(timeout),
  });
  const text = await response.text();
  return { response, answer: response.status === NO_CONTENT ? { data: null } : parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isAnswer<Data>(answer: unknown): answer is RegistryAnswer<Data> {
  return typeof answer === 'object' && answer !== null && 'data' in answer;
}

function isRefused(error: unknown): error is ReturnType<typeof refusal> {
  return error instanceof Error && error.name === 'DirectusError';
}

function reasonOf(error: unknown): string {
  const code = (error as { cause?: { code?: unknown } }).cause?.code;
  return isRefused(error) || code === undefined ? '' : `, ${String(code)}`;
}
