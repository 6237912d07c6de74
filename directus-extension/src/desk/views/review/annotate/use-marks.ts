import { computed, ref, watch, type ComputedRef, type Ref } from 'vue';
import type { Draft } from '../decide/use-draft';
import type { Region } from './regions';

export type Tool = 'point' | 'rect';

/** The marks somebody makes on the version on the page. They live in the draft. */
export interface Marks {
  regions: ComputedRef<Region[]>;
  /** What the next press on the picture draws; null while one only looks. */
  tool: Ref<Tool | null>;
  /** The mark that is being worked on, by its place in the list. */
  active: Ref<number | null>;
  /** Counts up whenever somebody wants to write about the active mark. */
  toWrite: Ref<number>;
  add: (region: Region) => void;
  change: (at: number, region: Region) => void;
  remove: (at: number) => void;
  write: (at: number) => void;
}

/** `locked`: nothing can be marked now, and what is marked stays as it is. */
export function useMarks(draft: Draft, id: () => string, locked: () => boolean = () => false): Marks {
  const tool = ref<Tool | null>(null);
  const active = ref<number | null>(null);
  const toWrite = ref(0);

  function write(at: number): void {
    active.value = at;
    toWrite.value += 1;
  }
  watch(id, () => ([tool.value, active.value] = [null, null]));
  watch(locked, (now) => now && (tool.value = null));
  return {
    regions: computed(() => draft.regions),
    tool,
    active,
    toWrite,
    write,
    add: (region) => {
      if (locked()) return;
      draft.regions.push(region);
      tool.value = null;
      write(draft.regions.length - 1);
    },
    change: (at, region) => void (locked() || draft.regions.splice(at, 1, region)),
    remove: (at) => {
      if (locked()) return;
      draft.regions.splice(at, 1);
      active.value = null;
    },
  };
}
