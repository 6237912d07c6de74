import { onScopeDispose, shallowReactive } from 'vue';

export interface Shortcut {
  /** As KeyboardEvent.key says it (`j`, `?`, `Escape`, ` `), with `shift+`, `ctrl+` or `meta+` before it where needed. */
  key: string;
  /** What it does, in the language of the page; the help shows it. */
  does: string;
  /** The heading under which the help shows it. */
  group: string;
  run: (event: KeyboardEvent) => void;
  /** Offered only then. */
  when?: () => boolean;
  /** Also while somebody types in a field. Escape and ctrl+Enter are such. */
  inFields?: boolean;
}

type Layer = Shortcut[];

/** What is open lies on top: a dialog's shortcuts come before the page's, and a closed layer (`modal`) hides those below. */
const layers = shallowReactive<{ shortcuts: Layer; modal: boolean }[]>([]);

/** Shortcuts while the component that calls this is there. */
export function useShortcuts(shortcuts: Layer, { modal = false } = {}): void {
  const layer = { shortcuts, modal };
  if (layers.length === 0) window.addEventListener('keydown', onKey);
  layers.push(layer);
  onScopeDispose(() => {
    layers.splice(layers.indexOf(layer), 1);
    if (layers.length === 0) window.removeEventListener('keydown', onKey);
  });
}

/** What the help shows: every shortcut that works now, those on top first. */
export function activeShortcuts(): readonly Shortcut[] {
  return reachable().flatMap((layer) => layer.filter(({ when }) => when?.() ?? true));
}

function reachable(): Layer[] {
  const found: Layer[] = [];
  for (const { shortcuts, modal } of [...layers].reverse()) {
    found.push(shortcuts);
    if (modal) break;
  }
  return found;
}

function onKey(event: KeyboardEvent): void {
  if (event.isComposing || (event.defaultPrevented && !isFree(event))) return;
  const pressed = nameOf(event);
  if (isCovered() && pressed !== HELP) return;
  if (PRESSING.includes(pressed) && event.target instanceof Element && event.target.closest(PRESSED)) return;
  const typing = isTyping(event.target);
  const hit = reachable()
    .flat()
    .find(({ key, when, inFields }) => key === pressed && (inFields || !typing) && (when?.() ?? true));
  if (!hit) return;
  event.preventDefault();
  hit.run(event);
}

/** With these one presses what has the focus. */
const PRESSING = [' ', 'Enter'];
const PRESSED = 'button, a, summary, [role="button"], [role="checkbox"], video[controls], audio[controls]';

/** Directus' own shortcuts take these for themselves, whether or not there is anything for them to do. */
const TAKEN = ['Escape', 'ctrl+Enter', 'meta+Enter'];

/** They are free where no dialog or menu of Directus' is open. */
function isFree(event: KeyboardEvent): boolean {
  return TAKEN.includes(nameOf(event)) && !isCovered();
}

/** Shows what works now; pressed again, it closes that. */
const HELP = '?';

/**
 * A dialog or a menu of Directus' lies over the page, wherever the focus is, and has no keys of its own here. One that is
 * closed leaves an empty box behind, or is on its way out.
 */
function isCovered(): boolean {
  const boxes = document.querySelectorAll('#dialog-outlet > :not([class*="-leave-active"]), #menu-outlet > :not([class*="-leave-active"])');
  return !layers.some(({ modal }) => modal) && [...boxes].some((box) => box.childElementCount > 0);
}

/** The shift of `?` and capitals is in the character itself already. */
export function nameOf({ key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent): string {
  const marks = [altKey && 'alt', ctrlKey && 'ctrl', metaKey && 'meta', shiftKey && key.length > 1 && 'shift'].filter(Boolean);
  return [...marks, key].join('+');
}

/** Whether keys mean text there. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName) || target.getAttribute('role') === 'textbox';
}
