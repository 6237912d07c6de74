import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref } from 'vue';
import { problemOf, type Problem } from '../../../api/problem';
import { CLOSELY, lookAt, nameOf, ON_SCREEN, pageAddress, within, type Paged } from './pages';
import type { Picture } from './PictureStage.vue';
import type { Size } from './zoom';

export interface Side extends Paged {
  label: string;
  /** Where the document itself is. */
  download: string;
}

export interface Documents {
  /** The pages that are to be seen, the candidate's first: all turn at the same moment, when each of them is there. */
  pictures: ComputedRef<Picture[]>;
  /** The candidate's page that is to be seen. */
  page: ComputedRef<number>;
  /** The page asked for, and how many there are (null: not known yet), of the side at that place. */
  pageOf: (at: number) => number;
  pagesOf: (at: number) => number | null;
  /** Whether all sides turn when one does. */
  together: Ref<boolean>;
  turn: (to: number, at?: number) => void;
  loading: Ref<boolean>;
  /** Why the candidate's page cannot be seen. */
  problem: ComputedRef<Problem | null>;
  /** Other sides that have no such page, or whose page cannot be seen. */
  absent: ComputedRef<{ label: string; pages: number | null; problem: Problem | null }[]>;
  retry: () => void;
}

interface Given {
  count: (side: Side) => Promise<number>;
  look?: (address: string, signal: AbortSignal) => Promise<Size>;
  /** Whether somebody looks so closely that the screen's picture is coarse. */
  closely?: () => boolean;
}

interface Seen {
  page: number;
  size: Size | null;
  problem: Problem | null;
}

const GONE = 'page_not_found';

/** Documents beside each other, page by page. The first of `sides` is the candidate; another one begins at its first page. */
export function useDocument(sides: () => readonly Side[], { count, look = lookAt, closely = () => false }: Given): Documents {
  const together = ref(true);
  const asked = ref(1);
  /** The pages of sides that turn by themselves, and how many each document has, by name. */
  const own = ref<Record<string, number>>({});
  const counts = ref<Record<string, number>>({});
  const seen = shallowRef(new Map<string, Seen>());
  const sharp = shallowRef(new Set<string>());
  const loading = ref(false);
  let asking = new AbortController();

  const pagesOf = (at: number) => counts.value[nameAt(at)] ?? null;
  const nameAt = (at: number) => (sides()[at] ? nameOf(sides()[at]!) : '');
  const pageOf = (at: number) => (at === 0 || together.value ? asked.value : (own.value[nameAt(at)] ?? asked.value));
  const wishes = () => sides().map((side, at) => ({ side, page: pageOf(at) }));

  function turn(to: number, at = 0): void {
    if (at === 0 || together.value) asked.value = within(to, pagesOf(0));
    else own.value = { ...own.value, [nameAt(at)]: within(to, pagesOf(at)) };
  }

  async function countPages(side: Side): Promise<void> {
    const name = nameOf(side);
    // Where nobody can count them, the page itself says why.
    const pages = counts.value[name] ?? (await count(side).catch(() => null));
    if (pages) know(name, pages);
  }

  function know(name: string, pages: number): void {
    counts.value = { ...counts.value, [name]: pages };
    if (name === nameAt(0)) asked.value = within(asked.value, pages);
  }

  async function see({ side, page }: { side: Side; page: number }, signal: AbortSignal): Promise<Seen> {
    const pages = counts.value[nameOf(side)];
    if (pages && page > pages) return { page, size: null, problem: null };
    try {
      return { page, size: await look(pageAddress(side, page, ON_SCREEN), signal), problem: null };
    } catch (error) {
      const problem = problemOf(error);
      if (problem.code !== GONE) return { page, size: null, problem };
      if (!signal.aborted) know(nameOf(side), Number(problem.details['pages']) || 1);
      return { page, size: null, problem: null };
    }
  }

  async function show(): Promise<void> {
    asking.abort();
    const { signal } = (asking = new AbortController());
    loading.value = true;
    const wanted = wishes();
    const counted = Promise.all(wanted.map(({ side }) => countPages(side)));
    const found = await Promise.all(wanted.map((wish) => see(wish, signal)));
    if (signal.aborted) return;
    seen.value = new Map(wanted.map(({ side }, at) => [nameOf(side), found[at]!]));
    loading.value = false;
    await counted;
    await lookAhead(wanted, signal);
  }

  /** So that the next page is there when somebody turns to it. */
  async function lookAhead(wanted: ReturnType<typeof wishes>, signal: AbortSignal): Promise<void> {
    for (const { side, page } of wanted) {
      if (!signal.aborted && page < (counts.value[nameOf(side)] ?? 0)) await look(pageAddress(side, page + 1, ON_SCREEN), signal).catch(() => undefined);
    }
  }

  async function sharpen(): Promise<void> {
    const { signal } = asking;
    const wanted = sides().flatMap((side) => (seen.value.get(nameOf(side))?.size ? [pageAddress(side, seen.value.get(nameOf(side))!.page, CLOSELY)] : []));
    for (const address of wanted.filter((each) => !sharp.value.has(each))) {
      const there = await look(address, signal).then(() => true, () => false);
      if (there && !signal.aborted) sharp.value = new Set([...sharp.value, address]);
    }
  }

  watch(together, (now) => (own.value = now ? {} : Object.fromEntries(sides().slice(1).map((side) => [nameOf(side), asked.value]))));
  watch(() => nameAt(0), () => {
    [asked.value, together.value, own.value] = [1, true, {}];
    [seen.value, sharp.value] = [new Map(), new Set()];
  });
  watch(() => wishes().map(({ side, page }) => pageAddress(side, page, ON_SCREEN)).join(' '), () => void show(), { immediate: true });
  watch([closely, seen], ([close]) => close && void sharpen());
  onScopeDispose(() => asking.abort());

  const candidate = computed(() => seen.value.get(nameAt(0)) ?? null);
  return {
    pictures: computed(() =>
      sides().flatMap((side, at) => {
        const { size, page } = seen.value.get(nameOf(side)) ?? { size: null, page: 0 };
        if (!size || !candidate.value?.size) return [];
        const [source, whole] = [pageAddress(side, page, ON_SCREEN), pageAddress(side, page, CLOSELY)];
        return [{ id: at === 0 ? side.file.id : nameOf(side), label: side.label, source, whole: sharp.value.has(whole) ? whole : source, download: side.download, ...size }];
      }),
    ),
    page: computed(() => candidate.value?.page ?? asked.value),
    pageOf,
    pagesOf,
    together,
    turn,
    loading,
    problem: computed(() => candidate.value?.problem ?? null),
    absent: computed(() => sides().slice(1).flatMap((side) => {
      const found = seen.value.get(nameOf(side));
      return found && !found.size ? [{ label: side.label, pages: counts.value[nameOf(side)] ?? null, problem: found.problem }] : [];
    })),
    retry: () => void show(),
  };
}
