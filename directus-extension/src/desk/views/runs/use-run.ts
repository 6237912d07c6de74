import { computed, onScopeDispose, ref, type ComputedRef, type Ref } from 'vue';
import type { Registry } from '../../api/registry';
import type { Schemas } from '../../api/types';
import { useDecisions } from '../../composables/use-decisions';
import { useFresh, type Kept } from '../../composables/use-fresh';
import { rowsOf, type Row, type Step } from './timeline';

export interface Run {
  execution: Schemas['Execution'];
  steps: Step[];
  links: Schemas['ExecutionLink'][];
}

export interface WatchedRun {
  kept: Kept<Run>;
  rows: ComputedRef<Row[]>;
  /** The time as bars that still grow take it. */
  now: Ref<number>;
  live: ComputedRef<boolean>;
}

const EVERY = 5;
/** What is over changes by decisions only, which this desk hears of, or by a resume. */
const REST_MS = 30_000;
const PAGE = 500;
const PAGES = 10;

export function useRun(registry: Registry, id: () => string): WatchedRun {
  let last = { id: '', at: 0, over: false };
  const kept = useFresh<Run>(
    async (_known, signal) => {
      const run = id();
      if (last.id === run && last.over && kept.answer.value && Date.now() - last.at < REST_MS) return null;
      const [{ data: execution }, steps, links] = await Promise.all([
        registry.get('getExecution', `/v1/executions/${run}`, {} as never, signal),
        all<Step>((query) => registry.get('listExecutionSteps', `/v1/executions/${run}/steps`, query as never, signal)),
        all<Schemas['ExecutionLink']>((query) => registry.get('listExecutionArtifacts', `/v1/executions/${run}/artifacts`, query as never, signal)),
      ]);
      last = { id: run, at: Date.now(), over: !isLive(execution) };
      return { answer: { execution, steps, links }, etag: null };
    },
    { every: EVERY, question: id },
  );
  const again = { ...kept, refresh: () => ((last.at = 0), kept.refresh()) };
  onScopeDispose(useDecisions().onSettled(() => void again.refresh()));

  const live = computed(() => (kept.answer.value ? isLive(kept.answer.value.execution) : false));
  const now = ref(Date.now());
  const clock = setInterval(() => live.value && !document.hidden && (now.value = Date.now()), 1000);
  onScopeDispose(() => clearInterval(clock));
  return { kept: again, rows: computed(() => rowsOf(kept.answer.value?.steps ?? [])), now, live };
}

export function isLive({ status }: Pick<Schemas['Execution'], 'status'>): boolean {
  return status === 'running' || status === 'pending';
}

async function all<Each>(ask: (query: { limit: number; cursor?: string }) => Promise<{ data: Each[]; meta: unknown }>): Promise<Each[]> {
  const found: Each[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < PAGES; page += 1) {
    const answer: { data: Each[]; meta: unknown } = await ask({ limit: PAGE, ...(cursor ? { cursor } : {}) });
    found.push(...answer.data);
    cursor = (answer.meta as { next_cursor?: string | null }).next_cursor ?? null;
    if (!cursor) break;
  }
  return found;
}
