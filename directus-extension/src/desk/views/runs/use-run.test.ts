// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils';
import { effectScope } from 'vue';
import { expect, it, vi } from 'vitest';
import type { Registry } from '../../api/registry';
import { useRun } from './use-run';

vi.mock('../../composables/use-decisions', () => ({ useDecisions: () => ({ onSettled: () => () => undefined }) }));

function watching(status: string) {
  const get = vi.fn(async (operation: string, _path: string, query: { cursor?: string }) => {
    if (operation === 'getExecution') return { data: { id: 'run', status } };
    if (operation === 'listExecutionArtifacts') return { data: [], meta: { next_cursor: null } };
    return query.cursor ? { data: [{ id: '2', step_name: 'b', status: 'completed' }], meta: { next_cursor: null } } : { data: [{ id: '1', step_name: 'a', status: 'completed' }], meta: { next_cursor: 'on' } };
  });
  const scope = effectScope();
  return { ...scope.run(() => useRun({ get } as unknown as Registry, () => 'run'))!, get, scope };
}

it('reads all steps, over the pages', async () => {
  const { rows, live, scope } = watching('running');
  await flushPromises();
  expect(rows.value.map(({ name }) => name)).toEqual(['a', 'b']);
  expect(live.value).toBe(true);
  scope.stop();
});

it('asks every five seconds while it goes on, and seldom once it is over', async () => {
  vi.useFakeTimers();
  for (const [status, times] of [['running', 3], ['completed', 1]] as const) {
    const { get, scope } = watching(status);
    await vi.advanceTimersByTimeAsync(10_100);
    expect(get.mock.calls.filter(([operation]) => operation === 'getExecution'), status).toHaveLength(times);
    scope.stop();
  }
  vi.useRealTimers();
});

it('asks at once when somebody wants to know', async () => {
  const { kept, get, scope } = watching('completed');
  await flushPromises();
  await kept.refresh();
  expect(get.mock.calls.filter(([operation]) => operation === 'getExecution')).toHaveLength(2);
  scope.stop();
});
