import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import { problemOf, type Problem } from '../../../api/problem';
import { useRegistry } from '../../../api/registry';
import type { AnswerOf, BodyOf, Schemas } from '../../../api/types';

export interface Consequence {
  /** What approving would change in the context; null while nobody knows. */
  promotions: ShallowRef<Schemas['Promotion'][] | null>;
  decided: ShallowRef<Schemas['DecisionAnswer'][]>;
  /** Why approving would be refused, in the registry's words. */
  problem: ShallowRef<Problem | null>;
  asking: Ref<boolean>;
  ask: () => Promise<void>;
}

/** Who walks through candidates quickly does not want to know. */
const PAUSE_MS = 350;

/** A dry run of the approval, asked when the candidate, the choice or what is known of it changes. Null asks nothing. */
export function useConsequence(question: () => { id: string; rejectOthers: boolean; known: unknown } | null): Consequence {
  const registry = useRegistry();
  const promotions = shallowRef<Schemas['Promotion'][] | null>(null);
  const decided = shallowRef<Schemas['DecisionAnswer'][]>([]);
  const problem = shallowRef<Problem | null>(null);
  const asking = ref(false);
  let pause: ReturnType<typeof setTimeout> | undefined;
  let running = new AbortController();

  async function ask(): Promise<void> {
    const asked = question();
    running.abort();
    if (!asked) return;
    const mine = (running = new AbortController());
    asking.value = true;
    try {
      const body = { artifact_version_ids: [asked.id], action: 'approve', reject_others: asked.rejectOthers, dry_run: true } as BodyOf<'review'>;
      const answer: AnswerOf<'review'> = await registry.send('review', 'POST', '/v1/reviews', body, { signal: mine.signal });
      if (mine.signal.aborted) return;
      [promotions.value, decided.value, problem.value] = [answer.data.promotions, answer.data.decisions, null];
    } catch (error) {
      if (mine.signal.aborted) return;
      [promotions.value, decided.value, problem.value] = [null, [], problemOf(error)];
    }
    asking.value = false;
  }

  watch(
    () => JSON.stringify(question()),
    (now, before) => {
      clearTimeout(pause);
      running.abort();
      const other = !before || JSON.parse(before)?.id !== JSON.parse(now)?.id;
      if (other) [promotions.value, decided.value, problem.value] = [null, [], null];
      asking.value = now !== 'null';
      if (now !== 'null') pause = setTimeout(ask, PAUSE_MS);
    },
    { immediate: true },
  );
  onScopeDispose(() => {
    clearTimeout(pause);
    running.abort();
  });
  return { promotions, decided, problem, asking, ask };
}
