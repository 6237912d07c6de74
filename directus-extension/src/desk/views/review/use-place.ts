import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef } from 'vue';
import { useRegistry } from '../../api/registry';
import type { QueryOf } from '../../api/types';
import { useDecisions } from '../../composables/use-decisions';

/** Where a candidate stands among those that wait: "3 of 12", and which come before and after. */
export interface Place {
  /** Counted from 1; null where it is not in the list. */
  number: ComputedRef<number | null>;
  total: ComputedRef<number | null>;
  previous: ComputedRef<string | null>;
  next: ComputedRef<string | null>;
}

const PAGE = 200;
/** Further than this nobody counts: the place is left out. */
const MOST_PAGES = 10;

/**
 * The list is read once per filter and keeps its order while one walks through it, so that nothing jumps; what is decided
 * on the way is passed over. `filters` are those of the inbox, as its address has them.
 */
export function usePlace(id: () => string, filters: () => string): Place {
  const registry = useRegistry();
  const { underWay, onSettled } = useDecisions();
  const ids = shallowRef<string[]>([]);
  const total = ref<number | null>(null);
  const decided = ref(new Set<string>());
  let cursor: string | null = null;
  let pages = 0;
  let reading: Promise<void> | null = null;

  async function more(asked: string): Promise<void> {
    // The address holds texts only; the registry reads them.
    const query: QueryOf<'readInbox'> = { ...Object.fromEntries(new URLSearchParams(asked)), limit: PAGE, ...(cursor ? { cursor } : {}) };
    const page = await registry.get('readInbox', '/v1/inbox', query);
    if (asked !== filters()) return;
    [cursor, pages] = [page.meta.next_cursor, pages + 1];
    total.value = page.meta.total ?? total.value;
    ids.value = [...new Set([...ids.value, ...page.data.map((row) => row.id)])];
  }

  /** Until the candidate and the one after it are known. */
  async function readOn(): Promise<void> {
    const asked = filters();
    const enough = () => asked !== filters() || (ids.value.includes(id()) && ids.value.at(-1) !== id());
    while (!enough() && pages < MOST_PAGES && (cursor !== null || pages === 0)) await more(asked);
  }

  function read(): void {
    // Walking works without a list; the candidate itself says what is wrong with the registry.
    reading ??= readOn().catch(() => undefined).finally(() => (reading = null));
  }

  watch(filters, () => {
    [ids.value, total.value, cursor, pages, reading] = [[], null, null, 0, null];
    decided.value.clear();
    read();
  }, { immediate: true });
  watch(id, read);
  onScopeDispose(
    onSettled((act) => {
      if (act.state !== 'done') return;
      for (const { artifact_version_id, action } of act.decisions) if (action !== 'comment') decided.value.add(artifact_version_id);
    }),
  );

  const gone = (each: string) => underWay.value.has(each) || decided.value.has(each);
  const at = computed(() => ids.value.indexOf(id()));
  const left = computed(() => ids.value.filter((each) => each === id() || !gone(each)));
  const away = computed(() => ids.value.filter((each) => each !== id() && gone(each)).length);
  return {
    number: computed(() => (at.value < 0 ? null : left.value.indexOf(id()) + 1)),
    total: computed(() => (total.value === null ? null : Math.max(total.value - away.value, left.value.length))),
    previous: computed(() => ids.value.slice(0, Math.max(at.value, 0)).findLast((each) => !gone(each)) ?? null),
    next: computed(() => ids.value.slice(at.value + 1).find((each) => each !== id() && !gone(each)) ?? null),
  };
}
