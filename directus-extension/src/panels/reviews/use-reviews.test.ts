// @vitest-environment happy-dom
import { effectScope, nextTick, ref } from 'vue';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Registry } from '../../desk/api/registry';
import { useReviews } from './use-reviews';

const answer = { data: { waiting: { total: 1 } }, meta: { truncated: true } };

function given(get: () => Promise<unknown>) {
  const asked = vi.fn(get);
  return { asked, registry: { get: asked } as unknown as Pick<Registry, 'get'> };
}

const settle = async () => {
  for (let turn = 0; turn < 5; turn += 1) await nextTick();
};

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => {
  // What one test was told is old for the next one.
  vi.setSystemTime(Date.now() + 60_000);
  vi.useRealTimers();
});

describe('the figures of a dashboard', () => {
  it('are asked for once by all its panels, and again when it is refreshed', async () => {
    vi.setSystemTime(1_000_000_000_000);
    const { asked, registry } = given(async () => answer);
    const now = ref(0);
    const scope = effectScope();
    const [first, second] = scope.run(() => [useReviews(() => 7, () => now.value, registry), useReviews(() => 7, () => now.value, registry)])!;
    await settle();
    expect([first!.reviews.value, second!.reviews.value, first!.truncated.value]).toEqual([answer.data, answer.data, true]);
    expect(asked).toHaveBeenCalledTimes(1);

    vi.setSystemTime(1_000_000_010_000);
    now.value = 1;
    await settle();
    expect(asked).toHaveBeenCalledTimes(2);
    scope.stop();
  });

  it('keep what was known when the registry is away, and say so', async () => {
    vi.setSystemTime(1_000_001_000_000);
    let away = false;
    const { registry } = given(async () => {
      if (away) throw Object.assign(new Error('no'), { code: 'registry_unavailable', status: 503, details: {} });
      return answer;
    });
    const scope = effectScope();
    const known = scope.run(() => useReviews(() => 8, () => 0, registry))!;
    await settle();
    away = true;
    vi.setSystemTime(1_000_001_010_000);
    await known.ask();
    expect([known.reviews.value, known.problem.value?.code]).toEqual([answer.data, 'registry_unavailable']);

    away = false;
    await known.ask();
    expect(known.problem.value).toBeNull();
    scope.stop();
  });
});
