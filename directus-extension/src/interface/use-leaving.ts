import { onScopeDispose } from 'vue';
import type { Act, Decisions } from '../desk/composables/use-decisions';

type Told = (act: Act) => void;

/**
 * A decision that waits when its form is left is sent at once: outside the desk no bar counts down for it. `told` is called
 * if it is refused, because nobody looks at the form any more.
 */
export function useLeaving({ acts, sendNow, onSettled }: Pick<Decisions, 'acts' | 'sendNow' | 'onSettled'>, id: () => string, told: Told): void {
  // Before the watchers stop: the id is still that of the form that is left.
  onScopeDispose(() => {
    const open = acts.value.filter(({ state, decisions }) => (state === 'waiting' || state === 'sending') && decisions.some((each) => each.artifact_version_id === id()));
    for (const act of open) {
      const stop = onSettled((settled) => {
        if (settled.id !== act.id) return;
        stop();
        if (settled.state === 'refused') told(settled);
      });
      sendNow(act.id);
    }
  });
}
