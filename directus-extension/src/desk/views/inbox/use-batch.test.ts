import { ref } from 'vue';
import { describe, expect, it, vi } from 'vitest';
import type { Act } from '../../composables/use-decisions';
import { aRow } from './a-row';
import { named, useBatch } from './use-batch';

function stub() {
  const acts = ref<Act[]>([]);
  const decide = vi.fn((decisions: Act['decisions'], options: Act['options']): Act => {
    acts.value.push({ id: String(acts.value.length), decisions, options, state: 'waiting', until: 0, problem: null, answer: null });
    return acts.value.at(-1)!;
  });
  const dismiss = vi.fn((id: string) => void (acts.value = acts.value.filter((act) => act.id !== id)));
  return { acts, decide, dismiss, again: vi.fn() };
}
const refusal = (details: Record<string, unknown>) => ({ code: 'already_decided', status: 409, message: 'Decided.', next: null, details, requestId: null });

describe('a batch', () => {
  const rows = [aRow('a'), aRow('b'), aRow('own', { may_decide: false, why_not: 'own_work' }), aRow('not', { may_decide: false, why_not: 'not_allowed' })];

  it('is one act with one reason, of what the registry offers', () => {
    const decisions = stub();
    const batch = useBatch({ decisions, rows: () => rows, label: (those, action) => `${those.length} ${action}`, place: () => '/artifacts' });
    batch.decide(rows, 'approve');
    expect(decisions.decide.mock.calls[0]).toEqual([[{ artifact_version_id: 'a', action: 'approve' }, { artifact_version_id: 'b', action: 'approve' }], { label: '2 approve', place: '/artifacts' }]);
    batch.decide(rows, 'reject', 'Too dark.');
    expect(decisions.decide.mock.calls[1]?.[0].map((each) => [each.artifact_version_id, each.reason])).toEqual([['a', 'Too dark.'], ['b', 'Too dark.'], ['own', 'Too dark.']]);
    batch.decide([rows[3]!], 'reject', 'No.');
    expect(decisions.decide).toHaveBeenCalledTimes(2);
  });

  it('goes on without what the refusal names', () => {
    const decisions = stub();
    const batch = useBatch({ decisions, rows: () => rows, label: () => '', place: () => '' });
    batch.decide(rows, 'reject', 'Too dark.');
    Object.assign(decisions.acts.value[0]!, { state: 'refused', problem: refusal({ artifact_version_id: 'b' }) });
    expect(batch.inTheWay.value.map(({ id }) => id)).toEqual(['b']);
    batch.goOn();
    expect(decisions.dismiss).toHaveBeenCalledWith('0');
    expect(decisions.decide.mock.calls[1]?.[0]).toEqual([
      { artifact_version_id: 'a', action: 'reject', reason: 'Too dark.' },
      { artifact_version_id: 'own', action: 'reject', reason: 'Too dark.' },
    ]);
  });

  it('of one version is left to the bar', () => {
    const decisions = stub();
    const batch = useBatch({ decisions, rows: () => rows, label: () => '', place: () => '' });
    batch.decide([rows[0]!], 'approve');
    expect(batch.act.value).toBeNull();
  });
});

describe('what is in the way', () => {
  it('is named by version, or by the path that two share', () => {
    const rivals = [aRow('a', { schema_key: 'x' }), aRow('b', { schema_key: 'x' }), aRow('c', { schema_key: 'x', project_id: 'q' })];
    expect(named({ artifact_version_ids: ['c'] }, rivals).map(({ id }) => id)).toEqual(['c']);
    expect(named({ schema_key: 'x' }, rivals).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(named({}, rivals)).toEqual([]);
  });
});
