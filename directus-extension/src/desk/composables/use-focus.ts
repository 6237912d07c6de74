import { onMounted, onScopeDispose } from 'vue';

type Home = () => HTMLElement | null | undefined;

/** Where the keyboard goes when what it was on is gone; the last one that is there. */
const homes: Home[] = [];
/** What had the focus last, in whichever view. */
let last: EventTarget | null = null;
let watcher: MutationObserver | null = null;

/** `home` takes the focus while the component is there and what had it goes: a decided row, a closed menu, a view that was left. */
export function useFocusHome(home: Home): void {
  onMounted(() => {
    if (homes.length === 0) start();
    homes.push(home);
    keep();
  });
  onScopeDispose(() => {
    homes.splice(homes.indexOf(home), 1);
    if (homes.length === 0) stop();
  });
}

/** Out of a field, to where keys are shortcuts. */
export function focusHome(): void {
  const home = homes.map((each) => each()).findLast((each) => each?.isConnected);
  if (!home) return;
  if (!home.hasAttribute('tabindex')) home.tabIndex = -1;
  home.focus({ preventScroll: true });
}

/** Whether a view may take the focus: nobody has put it anywhere. */
export function isFocusFree(): boolean {
  return document.activeElement === document.body || homes.some((home) => home() === document.activeElement);
}

/** Who has put the keyboard nowhere, by a press beside everything, is left there. */
function keep(): void {
  if (document.activeElement === document.body && last instanceof Node && !last.isConnected) focusHome();
}

function note({ target }: FocusEvent): void {
  last = target;
}

// Browsers say nothing when the element that has the focus is taken away.
function start(): void {
  document.addEventListener('focusin', note);
  watcher = new MutationObserver(keep);
  watcher.observe(document.body, { childList: true, subtree: true });
}

function stop(): void {
  document.removeEventListener('focusin', note);
  watcher?.disconnect();
}

/** For `@vue:mounted` of a dialog's card (`tabindex="-1"`): Directus keeps the tab key in a dialog and leaves the focus outside. */
export function focusDialog({ el }: { el: unknown }): void {
  const card = el as HTMLElement;
  // Directus puts it into its place first.
  setTimeout(() => card.contains(document.activeElement) || card.focus({ preventScroll: true }));
}
