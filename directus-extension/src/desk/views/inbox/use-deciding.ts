import { ref, shallowRef, type Ref, type ShallowRef } from 'vue';
import type { Decisions } from '../../composables/use-decisions';
import { useTexts } from '../../composables/use-texts';
import type { Decided, InboxRow } from './inbox';
import { MOST, useBatch, type Batch } from './use-batch';
import type { Lines } from './use-lines';
import { useReasons, type Reasons } from './use-reasons';

export interface Asking {
  action: Exclude<Decided, 'approve'>;
  rows: readonly InboxRow[];
}

/** From a key or a button to a decision: what is rejected or sent back is asked for a reason first. */
export interface Deciding {
  batch: Batch;
  reasons: Reasons;
  /** What the dialog asks a reason for. */
  asking: ShallowRef<Asking | null>;
  previewed: Ref<boolean>;
  can: (action: Decided) => boolean;
  act: (action: Decided, rows?: readonly InboxRow[]) => void;
  /** Decides with the reason that was typed. */
  send: () => void;
}

interface Options {
  decisions: Decisions;
  rows: () => readonly InboxRow[];
  lines: Lines;
  away: () => ReadonlySet<string>;
  place: () => string;
}

export function useDeciding({ decisions, rows, lines, away, place }: Options): Deciding {
  const { t, n } = useTexts();
  const { cursor } = lines;
  const asking = shallowRef<Asking | null>(null);
  const previewed = ref(false);
  const reasons = useReasons(decisions.acts);
  const nameOf = (row: InboxRow) => `${row.schema_key} ${t('desk.v', { number: row.version_number })}`;
  const label = (those: readonly InboxRow[], action: Decided) =>
    those.length === 1 ? t(`decide.label.${action}`, { name: nameOf(those[0]!) }) : t(`inbox.did.${action}`, { count: n(those.length) }, those.length);
  const batch = useBatch({ decisions, rows, place, label });

  function decide(action: Decided, those: readonly InboxRow[], reason?: string): void {
    batch.decide(those, action, reason);
    stepOn();
    if (lines.left.value.length === 0) previewed.value = false;
  }

  /** The next one at once; at the end, the one before. */
  function stepOn(): void {
    const decided = () => cursor.active.value !== null && away().has(cursor.active.value);
    if (decided()) cursor.move(1);
    if (decided()) cursor.move(-1);
  }

  /** More than one request carries are not decided at all; the bar of the selection says so. */
  const decidable = (those: readonly InboxRow[], action: Decided) => (those.length > MOST ? [] : batch.decidable(those, action));

  return {
    batch,
    reasons,
    asking,
    previewed,
    can: (action) => decidable(lines.meant.value, action).length > 0,
    act: (action, those = lines.meant.value) => {
      const can = decidable(those, action);
      if (can.length === 0) return;
      if (action === 'approve') decide(action, can);
      else asking.value = { action, rows: can };
    },
    send: () => {
      const given = asking.value;
      if (!given) return;
      const reason = reasons.drafts.value[given.action]?.trim();
      reasons.sent(given.action);
      asking.value = null;
      decide(given.action, given.rows, reason);
    },
  };
}
