import { computed, onScopeDispose, shallowReactive, shallowRef, watch, type ComputedRef, type Ref } from 'vue';
import { problemOf, type Problem } from '../../api/problem';
import type { Registry } from '../../api/registry';
import type { AnswerOf, QueryOf, Schemas } from '../../api/types';
import { useDecisions } from '../../composables/use-decisions';
import { useFresh, type Kept } from '../../composables/use-fresh';
import { frontier, merge, tidy, type Graph, type Known, type Part } from './graph';

/** What is asked of the lineage of one version. */
export interface Question {
  id: string;
  depth: number;
  /** What would have to be looked at again, and nothing that was there before. */
  impact: boolean;
  /** Also the steps between. */
  steps: boolean;
}

export interface Lineage {
  /** Everything known: the answer, and what was unfolded. */
  graph: ComputedRef<Graph>;
  kept: Kept<Answer>;
  truncated: ComputedRef<boolean>;
  /** Versions that may have more around them than is shown. */
  open: ComputedRef<ReadonlySet<string>>;
  unfolded: ReadonlyMap<string, Part>;
  unfolding: ReadonlySet<string>;
  /** Why unfolding did not work. */
  problem: Ref<Problem | null>;
  /** How many nodes came. */
  unfold: (id: string) => Promise<number>;
  fold: (id: string) => void;
  /** Why a stale version is stale. */
  causes: Ref<ReadonlyMap<string, Schemas['Source'][]>>;
}

export interface Answer extends Part {
  truncated: boolean;
  impact: AnswerOf<'getImpact'> | null;
}

/** All that came after it, as far as it goes. */
const FAR = 100;
const MOST = 2000;
const EVERY = 20;

export function useLineage(registry: Registry, question: () => Question): Lineage {
  const unfolded = shallowReactive(new Map<string, Part>());
  const unfolding = shallowReactive(new Set<string>());
  const problem = shallowRef<Problem | null>(null);

  async function read(id: string, depth: number, direction: 'both' | 'descendants', signal?: AbortSignal): Promise<Part & { truncated: boolean }> {
    const query = { depth, direction, limit: MOST, ...(question().steps ? { include: 'runs' } : {}) } as QueryOf<'getLineage'>;
    const { data, meta } = (await registry.get('getLineage', `/v1/artifacts/${id}/lineage`, query, signal)) as AnswerOf<'getLineage'> & Schemas['LineageAnswer'];
    return { graph: data as Graph<Known>, depth, at: Date.now(), truncated: meta.truncated };
  }

  const kept = useFresh<Answer>(
    async (_known, signal) => {
      const { id, depth, impact } = question();
      const [part, affected] = await Promise.all([
        read(id, impact ? FAR : depth, impact ? 'descendants' : 'both', signal),
        impact ? registry.get('getImpact', `/v1/artifacts/${id}/impact`, { limit: MOST } as QueryOf<'getImpact'>, signal) : null,
      ]);
      return { answer: { ...part, impact: affected }, etag: null };
    },
    { every: EVERY, question: () => JSON.stringify(question()) },
  );
  watch(() => JSON.stringify(question()), () => unfolded.clear());
  onScopeDispose(useDecisions().onSettled(() => void kept.refresh()));

  const parts = computed(() => (kept.answer.value ? [kept.answer.value, ...unfolded.values()] : []));
  const graph = computed(() => tidy(merge(parts.value)));
  const causes = useCauses(registry, graph);

  async function unfold(id: string): Promise<number> {
    if (unfolding.has(id)) return 0;
    const [asked, before] = [JSON.stringify(question()), graph.value.nodes.length];
    unfolding.add(id);
    try {
      const part = await read(id, 1, 'both');
      if (asked === JSON.stringify(question())) unfolded.set(id, part);
      problem.value = null;
    } catch (error) {
      problem.value = problemOf(error);
    } finally {
      unfolding.delete(id);
    }
    return graph.value.nodes.length - before;
  }

  return {
    graph, kept, unfolded, unfolding, problem, unfold, causes,
    truncated: computed(() => kept.answer.value?.truncated ?? false),
    open: computed(() => frontier(parts.value)),
    fold: (id) => void unfolded.delete(id),
  };
}

const STALE_LIMIT = 500;

/** One request for each project that has something stale in the picture; without an answer the mark stays without a why. */
function useCauses(registry: Registry, graph: ComputedRef<Graph>): Ref<ReadonlyMap<string, Schemas['Source'][]>> {
  const causes = shallowRef<ReadonlyMap<string, Schemas['Source'][]>>(new Map());
  const stale = computed(() => graph.value.nodes.flatMap((node) => (node.kind === 'version' && node.stale ? [node] : [])));
  const question = () => stale.value.map(({ id, project_id }) => `${project_id} ${id}`).sort().join();
  watch(question, async () => {
    const found = new Map(causes.value);
    for (const project of new Set(stale.value.map(({ project_id }) => project_id))) {
      const answer = await registry.get('listStale', `/v1/projects/${project}/stale`, { limit: STALE_LIMIT } as never).catch(() => null);
      for (const { artifact_version_id, sources } of answer?.data ?? []) found.set(artifact_version_id, sources);
    }
    causes.value = found;
  });
  return causes;
}
