import { request as overHttp, type IncomingMessage } from 'node:http';
import { request as overHttps } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

interface Sent {
  method: string;
  headers: Record<string, string>;
  body: string | Uint8Array | AsyncIterable<Uint8Array> | null;
  signal: AbortSignal;
}

/**
 * Sends a request; its answer as soon as the head of it is there. Follows nothing.
 *
 * Not fetch: that copies each piece of an upload, and Directus grew by half of what passed through it.
 */
export function exchange(url: string | URL, { method, headers, body, signal }: Sent): Promise<IncomingMessage> {
  const target = new URL(url);
  const send = target.protocol === 'https:' ? overHttps : overHttp;
  return new Promise((resolve, reject) => {
    const outgoing = send(target, { method, headers, signal });
    let answered = false;
    // After the answer it is the answer's stream that breaks; a refusal may come before all of a body was taken.
    const fail = (cause: unknown) => answered || reject(new Error('no answer', { cause }));
    outgoing.once('response', (answer) => {
      answered = true;
      resolve(answer);
    });
    outgoing.on('error', fail);
    if (body === null || typeof body === 'string' || body instanceof Uint8Array) outgoing.end(body ?? undefined);
    else pipeline(Readable.from(body, { objectMode: false }), outgoing).catch(fail);
  });
}
