import { computed, type ComputedRef } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import { asked, filtersOf, sortOf, withFilters, type Filter, type Filters, type Sort } from './filters';

/** The filters live in the address: a link shares them, the back button takes them back. */
export interface InboxFilters {
  filters: ComputedRef<Filters>;
  /** What is asked of the registry. */
  asked: ComputedRef<Filters>;
  sort: ComputedRef<Sort>;
  /** Whether any filter hides something. `decidable` does not count: it shows more. */
  hiding: ComputedRef<boolean>;
  /** `typing` writes over the address, so that the back button does not go through every letter. */
  set: (changes: Partial<Record<Filter, string | null>>, typing?: boolean) => void;
  setSort: (sort: Sort) => void;
  clear: () => void;
}

const KEPT = 'artifacts:inbox-sort';

export function useFilters(): InboxFilters {
  const route = useRoute();
  const router = useRouter();
  const filters = computed(() => filtersOf(route.query));
  return {
    filters,
    asked: computed(() => asked(filters.value)),
    // The order somebody chose stays theirs; the review page's way back knows of filters only.
    sort: computed(() => sortOf(route.query) ?? sortOf({ sort: localStorage.getItem(KEPT) }) ?? 'path'),
    hiding: computed(() => Object.keys(filters.value).some((name) => name !== 'decidable')),
    set: (changes, typing = false) => {
      const to = { query: withFilters(route.query, changes) as Record<string, string> };
      void (typing ? router.replace(to) : router.push(to));
    },
    setSort: (sort) => {
      localStorage.setItem(KEPT, sort);
      void router.replace({ query: withFilters(route.query, { sort }) as Record<string, string> });
    },
    clear: () => void router.push({ query: withFilters({}, { sort: sortOf(route.query) }) as Record<string, string> }),
  };
}
