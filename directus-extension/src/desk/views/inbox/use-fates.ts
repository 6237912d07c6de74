import { computed, onScopeDispose, type ComputedRef } from 'vue';
import type { Decisions } from '../../composables/use-decisions';
import type { Decided } from './inbox';

/** What becomes of rows that are still shown: what is being decided here, or was decided by anybody. */
export function useFates({ acts, underWay, onSettled }: Pick<Decisions, 'acts' | 'underWay' | 'onSettled'>, gone: () => ReadonlySet<string>): ComputedRef<ReadonlyMap<string, Decided | 'gone'>> {
  /** The bar forgets what is done; the row that fades still says it. */
  const mine = new Map<string, Decided>();
  onScopeDispose(
    onSettled(({ state, decisions }) => {
      if (state === 'done') for (const { artifact_version_id, action } of decisions) if (action !== 'comment') mine.set(artifact_version_id, action as Decided);
    }),
  );
  return computed(() => {
    const fates = new Map<string, Decided | 'gone'>([...gone()].map((id) => [id, mine.get(id) ?? 'gone']));
    for (const { decisions } of acts.value) for (const { artifact_version_id: id, action } of decisions) if (underWay.value.has(id) && action !== 'comment') fates.set(id, action as Decided);
    return fates;
  });
}
