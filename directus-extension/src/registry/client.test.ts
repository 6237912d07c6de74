import { isDirectusError } from '@directus/errors';
import { describe, expect, it } from 'vitest';
import { givenRegistry, json, refused, registryAt, TOKEN } from '../testing/registry-server';
import { addressOf } from './client';
import type { Refusal } from './refusal';

const REQUEST = { method: 'POST', path: '/v1/reviews', body: { decisions: [] } };
const PERSON = { accountability: { user: 'person-1', admin: false }, database: {} };
const DIRECTUS = { accountability: null, database: { isTransaction: true } };

const refusalOf = (call: Promise<unknown>) => call.then(() => expect.unreachable('it was not refused'), (error: Refusal) => error);

describe('a call to the registry', () => {
  it('carries the token, the person, a request id and the body as JSON', async () => {
    const { registry, received } = await givenRegistry(json(200, { data: { a: 1 }, meta: { b: 2 } }));
    expect(await registry({ ...REQUEST, requestId: 'from-outside' }, PERSON)).toEqual({ data: { a: 1 }, meta: { b: 2 } });
    expect(received).toMatchObject([{ method: 'POST', path: '/v1/reviews', body: { decisions: [] } }]);
    expect(received[0]?.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      'x-actor-id': 'person-1',
      'x-request-id': 'from-outside',
      'content-type': 'application/json',
    });
    expect(received[0]?.headers).not.toHaveProperty('x-artifacts-in-transaction');
  });

  it('names nobody when Directus itself acts, says that a transaction is open, and makes up a request id', async () => {
    const { registry, received } = await givenRegistry(json(200, { data: null }));
    await registry(REQUEST, DIRECTUS);
    expect(received[0]?.headers['x-artifacts-in-transaction']).toBe('1');
    expect(received[0]?.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(received[0]?.headers).not.toHaveProperty('x-actor-id');
  });

  it('sends no body with GET and takes an empty answer', async () => {
    const { registry, received } = await givenRegistry((_received, response) => response.writeHead(204).end());
    expect(await registry({ ...REQUEST, method: 'GET' }, PERSON)).toEqual({ data: null });
    expect(received[0]?.body).toBeUndefined();
  });
});

describe('a refusal of the registry', () => {
  it('is passed on with its status, code, sentence and details', async () => {
    const answer = refused(409, 'already_decided', 'This version has been decided already.', { next: 'Look.', winner: 'x' });
    const { registry } = await givenRegistry(answer);
    const error = await refusalOf(registry({ ...REQUEST, requestId: 'r1' }, PERSON));
    expect(isDirectusError(error)).toBe(true);
    expect(error).toMatchObject({ status: 409, code: 'already_decided', message: 'This version has been decided already. Look.' });
    expect(error.extensions).toEqual({ next: 'Look.', winner: 'x', request_id: 'r1' });
  });

  it('keeps its own sentence also when the registry is busy', async () => {
    const { registry } = await givenRegistry(refused(503, 'registry_busy', 'Somebody else is deciding.'));
    expect(await refusalOf(registry(REQUEST, PERSON))).toMatchObject({ status: 503, code: 'registry_busy' });
  });

  it.each([
    ['an internal error', refused(500, 'internal_error', 'Something is wrong.')],
    ['a page of a proxy', (_: unknown, response: { end(text: string): void }) => response.end('<html>')],
    ['JSON without data', json(200, { ok: true })],
    ['a redirect', (_: unknown, response: import('node:http').ServerResponse) => response.writeHead(302, { Location: '/else' }).end()],
    ["a refused token, which must not log the person out", refused(401, 'token_invalid', 'The token is unknown.')],
  ])('is registry_failed for %s', async (_name, respond) => {
    const { registry } = await givenRegistry(respond);
    expect(await refusalOf(registry(REQUEST, PERSON))).toMatchObject({ status: 502, code: 'registry_failed' });
  });
});

describe('a registry that does not answer', () => {
  it('is registry_slow after the time-out, and promises nothing', async () => {
    const { registry } = await givenRegistry(() => undefined, 50);
    const error = await refusalOf(registry(REQUEST, PERSON));
    expect(error).toMatchObject({ status: 503, code: 'registry_slow' });
    expect(error.message).toContain('Look at the item again before you repeat this.');
    expect(error.message).not.toContain('Nothing was decided');
  });

  it('is registry_unavailable where nobody listens: nothing was decided', async () => {
    const { env, close } = await givenRegistry(() => undefined);
    await close();
    const warnings: string[] = [];
    const registry = registryAt(env, warnings);
    const error = await refusalOf(registry(REQUEST, PERSON));
    expect(error).toMatchObject({ status: 503, code: 'registry_unavailable' });
    expect(error.message).toContain('Nothing was decided.');
    expect(warnings).toHaveLength(1);
    expect(JSON.stringify([warnings, error, error.message])).not.toContain(TOKEN);
  });

  it('does not say that nothing was decided when the connection broke after the request', async () => {
    const { registry } = await givenRegistry((_received, response) => response.destroy());
    const error = await refusalOf(registry(REQUEST, PERSON));
    expect(error.code).toBe('registry_unavailable');
    expect(error.message).not.toContain('Nothing was decided');
  });

  it('is registry_unavailable where Directus was not told where it is', async () => {
    const error = await refusalOf(registryAt({})(REQUEST, PERSON));
    expect(error).toMatchObject({ status: 503, code: 'registry_unavailable' });
    expect(error.message).toContain('ARTIFACTS_SIDECAR_URL');
  });
});

describe('the address of a call', () => {
  const settings = { url: 'http://registry.test:8090/base' };

  it('lies below the registry', () => {
    expect(addressOf('/v1/projects/a%2Fb?x=1', settings).href).toBe('http://registry.test:8090/base/v1/projects/a%2Fb?x=1');
  });

  it.each(['', 'v1/x', '//evil.test/v1/x', '@evil.test/v1/x', '.evil.test/v1/x', '/v1/../healthz', '/v1/%2e%2e/metrics', '/v1/..\\metrics', '/v2/x'])(
    'is refused for %j',
    (path) => {
      expect(() => addressOf(path, settings)).toThrow('begins with /v1/');
    },
  );
});
