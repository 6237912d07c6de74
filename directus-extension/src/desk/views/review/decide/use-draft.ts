import { reactive, watch } from 'vue';
import { OURS } from '../../../composables/person';
import type { Region } from '../annotate/regions';

export type Chosen = 'reject' | 'request_changes' | 'comment' | null;

/** What somebody has typed and drawn on a version, and not sent yet. */
export interface Draft {
  reason: string;
  chosen: Chosen;
  regions: Region[];
  /** Whether approving rejects the path's other candidates, and what these are told. */
  rejectOthers: boolean;
  reasonForOthers: string;
}

const EMPTY: Draft = { reason: '', chosen: null, regions: [], rejectOthers: false, reasonForOthers: '' };
const keyOf = (id: string) => `${OURS}draft:${id}`;

/** The draft of the version on the page; it survives a reload, another candidate in between, and a refusal. */
export function useDraft(id: () => string, storage: Storage = sessionStorage): Draft {
  const draft = reactive(read(id(), storage));
  let of = id();
  // Before anything renders the next version: its draft, not this one's.
  watch(id, (next) => {
    write(of, draft, storage);
    of = next;
    Object.assign(draft, read(next, storage));
  }, { flush: 'sync' });
  watch(draft, () => write(of, draft, storage), { deep: true });
  return draft;
}

/** Sent and done: nobody needs it any more. */
export function clearDraft(id: string, storage: Storage = sessionStorage): void {
  storage.removeItem(keyOf(id));
}

export function emptied(draft: Draft): void {
  Object.assign(draft, structuredClone(EMPTY));
}

function read(id: string, storage: Storage): Draft {
  try {
    return { ...structuredClone(EMPTY), ...(JSON.parse(storage.getItem(keyOf(id)) ?? '{}') as Partial<Draft>) };
  } catch {
    return structuredClone(EMPTY);
  }
}

function write(id: string, draft: Draft, storage: Storage): void {
  const text = JSON.stringify(draft);
  if (text === JSON.stringify(EMPTY)) storage.removeItem(keyOf(id));
  else storage.setItem(keyOf(id), text);
}
