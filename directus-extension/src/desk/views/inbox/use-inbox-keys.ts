import { useShortcuts, type Shortcut } from '../../composables/use-shortcuts';
import { useTexts } from '../../composables/use-texts';
import type { Decided } from './inbox';
import type { Cursor } from './use-cursor';

interface Doing {
  cursor: Cursor;
  /** False where the registry offers it for nothing that is meant. */
  can: (action: Decided) => boolean;
  act: (action: Decided) => void;
  open: () => void;
  preview: () => void;
  /** Opens or closes the group one is in; without `open`, the other way round. */
  group: (open?: boolean) => void;
  search: () => void;
  filter: () => void;
  selectAll: () => void;
  hasNews: () => boolean;
  news: () => void;
  escape: () => void;
}

/** Keys that a button, a link or a menu wants for itself are ours only while the list, or nothing, has the focus. */
function isFree(): boolean {
  const at = document.activeElement;
  return !at || at === document.body || at.getAttribute('role') === 'treegrid' || !at.closest('a, button, input, textarea, select, summary, [role="menu"], [role="dialog"], [role="toolbar"], #menu-outlet, #dialog-outlet, [contenteditable]');
}

export function useInboxKeys({ cursor, ...doing }: Doing): void {
  const { t } = useTexts();
  const list = t('inbox.keys.group');
  const decide = t('decide.group');
  const go = t('desk.go');
  const free = { when: isFree };
  const onRow = () => cursor.row.value !== null;
  const keys: Shortcut[] = [
    { key: 'a', group: decide, does: t('inbox.act.approve'), run: () => doing.act('approve'), when: () => doing.can('approve') },
    { key: 'r', group: decide, does: t('inbox.act.reject'), run: () => doing.act('reject'), when: () => doing.can('reject') },
    { key: 'c', group: decide, does: t('inbox.act.request_changes'), run: () => doing.act('request_changes'), when: () => doing.can('request_changes') },
    { key: 'j', group: list, does: t('inbox.keys.next'), run: () => cursor.move(1) },
    { key: 'k', group: list, does: t('inbox.keys.previous'), run: () => cursor.move(-1) },
    { key: 'ArrowDown', group: list, does: t('inbox.keys.next'), run: () => cursor.move(1), ...free },
    { key: 'ArrowUp', group: list, does: t('inbox.keys.previous'), run: () => cursor.move(-1), ...free },
    { key: 'Home', group: list, does: t('inbox.keys.first'), run: () => cursor.edge(false), ...free },
    { key: 'End', group: list, does: t('inbox.keys.last'), run: () => cursor.edge(true), ...free },
    { key: 'x', group: list, does: t('inbox.keys.select'), run: () => cursor.row.value && cursor.toggle([cursor.row.value.id]), when: onRow },
    { key: 'J', group: list, does: t('inbox.keys.extend_next'), run: () => cursor.extend(1) },
    { key: 'K', group: list, does: t('inbox.keys.extend_previous'), run: () => cursor.extend(-1) },
    { key: 'shift+ArrowDown', group: list, does: t('inbox.keys.extend_next'), run: () => cursor.extend(1), ...free },
    { key: 'shift+ArrowUp', group: list, does: t('inbox.keys.extend_previous'), run: () => cursor.extend(-1), ...free },
    { key: '*', group: list, does: t('inbox.keys.select_all'), run: doing.selectAll },
    { key: 'e', group: list, does: t('inbox.keys.toggle'), run: () => doing.group() },
    { key: 'ArrowRight', group: list, does: t('inbox.keys.open_group'), run: () => doing.group(true), ...free },
    { key: 'ArrowLeft', group: list, does: t('inbox.keys.close_group'), run: () => doing.group(false), ...free },
    { key: 'o', group: go, does: t('inbox.keys.open'), run: doing.open },
    { key: 'Enter', group: go, does: t('inbox.keys.open'), run: doing.open, ...free },
    { key: ' ', group: go, does: t('inbox.keys.preview'), run: doing.preview, when: () => isFree() && onRow() },
    { key: '/', group: go, does: t('inbox.keys.search'), run: doing.search },
    { key: 'f', group: go, does: t('inbox.keys.filter'), run: doing.filter },
    { key: '.', group: go, does: t('inbox.keys.news'), run: doing.news, when: doing.hasNews },
    { key: 'Escape', group: list, does: t('inbox.keys.escape'), run: doing.escape, inFields: true },
  ];
  useShortcuts(keys);
}
