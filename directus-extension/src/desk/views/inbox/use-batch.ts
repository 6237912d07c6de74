import { computed, ref, type ComputedRef, type Ref } from 'vue';
import type { Act, Decisions } from '../../composables/use-decisions';
import { offered, type Decided, type InboxRow } from './inbox';

/** Decisions made in the list: one version or many, always in one request, all of them or none. */
export interface Batch {
  /** The last decision on a selection, while it is under way or was refused. */
  act: ComputedRef<Act | null>;
  /** Of a refused one: the versions that the registry names. Empty where it names none. */
  inTheWay: ComputedRef<readonly InboxRow[]>;
  /** Those of `rows` that the registry lets be decided so. */
  decidable: (rows: readonly InboxRow[], action: Decided) => InboxRow[];
  decide: (rows: readonly InboxRow[], action: Decided, reason?: string) => void;
  /** Decides the same without what is in the way. */
  goOn: () => void;
  /** Sends the same once more. */
  again: () => void;
  dismiss: () => void;
}

interface Options {
  decisions: Pick<Decisions, 'acts' | 'decide' | 'again' | 'dismiss'>;
  rows: () => readonly InboxRow[];
  label: (rows: readonly InboxRow[], action: Decided) => string;
  /** Where undoing leads back to. */
  place: () => string;
}

/** So many decisions fit into one request of POST /v1/reviews. */
export const MOST = 500;

export function useBatch({ decisions, rows, label, place }: Options): Batch {
  const id: Ref<string | null> = ref(null);
  const made = new Map<string, readonly InboxRow[]>();

  const act = computed(() => {
    const found = decisions.acts.value.find((each) => each.id === id.value);
    return found && found.state !== 'done' ? found : null;
  });
  const inTheWay = computed(() => (act.value?.state === 'refused' && act.value.problem ? named(act.value.problem.details, made.get(act.value.id) ?? []) : []));
  const decidable = (from: readonly InboxRow[], action: Decided) => from.filter((row) => offered(row, action));

  function decide(chosen: readonly InboxRow[], action: Decided, reason?: string): void {
    const those = decidable(chosen, action);
    if (those.length === 0) return;
    const each = those.map((row) => ({ artifact_version_id: row.id, action, ...(reason ? { reason } : {}) }));
    const now = decisions.decide(each, { label: label(those, action), place: place() });
    if (those.length === 1) return;
    made.set(now.id, those);
    id.value = now.id;
  }

  function goOn(): void {
    const [refused, without] = [act.value, new Set(inTheWay.value.map((row) => row.id))];
    const first = refused?.decisions[0];
    if (!refused || !first) return;
    // As the list shows them now: their votes may have changed since.
    const now = new Map(rows().map((row) => [row.id, row]));
    const left = (made.get(refused.id) ?? []).filter((row) => !without.has(row.id)).flatMap((row) => now.get(row.id) ?? []);
    decisions.dismiss(refused.id);
    decide(left, first.action as Decided, first.reason);
  }

  return {
    act,
    inTheWay,
    decidable,
    decide,
    goOn,
    again: () => act.value && decisions.again(act.value.id),
    dismiss: () => {
      if (act.value) decisions.dismiss(act.value.id);
      id.value = null;
    },
  };
}

/** Which of the rows a refusal speaks of: it names versions, or a path that two of them share. Pure. */
export function named(details: Record<string, unknown>, rows: readonly InboxRow[]): InboxRow[] {
  const ids = new Set([details['artifact_version_id'], ...((details['artifact_version_ids'] as unknown[] | undefined) ?? [])]);
  const found = rows.filter((row) => ids.has(row.id));
  if (found.length > 0) return found;
  const there = rows.filter((row) => row.schema_key === details['schema_key']);
  const rivals = there.filter((row) => there.some((other) => other.id !== row.id && other.project_id === row.project_id));
  return rivals.length > 0 ? rivals : there;
}
