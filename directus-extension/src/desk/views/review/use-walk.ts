import { computed, onScopeDispose, watch, type ComputedRef } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import { pictureOf } from './picture';
import type { Place } from './use-place';
import type { Sheets } from './use-sheet';

/** From one candidate to the next, and back to the inbox. */
export interface Walk {
  /** The inbox' filters, as its address has them. */
  filters: ComputedRef<string>;
  /** What the addresses of other candidates end with, so that they keep the list. */
  query: ComputedRef<string>;
  /** The address of the version on the page. */
  here: ComputedRef<string>;
  /** False where there is none. */
  go: (id: string | null) => boolean;
  back: () => void;
}

/** So long a candidate is looked at before the next one is fetched: its own picture comes first. */
const PAUSE_MS = 150;

export function useWalk(id: () => string): Walk {
  const route = useRoute();
  const router = useRouter();
  const filters = computed(() => (typeof route.query['from'] === 'string' ? route.query['from'] : ''));
  const query = computed(() => (filters.value ? `?from=${encodeURIComponent(filters.value)}` : ''));
  return {
    filters,
    query,
    here: computed(() => `/artifacts/versions/${id()}${query.value}`),
    go: (other) => {
      if (other) void router.push(`/artifacts/versions/${other}${query.value}`);
      return other !== null;
    },
    // The inbox finds its row again by the version's id.
    back: () => void router.push({ path: '/artifacts', query: { ...Object.fromEntries(new URLSearchParams(filters.value)), at: id() } }),
  };
}

/** Fetches the candidates beside the one on the page, so that they are there at once. */
export function usePrefetch(sheets: Sheets, place: Place): void {
  let pause: ReturnType<typeof setTimeout> | undefined;
  watch(
    [() => sheets.answer.value?.version.id, place.next, place.previous],
    () => {
      clearTimeout(pause);
      if (!sheets.answer.value) return;
      pause = setTimeout(() => {
        for (const other of [place.next.value, place.previous.value]) if (other) sheets.prefetch(other, (sheet) => pictureOf(sheet.version));
      }, PAUSE_MS);
    },
    { immediate: true },
  );
  onScopeDispose(() => clearTimeout(pause));
}
