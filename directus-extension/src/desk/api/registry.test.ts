import { describe, expect, it } from 'vitest';
import type { AxiosRequestConfig } from './axios';
import { isPassing } from './problem';
import { registryOver } from './registry';

function given(respond: (config: AxiosRequestConfig) => unknown) {
  const sent: AxiosRequestConfig[] = [];
  const api = { request: async (config: AxiosRequestConfig) => (sent.push(config), (await respond(config)) as never) };
  return { sent, registry: registryOver(api) };
}

const ID = '6f1c0a52-6f0e-4a0b-9a53-7f0f3a1d2b11';

describe('the registry', () => {
  it('is asked below Directus, without filters that say nothing', async () => {
    const { sent, registry } = given(() => ({ status: 200, data: { data: [] }, headers: {} }));
    await registry.get('listArtifacts', '/v1/artifacts', { status: 'pending', q: '' });
    expect(sent).toMatchObject([{ method: 'GET', url: '/artifacts/v1/artifacts', params: { status: 'pending' } }]);
    expect(sent[0]?.params).not.toHaveProperty('q');
  });

  it('answers null for what is known already', async () => {
    const { sent, registry } = given(({ headers }) => ({ status: headers?.['If-None-Match'] === '"7"' ? 304 : 200, data: { data: 1 }, headers: { etag: '"7"' } }));
    expect(await registry.getFresh('listArtifacts', '/v1/artifacts')).toEqual({ answer: { data: 1 }, etag: '"7"' });
    expect(await registry.getFresh('listArtifacts', '/v1/artifacts', undefined, '"7"')).toBeNull();
    expect(sent[1]?.validateStatus?.(304)).toBe(true);
  });

  it('writes under a key and against a version', async () => {
    const { sent, registry } = given(() => ({ status: 200, data: { data: {} }, headers: {} }));
    await registry.send('review', 'POST', '/v1/reviews', { decisions: [] } as never, { key: 'k', ifMatch: 5 });
    expect(sent[0]).toMatchObject({ headers: { 'Idempotency-Key': 'k', 'If-Match': '"5"' }, data: { decisions: [] } });
  });

  it('throws the refusal with its sentence, next step and details', async () => {
    const body = { errors: [{ message: 'It is decided.', extensions: { code: 'already_decided', next: 'Look.', request_id: 'r1', winner: ID } }] };
    const { registry } = given(() => Promise.reject(Object.assign(new Error(), { response: { status: 409, data: body } })));
    await expect(registry.get('listArtifacts', '/v1/artifacts')).rejects.toEqual({
      code: 'already_decided', status: 409, message: 'It is decided.', next: 'Look.', details: { winner: ID }, requestId: 'r1',
    });
  });

  it('says that nobody answers, which may pass', async () => {
    const { registry } = given(() => Promise.reject(Object.assign(new Error('Network Error'), { name: 'AxiosError' })));
    const problem = await registry.get('listArtifacts', '/v1/artifacts').then(() => null, (thrown) => thrown);
    expect([problem.code, problem.status, isPassing(problem)]).toEqual(['unreachable', 0, true]);
  });
});
