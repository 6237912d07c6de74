import { computed, type ComputedRef, type WritableComputedRef } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import type { Clustering } from './graph';

/** What somebody chose to see, in the address: a link shows the same. */
export interface Choices {
  depth: WritableComputedRef<number>;
  view: WritableComputedRef<'picture' | 'table'>;
  impact: WritableComputedRef<boolean>;
  steps: WritableComputedRef<boolean>;
  /** Null: as many nodes ask for. */
  clustering: WritableComputedRef<Clustering | null>;
  q: WritableComputedRef<string>;
}

export function useChoices(): Choices {
  const route = useRoute();
  const router = useRouter();
  const read = (name: string) => (typeof route.query[name] === 'string' ? (route.query[name] as string) : null);
  const write = (name: string, value: string | null) => {
    const { [name]: _before, ...others } = route.query;
    void router.replace({ query: value === null ? others : { ...others, [name]: value } });
  };
  const one = <Value extends string>(name: string, values: readonly Value[]): ComputedRef<Value | null> => computed(() => values.find((value) => value === read(name)) ?? null);
  const [view, clustering] = [one('view', ['picture', 'table'] as const), one('group', ['none', 'path', 'step'] as const)];
  return {
    depth: computed({ get: () => Math.min(Math.max(Math.trunc(Number(read('depth'))) || 1, 1), 100), set: (depth) => write('depth', depth === 1 ? null : String(depth)) }),
    view: computed({ get: () => view.value ?? 'picture', set: (now) => write('view', now === 'picture' ? null : now) }),
    impact: computed({ get: () => read('mode') === 'impact', set: (now) => write('mode', now ? 'impact' : null) }),
    steps: computed({ get: () => read('steps') !== 'no', set: (now) => write('steps', now ? null : 'no') }),
    clustering: computed({ get: () => clustering.value, set: (now) => write('group', now) }),
    q: computed({ get: () => read('q') ?? '', set: (text) => write('q', text || null) }),
  };
}
