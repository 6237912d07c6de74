// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { effectScope, nextTick, ref } from 'vue';
import type { Fresh } from '../api/registry';
import { useFresh } from './use-fresh';

type Answer = Fresh<string> | null;

/** A question whose answers are given by hand, in a scope as a component has one. */
function given(every = 10) {
  const asked: { known: string | null; signal: AbortSignal; answer: (given: Answer) => void; fail: (error: unknown) => void }[] = [];
  const question = ref('first');
  const scope = effectScope();
  const ask = (known: string | null, signal: AbortSignal) =>
    new Promise<Answer>((answer, fail) => asked.push({ known, signal, answer, fail }));
  const kept = scope.run(() => useFresh(ask, { every, question: () => question.value }))!;
  return { ...kept, asked, question, stop: () => scope.stop() };
}

const settled = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('an answer that keeps itself fresh', () => {
  it('asks with what it knows, and stays as it is when nothing has changed', async () => {
    const { answer, asked, loading, stop } = given();
    asked[0]!.answer({ answer: 'one', etag: '"1"' });
    await settled();
    const before = answer.value;
    await vi.advanceTimersByTimeAsync(10_000);
    asked[1]!.answer(null);
    await settled();
    expect([asked.map(({ known }) => known), answer.value === before, loading.value]).toEqual([[null, '"1"'], true, false]);
    stop();
  });

  it('keeps the old answer beside a problem, and tries again', async () => {
    const { answer, problem, asked, stop } = given();
    asked[0]!.answer({ answer: 'one', etag: null });
    await vi.advanceTimersByTimeAsync(10_000);
    asked[1]!.fail(new Error('away'));
    await settled();
    expect([answer.value, problem.value?.message]).toEqual(['one', 'away']);
    await vi.advanceTimersByTimeAsync(10_000);
    asked[2]!.answer({ answer: 'two', etag: null });
    await settled();
    expect([answer.value, problem.value]).toEqual(['two', null]);
    stop();
  });

  it('withdraws the question before, whose late answer counts no more', async () => {
    const { answer, question, asked, stop } = given();
    question.value = 'second';
    await nextTick();
    expect(asked[0]!.signal.aborted).toBe(true);
    asked[1]!.answer({ answer: 'of the second', etag: '"2"' });
    asked[0]!.answer({ answer: 'of the first', etag: '"1"' });
    await settled();
    expect([answer.value, asked[1]!.known]).toEqual(['of the second', null]);
    stop();
  });

  it('asks nothing any more when its page is gone', async () => {
    const { asked, stop } = given();
    asked[0]!.answer({ answer: 'one', etag: null });
    await settled();
    stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(1);
  });
});
