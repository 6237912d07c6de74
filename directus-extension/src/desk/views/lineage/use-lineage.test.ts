// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils';
import { effectScope, ref } from 'vue';
import { expect, it, vi } from 'vitest';
import type { Registry } from '../../api/registry';
import { useLineage } from './use-lineage';

vi.mock('../../composables/use-decisions', () => ({ useDecisions: () => ({ onSettled: () => () => undefined }) }));

const node = (id: string, depth: number, stale = false) => ({ kind: 'version', id, project_id: 'p', schema_key: id, version_number: 1, status: 'approved', depth, direction: depth ? 'descendant' : 'self', stale });
const ANSWERS: Record<string, unknown> = {
  '/v1/artifacts/logo/lineage': { data: { nodes: [node('logo', 0), node('poster', 1, true)], edges: [{ from_id: 'poster', to_id: 'logo', type: 'derived_from' }] }, meta: { truncated: false } },
  '/v1/artifacts/poster/lineage': { data: { nodes: [node('poster', 0, true), node('logo', 1), node('print', 1)], edges: [] }, meta: { truncated: false } },
  '/v1/artifacts/logo/impact': { data: [{ artifact_version_id: 'poster', direct: true }], meta: { total: 1, truncated: false } },
  '/v1/projects/p/stale': { data: [{ artifact_version_id: 'poster', sources: [{ schema_key: 'logo' }] }], meta: { next_cursor: null } },
};

function lineage(impact = false) {
  const get = vi.fn((_operation: string, path: string, _query?: unknown) => (path in ANSWERS ? Promise.resolve(ANSWERS[path]) : Promise.reject(new Error('no'))));
  const question = ref({ id: 'logo', depth: 1, impact, steps: true });
  const scope = effectScope();
  const it = scope.run(() => useLineage({ get } as unknown as Registry, () => question.value))!;
  return { ...it, get, question, scope };
}

it('unfolds a version and folds it again', async () => {
  const { graph, open, unfold, unfolded, fold, scope } = lineage();
  await flushPromises();
  expect([...open.value]).toEqual(['poster']);
  expect(await unfold('poster')).toBe(1);
  expect(graph.value.nodes.map(({ id }) => id)).toEqual(['logo', 'poster', 'print']);
  fold('poster');
  expect([graph.value.nodes.length, unfolded.size]).toEqual([2, 0]);
  scope.stop();
});

it('keeps what is shown when unfolding does not work', async () => {
  const { graph, unfold, problem, scope } = lineage();
  await flushPromises();
  await unfold('nowhere');
  expect(problem.value?.message).toBe('no');
  expect(graph.value.nodes).toHaveLength(2);
  scope.stop();
});

it('asks once for each project why something is stale', async () => {
  const { causes, get, scope } = lineage();
  await flushPromises();
  expect(causes.value.get('poster')).toMatchObject([{ schema_key: 'logo' }]);
  expect(get.mock.calls.filter(([operation]) => operation === 'listStale')).toHaveLength(1);
  scope.stop();
});

it('asks for the impact in both ways at once', async () => {
  const { kept, get, scope } = lineage(true);
  await flushPromises();
  expect(kept.answer.value?.impact?.data).toHaveLength(1);
  expect(get.mock.calls.find(([operation]) => operation === 'getLineage')?.[2]).toMatchObject({ direction: 'descendants', include: 'runs' });
  scope.stop();
});

it('shows a version as it is now, also where a neighbour was unfolded before', async () => {
  vi.useFakeTimers();
  const { graph, kept, unfold, get, scope } = lineage();
  await vi.advanceTimersByTimeAsync(0);
  await unfold('poster');
  get.mockImplementation(async () => ({ data: { nodes: [{ ...node('logo', 0), status: 'superseded' }, node('poster', 1)], edges: [] }, meta: { truncated: false } }));
  vi.advanceTimersByTime(1000);
  await kept.refresh();
  expect(graph.value.nodes[0]).toMatchObject({ id: 'logo', status: 'superseded', depth: 0 });
  scope.stop();
  vi.useRealTimers();
});
