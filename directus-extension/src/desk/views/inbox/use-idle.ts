import { onScopeDispose } from 'vue';

const EVENTS = ['keydown', 'pointermove', 'pointerdown', 'wheel', 'touchmove'] as const;

/** Whether nobody has touched anything for a while: then the page may move things. */
export function useIdle(after = 3000): () => boolean {
  let last = Date.now();
  const touch = () => (last = Date.now());
  for (const event of EVENTS) window.addEventListener(event, touch, { passive: true });
  onScopeDispose(() => EVENTS.forEach((event) => window.removeEventListener(event, touch)));
  return () => Date.now() - last >= after;
}
