import type { Ref } from 'vue';
import type { Inks } from './draw';

const VARIABLES: Record<keyof Inks, string> = {
  line: '--theme--foreground-subdued', accent: '--theme--primary', warning: '--theme--warning', success: '--theme--success', danger: '--theme--danger',
  quiet: '--theme--border-color-accent', text: '--theme--foreground-accent', paper: '--theme--background',
};
const KEPT_MS = 1000;

/**
 * The theme's colours as a canvas takes them. A theme may change while the page is open; asking costs too much for every
 * frame. The same colours are the same object.
 */
export function useInks(stage: Ref<HTMLElement | null>): () => Inks {
  let [inks, at]: [Inks | null, number] = [null, 0];
  return () => {
    if (inks && performance.now() - at < KEPT_MS) return inks;
    const probe = document.createElement('i');
    stage.value?.append(probe);
    const read = ([name, variable]: [string, string]) => {
      probe.style.color = `var(${variable})`;
      return [name, getComputedStyle(probe).color];
    };
    const now = Object.fromEntries(Object.entries(VARIABLES).map(read)) as unknown as Inks;
    probe.remove();
    at = performance.now();
    return (inks = inks && JSON.stringify(inks) === JSON.stringify(now) ? inks : now);
  };
}
