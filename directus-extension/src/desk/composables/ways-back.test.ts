import { describe, expect, it, vi } from 'vitest';
import type { Act } from './use-decisions';
import { goBack, waysBack } from './ways-back';

const name = (id: string, number = 1, path = 'brand.logo') => ({ artifact_version_id: id, schema_key: path, version_number: number });
const said = (id: string, action: string, status: string, path = 'brand.logo') => ({ ...name(id, 2, path), action, status, review_state: null, repeated: false, votes: null });
const act = (decided: ReturnType<typeof said>[], superseded: ReturnType<typeof name>[] = []): Act =>
  ({
    state: 'done',
    decisions: decided.map(({ artifact_version_id, action }) => ({ artifact_version_id, action })),
    answer: { data: { decisions: decided, promotions: [{ promoted: decided.map((each) => name(each.artifact_version_id, 2, each.schema_key)), superseded }] } },
  }) as unknown as Act;

describe('the way back', () => {
  it('brings rejected versions back as new candidates', () => {
    expect(waysBack(act([said('a', 'reject', 'rejected'), said('b', 'reject', 'rejected')]))).toEqual([{ kind: 'restore', versions: [name('a', 2), name('b', 2)] }]);
  });

  it('approves the version before again, where there was one, and withdraws where there was none', () => {
    const ways = waysBack(act([said('a', 'approve', 'approved'), said('b', 'approve', 'approved', 'brand.font')], [name('old', 1)]));
    expect(ways).toEqual([
      { kind: 'reinstate', versions: [name('old', 1)] },
      { kind: 'withdraw', versions: [name('b', 2, 'brand.font')] },
    ]);
  });

  it('is not there for a vote, a comment, or what others had decided before', () => {
    expect(waysBack(act([said('a', 'approve', 'pending'), said('b', 'comment', 'pending'), { ...said('c', 'reject', 'rejected'), repeated: true }]))).toEqual([]);
  });

  it('makes each version under a key of its own', async () => {
    const send = vi.fn(async () => ({ data: { id: 'new' } }));
    expect(await goBack({ send } as never, 'act', { kind: 'reinstate', versions: [name('old')] })).toEqual([{ id: 'new' }]);
    expect(send.mock.calls).toEqual([['restoreArtifact', 'POST', '/v1/artifacts/old/restore', { approve: true }, { key: 'act.reinstate.old' }]]);
  });
});
