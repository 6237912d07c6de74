import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { connectRegistry, type Registry } from '../registry/client';

export interface Received {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: unknown;
  /** The body as it came. */
  text: string;
}

type Respond = (received: Received, response: ServerResponse) => void;

export const TOKEN = 'art_not-to-be-shown';

/** A registry on a free port that keeps what it received; it goes away with the test. */
export async function givenRegistry(respond: Respond, timeout = 1000) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const one = await read(request);
    received.push(one);
    respond(one, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const close = () => new Promise<void>((closed) => (server.close(() => closed()), server.closeAllConnections()));
  onTestFinished(close);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { ARTIFACTS_SIDECAR_URL: url, ARTIFACTS_SIDECAR_TOKEN: TOKEN, ARTIFACTS_SIDECAR_TIMEOUT_MS: timeout };
  return { received, env, close, registry: registryAt(env) };
}

export function registryAt(env: Record<string, unknown>, warnings: string[] = []): Registry {
  return connectRegistry(env, { warn: (message) => warnings.push(message) });
}

export function json(status: number, body: unknown): Respond {
  return (_received, response) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

export function refused(status: number, code: string, message: string, extensions = {}): Respond {
  return json(status, { errors: [{ message, extensions: { code, ...extensions } }] });
}

async function read(request: IncomingMessage): Promise<Received> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: text ? JSON.parse(text) : undefined, text };
}
