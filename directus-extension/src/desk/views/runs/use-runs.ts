import { computed, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue';
import type { AxiosInstance } from '../../api/axios';
import { problemOf, type Problem } from '../../api/problem';
import type { Registry } from '../../api/registry';
import type { AnswerOf, Schemas } from '../../api/types';
import { useFresh } from '../../composables/use-fresh';

export type Execution = Schemas['Execution'];

export interface Progress {
  done: number;
  total: number;
}

export interface Filters {
  project_id: string | null;
  status: string | null;
  engine: string | null;
}

/** Runs, the newest first: the first page stays fresh, more are read when asked for. */
export interface Runs {
  runs: ComputedRef<Execution[]>;
  progress: ShallowRef<ReadonlyMap<string, Progress>>;
  problem: ComputedRef<Problem | null>;
  loading: Ref<boolean>;
  complete: ComputedRef<boolean>;
  reading: Ref<boolean>;
  more: () => Promise<void>;
  refresh: () => Promise<void>;
}

const PAGE = 200;
const EVERY = 5;

export function useRuns(registry: Registry, api: AxiosInstance, filters: () => Filters): Runs {
  const question = () => JSON.stringify(filters());
  const older = shallowRef<Execution[]>([]);
  const next = shallowRef<string | null>(null);
  const reading = ref(false);
  const failed = shallowRef<Problem | null>(null);
  const progress = shallowRef<ReadonlyMap<string, Progress>>(new Map());
  /** The status that a run had when its steps were counted. */
  const counted = new Map<string, Execution['status']>();

  const read = async (cursor: string | null, signal?: AbortSignal) => {
    const answer = await registry.get('listExecutions', '/v1/executions', { ...filters(), limit: PAGE, cursor } as never, signal);
    return { runs: answer.data, next: (answer as AnswerOf<'listExecutions'> & { meta: { next_cursor: string | null } }).meta.next_cursor };
  };
  const first = useFresh(async (_known, signal) => ({ answer: await read(null, signal), etag: null }), { every: EVERY, question });
  watch(question, () => ([older.value, next.value, failed.value] = [[], null, null]), { flush: 'sync' });
  watch(first.answer, (now, before) => {
    // What new runs push off the first page is on no other page that was read; what left it from its middle fits the filters no more.
    if (older.value.length > 0 && before && now) older.value = joined(older.value, pushedOff(before.runs, now.runs));
    if (now && older.value.length === 0) next.value = now.next;
    if (now) void count(now.runs);
  });

  async function more(): Promise<void> {
    if (!next.value || reading.value) return;
    const asked = question();
    reading.value = true;
    try {
      const page = await read(next.value);
      if (asked !== question()) return;
      [older.value, next.value, failed.value] = [joined(older.value, page.runs), page.next, null];
      void count(page.runs);
    } catch (error) {
      failed.value = problemOf(error);
    } finally {
      reading.value = false;
    }
  }

  /** Those that are counted and over stay as they are. */
  async function count(runs: readonly Execution[]): Promise<void> {
    const open = runs.filter(({ id, status }) => status === 'running' || counted.get(id) !== status);
    const found = await progressOf(api, open.map(({ id }) => id)).catch(() => null);
    if (!found) return;
    for (const { id, status } of open) counted.set(id, status);
    progress.value = new Map([...progress.value, ...found]);
  }

  return {
    progress, reading, more, loading: first.loading, refresh: first.refresh,
    runs: computed(() => joined(older.value, first.answer.value?.runs ?? []).sort((one, other) => (other.date_created ?? '').localeCompare(one.date_created ?? ''))),
    problem: computed(() => first.problem.value ?? failed.value),
    complete: computed(() => first.answer.value !== null && next.value === null),
  };
}

function pushedOff(before: readonly Execution[], now: readonly Execution[]): Execution[] {
  const last = now.at(-1)?.date_created ?? '';
  return before.filter(({ id, date_created }) => (date_created ?? '') <= last && !now.some((run) => run.id === id));
}

/** Each run once, as the newer list has it. */
function joined(before: readonly Execution[], now: readonly Execution[]): Execution[] {
  return [...new Map([...before, ...now].map((run) => [run.id, run])).values()];
}

/**
 * How many steps of each run are done, in two requests for all of them. Directus counts; the registry's list of runs does
 * not. Steps count by name, so that a retry is no further step.
 */
export async function progressOf(api: AxiosInstance, ids: readonly string[]): Promise<Map<string, Progress>> {
  if (ids.length === 0) return new Map();
  const ask = async (filter: object) => {
    const query = { filter: { _and: [{ execution_id: { _in: ids } }, filter] }, groupBy: ['execution_id'], aggregate: { countDistinct: ['step_name'] }, limit: -1 };
    const { data } = await api.request({ method: 'SEARCH', url: '/items/execution_steps', data: { query } });
    return (data as { data: { execution_id: string; countDistinct: { step_name: string | number } }[] }).data;
  };
  const [totals, done] = await Promise.all([ask({}), ask({ status: { _in: ['completed', 'skipped'] } })]);
  const finished = new Map(done.map((row) => [row.execution_id, Number(row.countDistinct.step_name)]));
  return new Map([
    ...ids.map((id) => [id, { done: 0, total: 0 }] as const),
    ...totals.map((row) => [row.execution_id, { done: finished.get(row.execution_id) ?? 0, total: Number(row.countDistinct.step_name) }] as const),
  ]);
}
