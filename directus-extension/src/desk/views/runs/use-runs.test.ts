// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils';
import { effectScope, nextTick, ref } from 'vue';
import { expect, it, vi } from 'vitest';
import type { AxiosInstance } from '../../api/axios';
import type { Registry } from '../../api/registry';
import { progressOf, useRuns } from './use-runs';

const run = (id: string, at: number) => ({ id, status: 'completed', date_created: `2026-01-01T00:00:0${at}Z` });

it('counts the steps of many runs in two requests', async () => {
  const request = vi.fn(async ({ data }: { data?: unknown }) => {
    const done = JSON.stringify(data).includes('completed');
    return { status: 200, headers: {}, data: { data: [{ execution_id: 'a', countDistinct: { step_name: done ? '2' : '5' } }] } };
  });
  const progress = await progressOf({ request } as unknown as AxiosInstance, ['a', 'b']);
  expect(progress).toEqual(new Map([['a', { done: 2, total: 5 }], ['b', { done: 0, total: 0 }]]));
  expect(request).toHaveBeenCalledTimes(2);
  expect(await progressOf({ request } as unknown as AxiosInstance, [])).toEqual(new Map());
  expect(request).toHaveBeenCalledTimes(2);
});

it('reads on, and begins anew with other filters', async () => {
  const get = vi.fn(async (_operation: string, _path: string, query: { cursor?: string | null; status?: string | null }) =>
    query.cursor ? { data: [run('b', 1)], meta: { next_cursor: null } } : { data: [run('a', 2)], meta: { next_cursor: 'next' } });
  const filters = ref<{ project_id: null; status: string | null; engine: null }>({ project_id: null, status: null, engine: null });
  const scope = effectScope();
  const api = { request: () => Promise.reject(new Error('no counts')) } as unknown as AxiosInstance;
  const list = scope.run(() => useRuns({ get } as unknown as Registry, api, () => filters.value))!;
  await flushPromises();
  expect([list.runs.value.map(({ id }) => id), list.complete.value]).toEqual([['a'], false]);
  await list.more();
  expect([list.runs.value.map(({ id }) => id), list.complete.value]).toEqual([['a', 'b'], true]);

  filters.value = { ...filters.value, status: 'failed' };
  await nextTick();
  await flushPromises();
  expect(get).toHaveBeenLastCalledWith('listExecutions', '/v1/executions', expect.objectContaining({ status: 'failed', cursor: null }), expect.anything());
  expect([list.runs.value.map(({ id }) => id), list.complete.value]).toEqual([['a'], false]);
  scope.stop();
});

it('counts a run once more when it is over', async () => {
  let status = 'running';
  let done = '4';
  const get = vi.fn(async () => ({ data: [{ ...run('a', 1), status }], meta: { next_cursor: null } }));
  const request = vi.fn(async ({ data }: { data?: unknown }) => ({ status: 200, headers: {}, data: { data: [{ execution_id: 'a', countDistinct: { step_name: JSON.stringify(data).includes('completed') ? done : '5' } }] } }));
  const scope = effectScope();
  const list = scope.run(() => useRuns({ get } as unknown as Registry, { request } as unknown as AxiosInstance, () => ({ project_id: null, status: null, engine: null })))!;
  await flushPromises();
  expect(list.progress.value.get('a')).toEqual({ done: 4, total: 5 });
  [status, done] = ['completed', '5'];
  await list.refresh();
  await flushPromises();
  expect(list.progress.value.get('a')).toEqual({ done: 5, total: 5 });
  await list.refresh();
  await flushPromises();
  expect(request).toHaveBeenCalledTimes(4);
  scope.stop();
});

it('keeps what new runs push off the first page, once, and not what has left the list', async () => {
  let first = [run('c', 3), run('b', 2)];
  const get = vi.fn(async (_operation: string, _path: string, query: { cursor?: string | null }) =>
    query.cursor ? { data: [run('a', 1)], meta: { next_cursor: null } } : { data: first, meta: { next_cursor: 'next' } });
  const scope = effectScope();
  const api = { request: () => Promise.reject(new Error('no counts')) } as unknown as AxiosInstance;
  const list = scope.run(() => useRuns({ get } as unknown as Registry, api, () => ({ project_id: null, status: null, engine: null })))!;
  await flushPromises();
  await list.more();
  first = [run('d', 4), run('c', 3)];
  await list.refresh();
  await nextTick();
  expect(list.runs.value.map(({ id }) => id)).toEqual(['d', 'c', 'b', 'a']);
  first = [run('d', 4), run('b', 2)];
  await list.refresh();
  await nextTick();
  expect(list.runs.value.map(({ id }) => id)).toEqual(['d', 'b', 'a']);
  scope.stop();
});
