import { describe, expect, it } from 'vitest';
import { anonymous, given, givenDirectus, reviewer } from '../testing/directus';
import { givenRegistry, json } from '../testing/registry-server';

const EVENT = 'artifact_approvals.items.create';
const STORED = { id: 'a1', artifact_version_id: 'v1', action: 'approve', reason: 'Good', date_created: '2026-01-01T00:00:00Z' };
const inTransaction = given({ accountability: reviewer, inTransaction: true });

async function givenApprovals(allowed = ['update artifact_versions']) {
  const { env, received } = await givenRegistry(json(201, { data: STORED }));
  return { emit: givenDirectus({ env, allowed }).emit, received };
}

describe('an approval record created in Directus', () => {
  it.each(['v1', { id: 'v1' }])('is written by the registry, whose row goes on to Directus (version given as %j)', async (version) => {
    const { emit, received } = await givenApprovals();
    const record = { artifact_version_id: version, action: 'approve', reason: 'Good', actor_id: { id: 'u1' }, task_id: null, status: 'x' };
    expect(await emit(EVENT, record, inTransaction)).toEqual(STORED);
    expect(received[0]).toMatchObject({ method: 'POST', path: '/v1/artifacts/v1/approvals' });
    expect(received[0]?.headers['x-artifacts-in-transaction']).toBe('1');
    expect(received[0]?.body).toEqual({ action: 'approve', reason: 'Good', actor_id: 'u1', task_id: null });
  });

  it.each([
    ['somebody who is not logged in', anonymous],
    ['somebody who may not update the version', reviewer],
  ])('is left to Directus to refuse for %s', async (_who, accountability) => {
    const { emit, received } = await givenApprovals([]);
    const record = { artifact_version_id: 'v1', action: 'approve' };
    expect(await emit(EVENT, record, given({ accountability, inTransaction: true }))).toBe(record);
    expect(received).toEqual([]);
  });

  it('must name its version', async () => {
    const { emit } = await givenApprovals();
    await expect(emit(EVENT, { action: 'approve' }, inTransaction)).rejects.toMatchObject({ status: 400, code: 'version_required' });
  });

  it.each([undefined, null, 7])('must say what was decided (action %j)', async (action) => {
    const { emit, received } = await givenApprovals();
    const record = { artifact_version_id: 'v1', action };
    await expect(emit(EVENT, record, inTransaction)).rejects.toMatchObject({ status: 422, code: 'approval_action_known' });
    expect(received).toEqual([]);
  });

  it('does not change the version along the way', async () => {
    const { emit, received } = await givenApprovals();
    const record = { artifact_version_id: { id: 'v1', status: 'archived' }, action: 'comment' };
    await expect(emit(EVENT, record, inTransaction)).rejects.toMatchObject({ code: 'decide_separately', extensions: { fields: ['status'] } });
    expect(received).toEqual([]);
  });
});
