import { onScopeDispose, ref, watch, type Ref } from 'vue';
import { whenAnotherComes } from '../../composables/person';
import type { Act, Decisions } from '../../composables/use-decisions';
import type { Decided } from './inbox';

/** What somebody is writing as a reason. It outlives the dialog, and comes back when the decision did not happen. */
export interface Reasons {
  drafts: Ref<Partial<Record<Decided, string>>>;
  /** Given in this sitting, the last one first. */
  given: Ref<readonly string[]>;
  /** The draft went out with a decision. */
  sent: (action: Decided) => void;
}

const MOST_GIVEN = 4;
const drafts: Ref<Partial<Record<Decided, string>>> = ref({});
const given = ref<readonly string[]>([]);
whenAnotherComes(() => ([drafts.value, given.value] = [{}, []]));

export function useReasons(acts: Decisions['acts']): Reasons {
  /** The acts that this view made, as they were: one that is undone is not there any more. */
  let open: Pick<Act, 'id' | 'decisions'>[] = [];
  const isOpen = ({ state }: Act) => state === 'waiting' || state === 'sending';

  function giveBack({ decisions: [first] }: Pick<Act, 'decisions'>): void {
    const action = first?.action as Decided;
    if (first?.reason && !drafts.value[action]) drafts.value = { ...drafts.value, [action]: first.reason };
  }

  const stop = watch(
    () => acts.value.map(({ id, state }) => `${id} ${state}`).join(),
    () => {
      const now = new Map(acts.value.map((act) => [act.id, act]));
      for (const act of open) if (now.get(act.id)?.state !== 'done' && !(now.has(act.id) && isOpen(now.get(act.id)!))) giveBack(act);
      open = acts.value.filter(isOpen).map(({ id, decisions }) => ({ id, decisions }));
    },
    { immediate: true, flush: 'sync' },
  );
  onScopeDispose(stop);

  return {
    drafts,
    given,
    sent: (action) => {
      const reason = drafts.value[action]?.trim();
      if (reason) given.value = [reason, ...given.value.filter((each) => each !== reason)].slice(0, MOST_GIVEN);
      drafts.value = { ...drafts.value, [action]: '' };
    },
  };
}
