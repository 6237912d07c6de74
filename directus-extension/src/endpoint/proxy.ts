import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { addressOf } from '../registry/client';
import { exchange } from './exchange';
import { noAnswer } from '../registry/failures';
import { refusal, type Refusal } from '../registry/refusal';
import { registrySettings } from '../registry/settings';

/** What Directus adds to a request. `body` is there only where it has read the body already, as it does with JSON. */
export interface ProxiedRequest extends IncomingMessage {
  accountability?: { user: string | null; share?: string | null } | null;
  body?: unknown;
  /** What `body` was read from. */
  rawBody?: Buffer;
  originalUrl?: string;
}

interface Logger {
  warn(message: string): void;
}

type Next = (error?: unknown) => void;
type Env = Record<string, unknown>;

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** Which headers of a request are part of what is asked; cookies and tokens of Directus are not. */
const ASKED = ['accept', 'accept-language', 'content-type', 'idempotency-key', 'if-match', 'if-modified-since', 'if-none-match', 'if-range', 'range'];
const ANSWERED = [
  'accept-ranges', 'cache-control', 'content-disposition', 'content-language', 'content-length', 'content-range',
  'content-security-policy', 'content-type', 'etag', 'expires', 'idempotency-replayed', 'last-modified', 'link', 'location', 'retry-after',
  'vary', 'x-content-type-options', 'x-request-id',
];
/** Bytes take longer than decisions: this long a transfer may stand still before it is given up. */
const STILL_MS = 60_000;

/** Hands a request on to the registry and its answer back, both as streams, in the name of the person logged in. */
export function proxy(env: Env, logger: Logger) {
  return async (request: ProxiedRequest, response: ServerResponse, next: Next): Promise<void> => {
    const requestId = idOf(request);
    const given = new AbortController();
    response.once('close', () => given.abort());
    try {
      await handOn(request, response, env, requestId, given);
    } catch (error) {
      if (response.destroyed) return;
      const refused = isRefusal(error) ? error : noAnswer(error, requestId);
      if (refused.status >= 500) logger.warn(`${request.method} ${pathOf(request)} of the artifact registry: ${refused.code} (request ${requestId})`);
      // Half an answer cannot be taken back: the connection is broken, so that nobody takes it for a whole one.
      if (response.headersSent) response.destroy();
      else next(refused);
    }
  };
}

async function handOn(request: ProxiedRequest, response: ServerResponse, env: Env, requestId: string, given: AbortController): Promise<void> {
  const user = personOf(request);
  const settings = registrySettings(env);
  const url = addressOf(pathOf(request), settings);
  const body = bodyOf(request);
  const streamed = body instanceof Readable;
  const patience = timer(given, streamed ? STILL_MS : settings.timeout);
  const answer = await exchange(url, {
    method: request.method ?? 'GET',
    headers: {
      ...kept(request.headers, streamed ? [...ASKED, 'content-length'] : ASKED),
      'Accept-Encoding': 'identity', Authorization: `Bearer ${settings.token}`, 'X-Actor-Id': user, 'X-Request-Id': requestId,
    },
    body: streamed ? watched(body, patience) : body,
    signal: given.signal,
  }).catch((error: unknown) => {
    throw patience.over() ? Object.assign(new Error('time-out'), { name: 'TimeoutError' }) : error;
  });
  // The token is Directus' own: its 401 would log the person out.
  if (answer.statusCode === 401) {
    answer.resume();
    throw failed(requestId);
  }
  patience.allow(STILL_MS);
  response.writeHead(answer.statusCode ?? 502, kept(answer.headers, ANSWERED));
  await pipeline(watched(answer, patience), response);
  patience.stop();
}

/** The pieces of a stream; each one starts the waiting anew. */
async function* watched(stream: AsyncIterable<Uint8Array>, patience: ReturnType<typeof timer>) {
  for await (const piece of stream) {
    patience.allow(STILL_MS);
    yield piece;
  }
}

/** The person. Refuses who is not logged in, a share's guest, and what another site's page sends with this browser's cookie. */
function personOf(request: ProxiedRequest): string {
  const user = request.accountability?.user;
  if (!user) throw refusal(401, 'not_authenticated', 'Please log in. The registry answers people whom Directus knows.');
  if (!METHODS.includes(request.method ?? '')) throw refusal(405, 'method_not_allowed', `${request.method} is not possible here.`);
  const writes = request.method !== 'GET' && request.method !== 'HEAD';
  if (writes && request.headers['sec-fetch-site'] === 'cross-site') throw refusal(403, 'cross_site', 'This request comes from another site. Use the registry itself, with a token.');
  return user;
}

/** What goes on to the registry: the JSON that Directus has read, or the stream that nobody has read yet. */
function bodyOf(request: ProxiedRequest): string | Uint8Array | Readable | null {
  if (request.method === 'GET' || request.method === 'HEAD') return null;
  // As it was sent: JavaScript would round integers beyond 2⁵³.
  if (/^application\/json\b/i.test(request.headers['content-type'] ?? '')) return request.rawBody ?? JSON.stringify(request.body ?? {});
  if (!('content-length' in request.headers) && !('transfer-encoding' in request.headers)) return null;
  return request;
}

/** Aborts after `ms`, unless allowed longer or stopped; `over` says whether it was this that aborted. */
function timer(given: AbortController, ms: number) {
  let fired = false;
  const start = (wait: number) => setTimeout(() => ((fired = true), given.abort()), wait);
  let handle = start(ms);
  const stop = () => clearTimeout(handle);
  return { stop, over: () => fired, allow: (longer: number) => (stop(), (handle = start(longer))) };
}

function pathOf(request: ProxiedRequest): string {
  return (request.originalUrl ?? request.url ?? '').replace(/^.*?\/artifacts(?=\/v1\/)/, '');
}

function idOf(request: IncomingMessage): string {
  const claimed = request.headers['x-request-id'];
  return typeof claimed === 'string' && /^[A-Za-z0-9._:/+=@-]{1,128}$/.test(claimed) ? claimed : randomUUID();
}

function kept(headers: Record<string, string | string[] | undefined>, names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])));
}

function failed(requestId: string): Refusal {
  return refusal(502, 'registry_failed', "The artifact registry does not accept Directus' token. An operator looks at ARTIFACTS_SIDECAR_TOKEN.", {
    request_id: requestId,
  });
}

function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && error.name === 'DirectusError';
}
