import { computed, onScopeDispose, type ComputedRef } from 'vue';
import type { Version } from '../../../api/types';
import { useDecisions, type Act, type Decision } from '../../../composables/use-decisions';
import { useTexts } from '../../../composables/use-texts';
import { feedbackOf, saidByRegions } from '../annotate/regions';
import type { Sheet } from '../sheet';
import { forget } from '../use-sheet';
import { emptied, type Draft } from './use-draft';

export type Action = 'approve' | 'reject' | 'request_changes' | 'comment';

export interface Deciding {
  /** The decision on this version that waits, is being sent or was refused. */
  act: ComputedRef<Act | null>;
  /** It waits or is being sent: what is typed or drawn now would not be in it. */
  moving: ComputedRef<boolean>;
  can: (action: Action) => boolean;
  /** Whether there is something to say for it. */
  said: (action: Action) => boolean;
  /** Puts the decision on its way, if it is allowed and says what it must. */
  decide: (action: Action) => boolean;
}

interface Around {
  sheet: () => Sheet | null;
  draft: Draft;
  place: () => string;
  /** Called when a decision on this version is done or refused. */
  settled: (act: Act) => void | Promise<void>;
}

const NEEDS_WORDS: Action[] = ['reject', 'request_changes', 'comment'];

export function useDeciding({ sheet, draft, place, settled }: Around): Deciding {
  const { acts, decide: send, onSettled } = useDecisions();
  const { t } = useTexts();
  const version = () => sheet()?.version ?? null;

  const act = computed(() => acts.value.findLast((each) => each.state !== 'done' && each.decisions.some((one) => one.artifact_version_id === version()?.id)) ?? null);
  const moving = computed(() => act.value?.state === 'waiting' || act.value?.state === 'sending');
  const can = (action: Action) => version()?.allowed_actions.includes(action) ?? false;
  const said = (action: Action) => !NEEDS_WORDS.includes(action) || Boolean(draft.reason.trim() || saidByRegions(draft.regions)) || (action !== 'reject' && draft.regions.length > 0);

  function decide(action: Action): boolean {
    const now = version();
    if (!now || !can(action) || !said(action) || moving.value) return false;
    const others = action === 'approve' && draft.rejectOthers ? (sheet()?.candidates ?? []) : [];
    send(decisionsOf(now, action, draft, others), { reject_others: others.length > 0, label: labelOf(now, action, others.length), place: place() });
    return true;
  }

  function labelOf({ schema_key, version_number }: Version, action: Action, others: number): string {
    const label = t(`decide.label.${action}`, { name: `${schema_key} ${t('desk.v', { number: version_number })}` });
    return others > 0 ? `${label} ${t('decide.label.others', { count: others }, others)}` : label;
  }

  onScopeDispose(
    onSettled(async (each) => {
      const ids = each.decisions.map((one) => one.artifact_version_id);
      ids.forEach(forget);
      const here = ids.includes(version()?.id ?? '');
      if (here && each.state === 'done') emptied(draft);
      if (here) await settled(each);
    }),
  );
  return { act, moving, can, said, decide };
}

/** Others are named only where they are told something of their own; the rest the registry rejects itself. Pure. */
export function decisionsOf(version: Pick<Version, 'id'>, action: Action, draft: Draft, others: Pick<Version, 'id'>[]): Decision[] {
  const reason = draft.reason.trim() || (action === 'approve' ? '' : saidByRegions(draft.regions));
  const feedback = feedbackOf(draft.regions);
  const own: Decision = { artifact_version_id: version.id, action, ...(reason ? { reason } : {}), ...(feedback ? { feedback: { ...feedback } } : {}) };
  const told = draft.reasonForOthers.trim();
  return [own, ...(told ? others.map(({ id }): Decision => ({ artifact_version_id: id, action: 'reject', reason: told })) : [])];
}
