import { describe, expect, it } from 'vitest';
import { givenRegistry, json, refused, type Received } from '../testing/registry-server';
import operation from './api';
import type { Options } from './calls';

type Context = Parameters<typeof operation.handler>[1];
type Respond = Parameters<typeof givenRegistry>[0];

async function givenFlow(respond: Respond, data: Record<string, unknown> = {}) {
  const { env, received } = await givenRegistry(respond);
  const context = { env, data, accountability: { user: 'person-1', admin: false }, database: {}, logger: { warn: () => undefined } };
  return { received, run: async (options: Options) => operation.handler(options, context as unknown as Context) };
}

const onlyB: Respond = (received, response) =>
  itemOf(received) === 'b' ? json(200, { data: 'b' })(received, response) : refused(409, 'no_good', `Not ${itemOf(received)}.`)(received, response);

const itemOf = ({ body }: Received) => (body as { id: string }).id;

describe('the flow operation', () => {
  it('answers what the registry answers', async () => {
    const { run } = await givenFlow(json(200, { data: { a: 1 }, meta: {} }));
    expect(await run({ path: '/v1/reviews', body: {} })).toEqual({ data: { a: 1 }, meta: {} });
  });

  it('acts as the person who triggered the flow, whatever the flow data says', async () => {
    const data = { $accountability: { user: 'somebody-else' }, $trigger: { headers: { 'x-request-id': 'r-1', 'x-actor-id': 'somebody-else' } } };
    const { run, received } = await givenFlow(json(200, { data: null }), data);
    await run({ path: '/v1/reviews', body: {} });
    expect(received[0]?.headers).toMatchObject({ 'x-actor-id': 'person-1', 'x-request-id': 'r-1' });
  });

  it('throws a refusal with message, code and status for the reject path', async () => {
    const { run } = await givenFlow(refused(409, 'already_decided', 'Decided already.'));
    const error = await run({ path: '/v1/reviews', body: {} })?.then(() => null, (thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'DirectusError', message: 'Decided already.', code: 'already_decided', status: 409 });
    expect(error).toMatchObject({ cause: { code: 'already_decided', status: 409 } });
  });

  it('answers a list where it repeats', async () => {
    const { run } = await givenFlow(onlyB);
    expect(await run({ path: '/v1/x', body: { id: '$item' }, repeat: ['b', 'b'] })).toEqual([{ data: 'b' }, { data: 'b' }]);
    expect(await run({ path: '/v1/x', repeat: [] })).toEqual([]);
  });

  it('tries every item and then throws the first refusal', async () => {
    const { run, received } = await givenFlow(onlyB);
    await expect(run({ path: '/v1/x', body: { id: '$item' }, repeat: ['a', 'b', 'c'] })).rejects.toMatchObject({
      message: 'Not a.',
      extensions: { done: 1, refused: [{ item: 'a', code: 'no_good', message: 'Not a.' }, { item: 'c', code: 'no_good', message: 'Not c.' }] },
    });
    expect(received.map(itemOf)).toEqual(['a', 'b', 'c']);
  });

  it('calls nobody but the registry', async () => {
    const { run, received } = await givenFlow(json(200, { data: null }));
    await expect(run({ path: 'http://elsewhere.test/v1/x' })).rejects.toMatchObject({ status: 400, code: 'registry_path' });
    expect(received).toEqual([]);
  });
});
