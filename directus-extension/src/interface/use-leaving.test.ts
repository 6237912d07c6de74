import { effectScope, ref } from 'vue';
import { describe, expect, it, vi } from 'vitest';
import type { Act, Settled } from '../desk/composables/use-decisions';
import { useLeaving } from './use-leaving';

function act(id: string, state: Act['state'], version = 'v1'): Act {
  return { id, state, decisions: [{ artifact_version_id: version, action: 'approve' }], options: { label: '' }, until: 0, problem: null, answer: null };
}

function leave(acts: Act[]) {
  const listeners = new Set<Settled>();
  const [sendNow, told] = [vi.fn(), vi.fn()];
  const onSettled = (then: Settled) => (listeners.add(then), () => void listeners.delete(then));
  const scope = effectScope();
  scope.run(() => useLeaving({ acts: ref(acts), sendNow, onSettled }, () => 'v1', told));
  scope.stop();
  return { sendNow, told, listeners, settle: (settled: Act) => [...listeners].forEach((then) => void then(settled)) };
}

describe('leaving a form', () => {
  it('sends what waits there, and nothing of other versions', () => {
    const { sendNow } = leave([act('a', 'waiting'), act('b', 'waiting', 'v2'), act('c', 'done'), act('d', 'refused')]);
    expect(sendNow.mock.calls).toEqual([['a']]);
  });

  it('tells of a refusal once, and of nothing that went well', () => {
    const { told, settle, listeners } = leave([act('a', 'waiting'), act('b', 'sending')]);
    settle(act('x', 'refused'));
    expect(told).not.toHaveBeenCalled();
    settle(act('b', 'done'));
    settle(act('a', 'refused'));
    settle(act('a', 'refused'));
    expect(told).toHaveBeenCalledTimes(1);
    expect(listeners.size).toBe(0);
  });
});
