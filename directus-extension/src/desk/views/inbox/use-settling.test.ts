// @vitest-environment happy-dom
import { computed, effectScope, shallowRef } from 'vue';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { aRow } from './a-row';
import { useIdle } from './use-idle';
import { useSettling } from './use-settling';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('moves rows only under nobody’s hands', async () => {
  const left: string[] = [];
  const inbox = { gone: shallowRef(new Set(['seen', 'unseen'])), news: computed(() => [aRow('new')]), showNews: vi.fn(() => null), sweep: (keep: (id: string) => boolean) => void left.push(...['seen', 'unseen'].filter((id) => !keep(id) && !left.includes(id))) };
  const scope = effectScope();
  scope.run(() => useSettling(inbox, { isIdle: useIdle(3000), visible: (id) => id === 'seen', atTop: () => true }));
  await vi.advanceTimersByTimeAsync(1000);
  window.dispatchEvent(new Event('keydown'));
  await vi.advanceTimersByTimeAsync(2000);
  expect(left).toEqual(['unseen']);
  expect(inbox.showNews).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(2000);
  expect(left).toEqual(['unseen', 'seen']);
  expect(inbox.showNews).toHaveBeenCalled();
  scope.stop();
});
