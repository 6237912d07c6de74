import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import { problemOf, type Problem } from '../api/problem';
import type { Fresh } from '../api/registry';

export interface Kept<Answer> {
  /** The last answer; it stays while a newer one is asked for, and when asking fails. */
  answer: ShallowRef<Answer | null>;
  problem: ShallowRef<Problem | null>;
  /** True until the first answer or problem of the current question. */
  loading: Ref<boolean>;
  /** Ask again, now. */
  refresh: () => Promise<void>;
}

/** Asks with the ETag of what is known; null means that nothing has changed. */
export type Ask<Answer> = (known: string | null, signal: AbortSignal) => Promise<Fresh<Answer> | null>;

interface Options {
  /** Ask again this often while the page is looked at; 0 never. */
  every?: number;
  /** What the question depends on: when it changes, the old answer is of no use. */
  question: () => unknown;
}

const SECOND = 1000;

/**
 * An answer that keeps itself fresh: by conditional requests every few seconds while somebody looks at the page, at once
 * when they come back to it, never two at a time. A question that changes withdraws the one before.
 */
export function useFresh<Answer>(ask: Ask<Answer>, { every = 10, question }: Options): Kept<Answer> {
  const answer = shallowRef<Answer | null>(null);
  const problem = shallowRef<Problem | null>(null);
  const loading = ref(true);
  let etag: string | null = null;
  let asking = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function refresh(): Promise<void> {
    asking.abort();
    clearTimeout(timer);
    const mine = (asking = new AbortController());
    try {
      const fresh = await ask(etag, mine.signal);
      if (mine.signal.aborted) return;
      if (fresh) [answer.value, etag] = [fresh.answer, fresh.etag];
      problem.value = null;
    } catch (error) {
      if (mine.signal.aborted) return;
      problem.value = problemOf(error);
    }
    loading.value = false;
    if (every > 0 && !document.hidden) timer = setTimeout(refresh, every * SECOND);
  }

  function onLook(): void {
    if (document.hidden) clearTimeout(timer);
    else if (every > 0) void refresh();
  }

  watch(
    question,
    () => {
      [answer.value, etag, loading.value] = [null, null, true];
      void refresh();
    },
    { immediate: true },
  );
  document.addEventListener('visibilitychange', onLook);
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', onLook);
    clearTimeout(timer);
    asking.abort();
  });
  return { answer, problem, loading, refresh };
}
