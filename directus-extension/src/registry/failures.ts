import { refusal, type Extensions, type Refusal } from './refusal';

/** Errors of a connection that was never made: the registry has not seen the request. */
const NEVER_REACHED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];
/** Characters that Directus' error dialog shows. */
const LONGEST_SHOWN = 200;
const LOOK_AGAIN = 'Look at the item again before you repeat this.';

/** The refusal for a request that got no answer. */
export function noAnswer(error: unknown, requestId: string): Refusal {
  const { name, cause } = error as { name?: string; cause?: { code?: string } };
  // A time-out here does not stop the registry: it may still decide.
  if (name === 'TimeoutError') return failure(503, 'registry_slow', `The artifact registry is slow. ${LOOK_AGAIN}`, requestId);
  if (NEVER_REACHED.includes(cause?.code ?? ''))
    return failure(503, 'registry_unavailable', 'The artifact registry does not answer. Nothing was decided. Try again in a moment.', requestId);
  return failure(503, 'registry_unavailable', `The artifact registry stopped answering. ${LOOK_AGAIN}`, requestId);
}

/** The refusal that an answer of the registry stands for, with the registry's own status and sentence where it gave one. */
export function refusalOf(status: number, answer: unknown, requestId: string): Refusal {
  const stated = firstError(answer);
  // The token is Directus' own: a 401 passed on would log the person out.
  if (status === 401) return failure(502, 'registry_failed', "The artifact registry does not accept Directus' token.", requestId);
  if (!stated || status < 400 || (status >= 500 && status !== 503))
    return failure(502, 'registry_failed', `The artifact registry failed. ${LOOK_AGAIN}`, requestId, { registry_status: status });
  const { code, ...rest } = stated.extensions;
  return refusal(status, code, withNextStep(stated.message, rest['next']), { ...rest, request_id: requestId });
}

/** Directus' dialog shows nothing but the message: the next step joins it where both fit. */
function withNextStep(message: string, next: unknown): string {
  const both = `${message} ${String(next)}`;
  return typeof next === 'string' && both.length <= LONGEST_SHOWN ? both : message;
}

function failure(status: number, code: string, message: string, requestId: string, extensions: Extensions = {}): Refusal {
  return refusal(status, code, message, { ...extensions, request_id: requestId });
}

interface StatedError {
  message: string;
  extensions: Extensions & { code: string };
}

function firstError(answer: unknown): StatedError | null {
  const error = (answer as { errors?: Partial<StatedError>[] } | null | undefined)?.errors?.[0];
  const stated = typeof error?.message === 'string' && typeof error.extensions?.code === 'string';
  return stated ? (error as StatedError) : null;
}
