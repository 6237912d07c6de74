import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import { problemOf, type Problem } from '../../desk/api/problem';
import { useRegistry, type Registry } from '../../desk/api/registry';
import type { AnswerOf } from '../../desk/api/types';
import type { Reviews } from './figures';

export interface Known {
  reviews: ShallowRef<Reviews | null>;
  truncated: Ref<boolean>;
  problem: ShallowRef<Problem | null>;
  ask: () => Promise<void>;
}

interface Asked {
  at: number;
  answer: Promise<AnswerOf<'readReviewInsights'>>;
}

/** The panels of a dashboard are drawn at the same moment: they share one request. */
const SAME_MOMENT_MS = 3000;
const asked = new Map<number, Asked>();

/** The figures of the last `days`; asked again whenever the dashboard is refreshed (`now` changes). */
export function useReviews(days: () => number, now: () => unknown, registry: Pick<Registry, 'get'> = useRegistry()): Known {
  const reviews = shallowRef<Reviews | null>(null);
  const problem = shallowRef<Problem | null>(null);
  const truncated = ref(false);
  let gone = false;

  async function ask(): Promise<void> {
    const wanted = days();
    try {
      const { data, meta } = await shared(registry, wanted);
      if (gone || wanted !== days()) return;
      [reviews.value, truncated.value, problem.value] = [data, meta.truncated, null];
    } catch (error) {
      if (!gone && wanted === days()) problem.value = problemOf(error);
    }
  }

  watch([days, now], () => void ask(), { immediate: true });
  onScopeDispose(() => (gone = true));
  return { reviews, truncated, problem, ask };
}

function shared(registry: Pick<Registry, 'get'>, days: number): Asked['answer'] {
  const known = asked.get(days);
  if (known && Date.now() - known.at < SAME_MOMENT_MS) return known.answer;
  const answer = registry.get('readReviewInsights', '/v1/insights/reviews', { days });
  asked.set(days, { at: Date.now(), answer });
  // What failed is asked again by whoever comes next.
  answer.catch(() => asked.delete(days));
  return answer;
}
