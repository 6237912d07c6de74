/** Why something did not work, as people and programs read it. */
export interface Problem {
  /** The registry's code; `unreachable` where nobody answered. */
  code: string;
  status: number;
  message: string;
  /** The next step. */
  next: string | null;
  details: Record<string, unknown>;
  requestId: string | null;
}

interface StatedError {
  message?: string;
  extensions?: { code?: string; next?: string; request_id?: string } & Record<string, unknown>;
}

/** The problem that an error of axios, of fetch or of our own code stands for. */
export function problemOf(error: unknown): Problem {
  const response = (error as { response?: { status?: number; data?: unknown } } | null)?.response;
  if (isProblem(error)) return error;
  if (!response?.status) return unreachable(error);
  const stated = (response.data as { errors?: StatedError[] } | null | undefined)?.errors?.[0];
  const { code = 'registry_failed', next = null, request_id = null, ...details } = stated?.extensions ?? {};
  return { code: String(code), status: response.status, message: stated?.message ?? `The server answered ${response.status}.`, next, details, requestId: request_id };
}

export function isProblem(error: unknown): error is Problem {
  return typeof error === 'object' && error !== null && 'code' in error && 'status' in error && 'details' in error;
}

/** Whether trying the same again may help: nobody answered, or the registry was busy. */
export function isPassing({ status, code }: Problem): boolean {
  return status === 0 || status === 503 || status === 429 || code === 'registry_failed';
}

function unreachable(error: unknown): Problem {
  const message = error instanceof Error && error.name !== 'AxiosError' ? error.message : 'The server does not answer.';
  return { code: 'unreachable', status: 0, message, next: null, details: {}, requestId: null };
}
