import { describe, expect, it } from 'vitest';
import { administrator, anonymous, given, givenDirectus, reviewer, REVIEWER } from '../testing/directus';
import { givenRegistry, json, refused, type Received } from '../testing/registry-server';

const EVENT = 'artifact_versions.items.update';
const PENDING = { artifact_versions: [{ id: 'v1', status: 'pending' }, { id: 'v2', status: 'pending' }] };

async function givenReview(statuses: Record<string, string> = {}, allowed = ['update artifact_versions']) {
  const registry = await givenRegistry((received, response) => json(200, { data: { decisions: decided(received, statuses) } })(received, response));
  const { emit } = givenDirectus({ env: registry.env, allowed });
  const edit = (payload: object, context = given({ accountability: reviewer, tables: PENDING }), keys = ['v1']) => emit(EVENT, payload, context, { keys });
  return { edit, received: registry.received };
}

const RESULTS: Record<string, string> = { approve: 'approved', reject: 'rejected', submit: 'pending', archive: 'archived' };

function decided({ body }: Received, statuses: Record<string, string>) {
  const { decisions } = body as { decisions: { artifact_version_id: string; action: string }[] };
  return decisions.map(({ artifact_version_id: id, action }) => ({ artifact_version_id: id, status: statuses[id] ?? RESULTS[action] }));
}

describe('a plain edit of the status', () => {
  it.each([
    ['approved', 'approve'],
    ['rejected', 'reject'],
    ['pending', 'submit'],
    ['archived', 'archive'],
  ])('to %s becomes the decision %s and leaves the status for Directus to save', async (status, action) => {
    const { edit, received } = await givenReview();
    expect(await edit({ status })).toEqual({ status });
    expect(received[0]).toMatchObject({
      method: 'POST',
      path: '/v1/reviews',
      headers: { 'x-actor-id': REVIEWER },
      body: { decisions: [{ artifact_version_id: 'v1', action, reason: null }], promote: 'task_done' },
    });
  });

  it('drops the approved_at and approved_by that callers of Directus send along', async () => {
    const { edit } = await givenReview();
    const payload = { status: 'approved', approved_at: '2026-01-01T00:00:00Z', approved_by: REVIEWER };
    expect(await edit(payload)).toEqual({ status: 'approved' });
  });

  it('passes the reason on and decides about all items in one call', async () => {
    const { edit, received } = await givenReview();
    await edit({ status: 'rejected', rejection_reason: 'Too dark' }, undefined, ['v1', 'v2']);
    expect(received.map(({ body }) => body)).toEqual([
      {
        decisions: [
          { artifact_version_id: 'v1', action: 'reject', reason: 'Too dark' },
          { artifact_version_id: 'v2', action: 'reject', reason: 'Too dark' },
        ],
        promote: 'task_done',
      },
    ]);
  });

  it('leaves nothing to save after a vote that left the version pending', async () => {
    const { edit } = await givenReview({ v2: 'pending' });
    expect(await edit({ status: 'approved' }, undefined, ['v1', 'v2'])).toEqual({});
  });

  it.each([{ tags: ['a'] }, { status: null }, { status: 'superseded' }, { status: 'constructor' }, { status: 7 }])(
    'is left to Directus and its guards where it asks for no decision: %j',
    async (payload) => {
      const { edit, received } = await givenReview();
      expect(await edit(payload)).toBe(payload);
      expect(received).toEqual([]);
    },
  );

  it('shows what the registry refuses', async () => {
    const { env } = await givenRegistry(refused(409, 'already_decided', 'This version has been decided already.'));
    const { emit } = givenDirectus({ env });
    const edit = emit(EVENT, { status: 'approved' }, given({ accountability: administrator }), { keys: ['v1'] });
    await expect(edit).rejects.toMatchObject({ status: 409, code: 'already_decided' });
  });
});

describe('permission', () => {
  it.each([
    ['somebody who is not logged in', anonymous, ['update artifact_versions']],
    ['somebody who may not update the version', reviewer, []],
  ])('is left to Directus to refuse for %s, and nothing is decided', async (_who, accountability, allowed) => {
    const { edit, received } = await givenReview({}, allowed);
    const payload = { status: 'approved' };
    expect(await edit(payload, given({ accountability }))).toBe(payload);
    expect(received).toEqual([]);
  });

  it.each([
    ['an administrator', administrator],
    ['Directus itself', null],
  ])('is not asked for %s', async (_who, accountability) => {
    const { edit, received } = await givenReview({}, []);
    expect(await edit({ status: 'approved' }, given({ accountability }))).toEqual({ status: 'approved' });
    expect(received).toHaveLength(1);
  });
});

describe('an edit that is more than a decision', () => {
  it('is refused with the names of the other fields', async () => {
    const { edit, received } = await givenReview();
    await expect(edit({ status: 'approved', tags: ['a'], review_state: 'changes_requested' })).rejects.toMatchObject({
      status: 409,
      code: 'decide_separately',
      extensions: { fields: ['tags', 'review_state'] },
    });
    expect(received).toEqual([]);
  });

  it('is refused inside a transaction of Directus, naming /v1/reviews', async () => {
    const { edit, received } = await givenReview();
    const context = given({ accountability: reviewer, tables: PENDING, inTransaction: true });
    const refusal = edit({ status: 'approved' }, context);
    await expect(refusal).rejects.toMatchObject({ status: 409, code: 'decide_through_reviews' });
    await expect(refusal).rejects.toThrow('POST /v1/reviews');
    expect(received).toEqual([]);
  });

  it('passes where the status is the one the items have anyway', async () => {
    const { edit, received } = await givenReview();
    const payload = { status: 'pending', tags: ['a'] };
    expect(await edit(payload, given({ accountability: reviewer, tables: PENDING, inTransaction: true }), ['v1', 'v2'])).toBe(payload);
    expect(received).toEqual([]);
  });
});
