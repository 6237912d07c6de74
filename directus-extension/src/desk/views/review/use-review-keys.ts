import { focusHome } from '../../composables/use-focus';
import { isTyping, useShortcuts, type Shortcut } from '../../composables/use-shortcuts';
import { useTexts } from '../../composables/use-texts';
import type { Action } from './decide/use-deciding';

interface Doing {
  press: (action: Action) => void;
  choose: (action: Action) => void;
  sendChosen: () => void;
  addPin: () => void;
  history: () => void;
  next: () => void;
  previous: () => void;
  content: () => void;
  back: () => void;
  /** Stops what is being drawn; false where nothing is. */
  stopDrawing: () => boolean;
  can: (action: Action) => boolean;
  canPin: () => boolean;
}

export function useReviewKeys(doing: Doing): void {
  const { t } = useTexts();
  const decide = t('decide.group');
  const go = t('desk.go');
  const keys: Shortcut[] = [
    { key: 'a', group: decide, does: t('decide.approve'), run: () => doing.press('approve'), when: () => doing.can('approve') },
    { key: 'r', group: decide, does: t('decide.reject'), run: () => doing.choose('reject'), when: () => doing.can('reject') },
    { key: 'c', group: decide, does: t('decide.request_changes'), run: () => doing.choose('request_changes'), when: () => doing.can('request_changes') },
    { key: 'm', group: decide, does: t('decide.comment'), run: () => doing.choose('comment'), when: () => doing.can('comment') },
    { key: 'ctrl+Enter', group: decide, does: t('decide.send_chosen'), run: doing.sendChosen, inFields: true },
    { key: 'meta+Enter', group: decide, does: t('decide.send_chosen'), run: doing.sendChosen, inFields: true },
    { key: 'p', group: decide, does: t('review.add_pin'), run: doing.addPin, when: doing.canPin },
    { key: 'j', group: go, does: t('review.next'), run: doing.next },
    { key: 'k', group: go, does: t('review.previous'), run: doing.previous },
    { key: 'n', group: go, does: t('review.skip'), run: doing.next },
    { key: 'h', group: go, does: t('review.show_history'), run: doing.history },
    { key: 'o', group: go, does: t('desk.open_in_content'), run: doing.content },
    { key: 'u', group: go, does: t('review.back'), run: doing.back },
    { key: 'Escape', group: go, does: t('review.back'), inFields: true, run: (event) => escape(event, doing) },
  ];
  useShortcuts(keys);
}

/** One step at a time: out of the field, then out of drawing, then out of the page. */
function escape({ target }: KeyboardEvent, { stopDrawing, back }: Doing): void {
  if (isTyping(target)) focusHome();
  else if (!stopDrawing()) back();
}
