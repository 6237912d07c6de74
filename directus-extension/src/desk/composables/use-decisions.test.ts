// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { reactive } from 'vue';
import type { Problem } from '../api/problem';
import { decisionsOver, UNDO_MS, useDecisions, type Decision } from './use-decisions';

const users = reactive({ currentUser: { id: 'ann' } as { id: string } | null });
const request = vi.fn(async (_asked: { headers: Record<string, string> }) => ({ status: 200, headers: {}, data: ANSWER }));
vi.mock('@directus/extensions-sdk', () => ({ useStores: () => ({ useUserStore: () => users }), useApi: () => ({ request: (asked: never) => request(asked) }) }));

const refused = (status: number, code: string): Problem => ({ status, code, message: 'No.', next: 'Ask.', details: {}, requestId: null });
const approve = (id: string): Decision => ({ artifact_version_id: id, action: 'approve' });
const ANSWER = { data: { decisions: [], promotions: [] } };

function given(answer: () => Promise<unknown> = async () => ANSWER) {
  const send = vi.fn(answer);
  return { send, desk: decisionsOver({ send } as never, sessionStorage) };
}

describe('decisions that can be undone', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    sessionStorage.clear();
  });

  it('are sent once, after the time to undo, under one key', async () => {
    const { send, desk } = given();
    const act = desk.decide([approve('a'), approve('b')], { label: '2 approved' });
    await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
    expect(send).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(send.mock.calls).toEqual([['review', 'POST', '/v1/reviews', { decisions: [approve('a'), approve('b')] }, { key: act.id }]]);
    expect(act.state).toBe('done');
  });

  it('leave nothing when undone', async () => {
    const { send, desk } = given();
    const act = desk.decide([approve('a')], { label: 'a approved' });
    desk.undo(act.id);
    await vi.advanceTimersByTimeAsync(UNDO_MS * 2);
    expect(send).not.toHaveBeenCalled();
    expect([desk.acts.value.length, desk.underWay.value.size]).toEqual([0, 0]);
  });

  it('stand beside each other, and undoing one leaves the others', async () => {
    const { send, desk } = given();
    const [first, second] = [desk.decide([approve('a')], { label: 'a' }), desk.decide([approve('b')], { label: 'b' })];
    desk.undo(first.id);
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    expect(send).toHaveBeenCalledOnce();
    expect(second.state).toBe('done');
  });

  it('are under way until the lists have read what is so now', async () => {
    const { desk } = given();
    let read = () => {};
    desk.onSettled(() => new Promise((done) => (read = done)));
    desk.decide([approve('a'), { artifact_version_id: 'b', action: 'comment', reason: 'Hm.' }], { label: 'a' });
    expect([...desk.underWay.value]).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    expect([...desk.underWay.value]).toEqual(['a']);
    read();
    await vi.advanceTimersByTimeAsync(0);
    expect(desk.underWay.value.size).toBe(0);
  });

  it('are kept while nobody answers, and sent again under the same key', async () => {
    const { send, desk } = given(async () => Promise.reject(refused(0, 'unreachable')));
    const act = desk.decide([approve('a')], { label: 'a' });
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    expect([act.state, act.problem?.code, desk.underWay.value.size]).toEqual(['refused', 'unreachable', 0]);
    send.mockResolvedValue(ANSWER);
    desk.again(act.id);
    await vi.advanceTimersByTimeAsync(0);
    expect(act.state).toBe('done');
    expect(new Set(send.mock.calls.map((call) => (call as unknown[])[4] as { key: string }).map(({ key }) => key))).toEqual(new Set([act.id]));
  });

  it('survive a reload while nobody has answered, and wait to be sent again', async () => {
    const { desk } = given(async () => Promise.reject(refused(503, 'registry_unavailable')));
    const act = desk.decide([approve('a')], { label: 'a' });
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    const { send, desk: later } = given();
    expect(later.acts.value.map(({ id, state }) => [id, state])).toEqual([[act.id, 'refused']]);
    expect(send).not.toHaveBeenCalled();
  });

  it('are forgotten when the registry refused them', async () => {
    const { desk } = given(async () => Promise.reject(refused(409, 'already_decided')));
    desk.decide([approve('a')], { label: 'a' });
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    expect(given().desk.acts.value).toEqual([]);
  });

  it('go out when the page is left, and the next page asks what came of them under the same key', async () => {
    const fetched = vi.fn(async () => new Response());
    vi.stubGlobal('fetch', fetched);
    const { send, desk } = given();
    const act = desk.decide([approve('a')], { label: 'a' });
    window.dispatchEvent(new Event('pagehide'));
    const [url, request] = fetched.mock.calls[0] as unknown as [string, RequestInit];
    expect([url, request.keepalive, (request.headers as Record<string, string>)['Idempotency-Key']]).toEqual(['/artifacts/v1/reviews', true, act.id]);
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    expect(send).not.toHaveBeenCalled();

    const { send: asked, desk: next } = given();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toHaveBeenCalledOnce();
    expect(next.acts.value.map(({ id, state }) => [id, state])).toEqual([[act.id, 'done']]);
  });
});

describe('decisions of a person', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    request.mockClear();
    users.currentUser = { id: 'ann' };
  });
  afterEach(() => {
    users.currentUser = { id: 'nobody' };
    vi.useRealTimers();
    sessionStorage.clear();
  });

  it('take what was typed for them along, whatever page is open by then', async () => {
    const desk = useDecisions();
    sessionStorage.setItem('artifacts:draft:a', '{"reason":"Too dark."}');
    sessionStorage.setItem('artifacts:draft:b', '{"reason":"Not sent."}');
    desk.decide([approve('a')], { label: 'a' });
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    expect(['a', 'b'].map((id) => sessionStorage.getItem(`artifacts:draft:${id}`) !== null)).toEqual([false, true]);
  });

  it('are never sent as the next one’s, who sees nothing of them', async () => {
    const act = useDecisions().decide([approve('a')], { label: 'a' });
    users.currentUser = null;
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    users.currentUser = { id: 'bob' };
    const desk = useDecisions();
    window.dispatchEvent(new Event('pagehide'));
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    expect([act.state, request.mock.calls.length, desk.acts.value.length, desk.underWay.value.size]).toEqual(['waiting', 0, 0, 0]);
    expect(sessionStorage.getItem('artifacts:acts')).toBeNull();
  });

  it('go out when the same one is back', async () => {
    const { id } = useDecisions().decide([approve('a')], { label: 'a' });
    users.currentUser = null;
    await vi.advanceTimersByTimeAsync(UNDO_MS * 2);
    expect(request).not.toHaveBeenCalled();
    users.currentUser = { id: 'ann' };
    useDecisions();
    await vi.advanceTimersByTimeAsync(0);
    expect(request.mock.calls.map(([{ headers }]) => headers['Idempotency-Key'])).toEqual([id]);
  });
});
