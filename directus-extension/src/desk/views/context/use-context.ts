import { computed, shallowRef, type ComputedRef } from 'vue';
import { problemOf, type Problem } from '../../api/problem';
import { useRegistry } from '../../api/registry';
import type { AnswerOf, Schemas } from '../../api/types';
import { useFresh } from '../../composables/use-fresh';

export type PathState = AnswerOf<'listPaths'>['data'][number];
export type Promotion = AnswerOf<'listPromotions'>['data'][number];
export type Lock = Schemas['Lock'];

/** What stands around a context: its paths, locks and stale versions. Read again whenever the context is another one. */
export interface Around {
  paths: Map<string, PathState>;
  locks: Map<string, Lock>;
  stale: Set<string>;
}

const NOTHING: Around = { paths: new Map(), locks: new Map(), stale: new Set() };

/**
 * A project and its context, as of `at` (null: now, and kept fresh).
 *
 * The context comes with an ETag, its version: looking for a change costs next to nothing.
 */
export function useContext(id: () => string, at: () => number | null) {
  const registry = useRegistry();
  const project = shallowRef<AnswerOf<'getProject'>['data'] | null>(null);
  const around = shallowRef<Around>(NOTHING);
  const aroundProblem = shallowRef<Problem | null>(null);

  /** False until what stands around this context has been read: locking a path leaves the context, and its ETag, as they are. */
  let read = false;
  const kept = useFresh(
    async (known, signal) => {
      const version = at();
      const fresh = await registry.getFresh('getContext', `/v1/projects/${encodeURIComponent(id())}/context`, version === null ? {} : { version }, known, signal);
      if (fresh) read = false;
      if (!read) void readAround(signal);
      return fresh;
    },
    { every: 10, question: () => [id(), at()].join(' ') },
  );

  async function readAround(signal: AbortSignal): Promise<void> {
    const below = `/v1/projects/${encodeURIComponent(id())}`;
    try {
      const [found, paths, locks, stale] = await Promise.all([
        registry.get('getProject', below, undefined, signal),
        registry.get('listPaths', `${below}/paths`, undefined, signal),
        registry.get('listLocks', `${below}/locks`, undefined, signal),
        registry.get('listStale', `${below}/stale`, undefined, signal),
      ]);
      if (signal.aborted) return;
      read = true;
      project.value = found.data;
      around.value = {
        paths: new Map(paths.data.flatMap((path) => [path, ...(path.paths as PathState[])]).map((path) => [path.schema_key, path])),
        locks: new Map(locks.data.map((lock) => [lock.schema_key ?? '*', lock])),
        stale: new Set(stale.data.map((version) => version.schema_key)),
      };
      aroundProblem.value = null;
    } catch (error) {
      if (!signal.aborted) aroundProblem.value = problemOf(error);
    }
  }

  const document = computed(() => (kept.answer.value as { data: unknown } | null)?.data ?? null);
  const version: ComputedRef<number> = computed(() => {
    const meta = (document.value as { _meta?: { context_version?: number } } | null)?._meta;
    return meta?.context_version ?? project.value?.context_version ?? 0;
  });
  return { ...kept, refresh: () => ((read = false), kept.refresh()), project, around, aroundProblem, document, version };
}

/** The lock that covers a path: its own, one above it, or the project's. */
export function lockOf(path: string, locks: ReadonlyMap<string, Lock>): Lock | null {
  for (let above = path; above !== ''; above = above.replace(/(?:\.[^.[\]]+|\[\d+\]|^[^.[\]]+)$/, '')) {
    const lock = locks.get(above);
    if (lock) return lock;
  }
  return locks.get('*') ?? null;
}
