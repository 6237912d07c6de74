import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { givenRegistry, json, refused, TOKEN } from '../testing/registry-server';
import { proxy, type ProxiedRequest } from './proxy';

type Respond = Parameters<typeof givenRegistry>[0];
const PERSON = { user: 'person-1' };

/** Directus in front of a registry that answers with `respond`; JSON bodies are read before, as Directus does. */
async function givenDirectus(respond: Respond, { accountability = PERSON as ProxiedRequest['accountability'], timeout = 1000 } = {}) {
  const { env, received, close } = await givenRegistry(respond, timeout);
  const warnings: string[] = [];
  const handle = proxy(env, { warn: (message) => warnings.push(message) });
  const server = createServer(async (request: IncomingMessage, response) => {
    const given: ProxiedRequest = request;
    given.accountability = accountability ?? null;
    if (request.headers['content-type'] === 'application/json') {
      let text = '';
      for await (const piece of request) text += piece;
      given.body = JSON.parse(text);
      given.rawBody = Buffer.from(text);
    }
    await handle(given, response, (error) => {
      const { status, code, message, extensions } = error as { status: number; code: string; message: string; extensions: object };
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify({ errors: [{ message, extensions: { code, ...extensions } }] }));
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => new Promise<void>((closed) => (server.close(() => closed()), server.closeAllConnections())));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/artifacts`;
  return { url, received, warnings, close };
}

const codeOf = async (response: Response) => ((await response.json()) as { errors: { extensions: { code: string } }[] }).errors[0]?.extensions.code;

describe('the endpoint', () => {
  it('hands on what is asked, in the name of the person, and nothing of their session', async () => {
    const { url, received } = await givenDirectus(json(201, { data: { id: 'v1' } }));
    const answer = await fetch(`${url}/v1/reviews?dry=1`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'k1', 'If-Match': '"5"', Cookie: 'directus_session_token=s', Authorization: 'Bearer theirs', 'X-Actor-Id': 'somebody-else' },
      body: JSON.stringify({ decisions: [] }),
    });
    expect([answer.status, await answer.json()]).toEqual([201, { data: { id: 'v1' } }]);
    expect(received).toMatchObject([{ method: 'POST', path: '/v1/reviews?dry=1', body: { decisions: [] } }]);
    expect(received[0]?.headers).toMatchObject({ 'x-actor-id': 'person-1', authorization: `Bearer ${TOKEN}`, 'idempotency-key': 'k1', 'if-match': '"5"' });
    expect(received[0]?.headers).not.toHaveProperty('cookie');
  });

  it('hands on JSON as it was written', async () => {
    const { url, received } = await givenDirectus(json(200, { data: 1 }));
    const body = '{"value":{"n":9007199254740993,"text":"Grüße 🎨"}}';
    await fetch(`${url}/v1/artifacts`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    expect(received[0]?.headers['content-length']).toBe(String(Buffer.byteLength(body)));
    expect(received[0]?.text).toBe(body);
  });

  it('hands back refusals as they are, with their status', async () => {
    const { url } = await givenDirectus(refused(409, 'already_decided', 'It is decided.', { next: 'Look.' }));
    const answer = await fetch(`${url}/v1/artifacts/x/approve`, { method: 'POST' });
    expect([answer.status, await answer.json()]).toEqual([409, { errors: [{ message: 'It is decided.', extensions: { code: 'already_decided', next: 'Look.' } }] }]);
  });

  it('hands back headers that matter to caches and readers', async () => {
    const { url, received } = await givenDirectus((_r, response) => response.writeHead(304, { ETag: '"7"', 'Set-Cookie': 'no=1' }).end());
    const answer = await fetch(`${url}/v1/artifacts`, { headers: { 'If-None-Match': '"7"' }, cache: 'no-store' });
    expect([answer.status, answer.headers.get('etag'), answer.headers.get('set-cookie')]).toEqual([304, '"7"', null]);
    expect(received[0]?.headers['if-none-match']).toBe('"7"');
  });

  it('streams bytes back as they come', async () => {
    let finish = () => undefined as unknown;
    const { url } = await givenDirectus((_r, response) => {
      response.writeHead(200, { 'Content-Type': 'image/png' }).write('first');
      finish = () => response.end('last');
    });
    const reader = (await fetch(`${url}/v1/artifacts/x/download`)).body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('first');
    finish();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('last');
  });

  it('streams an upload on without reading it first', async () => {
    const { url, received } = await givenDirectus(json(201, { data: 1 }));
    const body = JSON.stringify('x'.repeat(3_000_000));
    const answer = await fetch(`${url}/v1/artifacts`, { method: 'POST', body, headers: { 'Content-Type': 'multipart/form-data; boundary=b' } });
    expect(answer.status).toBe(201);
    expect(received[0]?.body).toHaveLength(3_000_000);
    expect(received[0]?.headers['content-type']).toBe('multipart/form-data; boundary=b');
  });

  it.each([
    ['nobody', { user: null }, 401, 'not_authenticated'],
    ["a share's guest", { user: null, share: 's' }, 401, 'not_authenticated'],
  ])('refuses %s without asking the registry', async (_who, accountability, status, code) => {
    const { url, received } = await givenDirectus(json(200, { data: 1 }), { accountability });
    const answer = await fetch(`${url}/v1/artifacts`);
    expect([answer.status, await codeOf(answer), received]).toEqual([status, code, []]);
  });

  it("refuses what another site's page sends with this browser's cookie", async () => {
    const { url, received } = await givenDirectus(json(200, { data: 1 }));
    const answer = await fetch(`${url}/v1/artifacts/x/approve`, { method: 'POST', headers: { 'Sec-Fetch-Site': 'cross-site' } });
    expect([answer.status, await codeOf(answer), received]).toEqual([403, 'cross_site', []]);
  });

  it.each(['/v1/../healthz', '/v1/%2e%2e/metrics', '/v2/x'])('stays under /v1: %s', async (path) => {
    const { url, received } = await givenDirectus(json(200, { data: 1 }));
    const target = new URL(url);
    const status = await new Promise((told) => {
      // fetch would resolve the dots itself.
      import('node:http').then(({ request }) => request({ host: target.hostname, port: target.port, path: `/artifacts${path}` }, (answer) => told(answer.statusCode)).end());
    });
    expect([status, received]).toEqual([400, []]);
  });
});

describe('a registry that is away', () => {
  it('is said, with a warning that holds no token', async () => {
    const { url, close, warnings } = await givenDirectus(json(200, {}));
    await close();
    const answer = await fetch(`${url}/v1/artifacts`);
    const text = await answer.clone().text();
    expect([answer.status, await codeOf(answer)]).toEqual([503, 'registry_unavailable']);
    expect(text).toContain('Nothing was decided.');
    expect(warnings).toHaveLength(1);
    expect(JSON.stringify(warnings)).not.toContain(TOKEN);
  });

  it('is slow after the time-out', async () => {
    const { url } = await givenDirectus(() => undefined, { timeout: 50 });
    const answer = await fetch(`${url}/v1/artifacts`);
    expect([answer.status, await codeOf(answer)]).toEqual([503, 'registry_slow']);
  });

  it('does not log the person out when it refuses the token', async () => {
    const { url } = await givenDirectus(refused(401, 'token_invalid', 'Unknown token.'));
    const answer = await fetch(`${url}/v1/artifacts`);
    expect([answer.status, await codeOf(answer)]).toEqual([502, 'registry_failed']);
  });

  it('breaks the connection where half an answer was sent', async () => {
    const { url } = await givenDirectus((_r, response) => (response.writeHead(200, { 'Content-Length': '10' }).write('half'), void pause(20).then(() => response.destroy())));
    await expect(fetch(`${url}/v1/artifacts/x/download`).then((answer) => answer.text())).rejects.toThrow();
  });
});
