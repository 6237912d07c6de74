import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue';
import { problemOf, type Problem } from '../../api/problem';
import type { Fresh, Registry } from '../../api/registry';
import { whenAnotherComes } from '../../composables/person';
import { useFresh } from '../../composables/use-fresh';
import type { Filters } from './filters';
import { askInbox, type InboxMeta, type InboxPage, type InboxRow } from './inbox';
import { reconcile } from './reconcile';

/** What waits, as it is shown: it changes under nobody's hands. */
export interface Inbox {
  /** In the registry's order: project, task, path. */
  rows: ShallowRef<readonly InboxRow[]>;
  /** Sums over all that waits, from the first page. */
  meta: ShallowRef<InboxMeta | null>;
  /** Shown, and decided by now. */
  gone: ShallowRef<ReadonlySet<string>>;
  /** Arrived, and not shown yet. */
  news: ComputedRef<readonly InboxRow[]>;
  /** Nothing is known yet. */
  loading: ComputedRef<boolean>;
  /** The rows on the screen are those of other filters. */
  changing: ComputedRef<boolean>;
  /** False while further pages are read. */
  complete: Ref<boolean>;
  problem: ComputedRef<Problem | null>;
  /** Done when all pages are read. */
  refresh: () => Promise<void>;
  /** Shows what has arrived; returns the first of it. */
  showNews: () => string | null;
  /** Takes away what is gone, except what `keep` wants to stay for now. */
  sweep: (keep: (id: string) => boolean) => void;
}

/** The first page is on the screen soon; the further ones are large, so that thousands of rows are few requests. */
const FIRST = 200;
const FURTHER = 1000;
/** Every so many looks without a change on the first page, the further pages are looked at, too. */
const QUIET = 6;

interface Known {
  question: string;
  rows: readonly InboxRow[];
  meta: InboxMeta;
}
/** So that who comes back from a version has the list at once. */
let known: Known | null = null;
whenAnotherComes(forgetInbox);

/** `calm` says whether rows may come in by themselves now. */
export function useInbox(registry: Pick<Registry, 'getFresh'>, filters: () => Filters, calm: () => boolean): Inbox {
  const question = () => new URLSearchParams(filters()).toString();
  const rows = shallowRef<readonly InboxRow[]>([]);
  const meta = shallowRef<InboxMeta | null>(null);
  const gone = shallowRef<ReadonlySet<string>>(new Set());
  const latest = shallowRef<readonly InboxRow[]>([]);
  const listed = ref<string | null>(null);
  const complete = ref(false);
  const furtherProblem = shallowRef<Problem | null>(null);
  const pages = new Map<string, Fresh<InboxPage>>();
  let reading: Promise<void> = Promise.resolve();
  let away = new AbortController();
  let quiet = 0;

  const first = useFresh<InboxPage>(
    async (etag, signal) => {
      const page = await askInbox(registry, { ...filters(), limit: FIRST }, etag, signal);
      if (page === null && (quiet += 1) % QUIET === 0 && first.answer.value) read(first.answer.value);
      return page;
    },
    { every: 10, question },
  );
  watch(first.answer, (page) => page && read(page), { flush: 'sync' });
  watch(question, start, { immediate: true, flush: 'sync' });
  onScopeDispose(() => away.abort());

  function start(): void {
    away.abort();
    away = new AbortController();
    pages.clear();
    [complete.value, furtherProblem.value] = [false, null];
    if (known?.question !== question()) return;
    [rows.value, latest.value, meta.value, gone.value] = [known.rows, known.rows, known.meta, new Set()];
    [listed.value, complete.value] = [known.question, true];
  }

  /** One after the other: a page that changes while the rest is read does not begin again from the start. */
  function read(page: InboxPage): void {
    const { signal } = away;
    reading = reading.then(() => (signal.aborted || first.answer.value !== page ? undefined : readOn(page, signal)));
  }

  async function readOn(page: InboxPage, signal: AbortSignal): Promise<void> {
    const mine = question();
    const all = new Map(page.data.map((row) => [row.id, row]));
    const show = () => {
      if (listed.value === mine && (complete.value || all.size <= rows.value.length)) return;
      [rows.value, latest.value, listed.value, gone.value] = [[...all.values()], [...all.values()], mine, new Set()];
    };
    meta.value = page.meta;
    show();
    try {
      for (let cursor = page.meta.next_cursor; cursor; ) {
        const next = await further(cursor, signal);
        if (signal.aborted) return;
        for (const row of next.data) all.set(row.id, row);
        cursor = next.meta.next_cursor;
        show();
      }
    } catch (error) {
      // The list stays as it is; the next look tries again.
      if (!signal.aborted) furtherProblem.value = problemOf(error);
      return;
    }
    if (complete.value) settle([...all.values()], calm());
    else latest.value = rows.value = [...all.values()];
    [complete.value, furtherProblem.value] = [true, null];
    remember();
  }

  async function further(cursor: string, signal: AbortSignal): Promise<InboxPage> {
    const before = pages.get(cursor);
    const page = (await askInbox(registry, { ...filters(), limit: FURTHER, cursor }, before?.etag ?? null, signal)) ?? before!;
    pages.set(cursor, page);
    return page.answer;
  }

  function settle(now: readonly InboxRow[], insert: boolean): void {
    const found = reconcile(rows.value, now, { insert });
    [latest.value, rows.value, gone.value] = [now, found.rows, found.gone];
  }

  function remember(): void {
    if (meta.value && listed.value !== null) known = { question: listed.value, rows: latest.value, meta: meta.value };
  }

  const news = computed(() => {
    const shown = new Set(rows.value.map(({ id }) => id));
    return listed.value === question() ? latest.value.filter(({ id }) => !shown.has(id)) : [];
  });
  return {
    rows,
    meta,
    gone,
    news,
    complete,
    loading: computed(() => listed.value === null && first.loading.value),
    changing: computed(() => listed.value !== null && listed.value !== question()),
    problem: computed(() => first.problem.value ?? furtherProblem.value),
    refresh: async () => {
      await first.refresh();
      await reading;
    },
    showNews: () => {
      const [one] = news.value;
      settle(latest.value, true);
      return one?.id ?? null;
    },
    sweep: (keep) => {
      const leave = [...gone.value].filter((id) => !keep(id));
      if (leave.length === 0) return;
      const left = new Set(leave);
      rows.value = rows.value.filter(({ id }) => !left.has(id));
      gone.value = new Set([...gone.value].filter((id) => !left.has(id)));
    },
  };
}

/** As if the page had been loaded anew. */
export function forgetInbox(): void {
  known = null;
}
