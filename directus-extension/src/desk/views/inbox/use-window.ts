import { computed, onScopeDispose, ref, watch, type ComputedRef, type Ref } from 'vue';

/** The part of a long list that is drawn. */
export interface ListWindow {
  /** From, and up to but not including. */
  range: ComputedRef<{ from: number; to: number }>;
  /** Where each line begins, and at the end how high all of them are. */
  offsets: ComputedRef<Float64Array>;
  top: Ref<number>;
  /** Scrolls as little as is needed for a line to be seen. */
  reveal: (index: number) => void;
  /** Whether a line is on the screen. */
  visible: (index: number) => boolean;
}

interface Line {
  key: string;
}

interface Options<Each extends Line> {
  scroller: Ref<HTMLElement | null>;
  lines: () => readonly Each[];
  heightOf: (line: Each) => number;
  /** Stays where it is on the screen when lines come or go. */
  anchor: () => string | null;
  /** What covers the first lines. */
  covered?: number;
}

const BEYOND = 8;

/** Fixed heights: no line is measured, so thousands of them cost a look-up. */
export function useWindow<Each extends Line>({ scroller, lines, heightOf, anchor, covered = 0 }: Options<Each>): ListWindow {
  const top = ref(0);
  const height = ref(800);
  const offsets = computed(() => offsetsOf(lines().map(heightOf)));
  const range = computed(() => {
    const last = lines().length;
    return { from: Math.max(0, lineAt(offsets.value, top.value) - BEYOND), to: Math.min(last, lineAt(offsets.value, top.value + height.value) + 1 + BEYOND) };
  });

  const measure = () => scroller.value && (height.value = scroller.value.clientHeight);
  const onScroll = () => scroller.value && (top.value = scroller.value.scrollTop);
  const sizes = typeof ResizeObserver === 'undefined' ? null : new ResizeObserver(measure);
  watch(scroller, (now, before) => {
    if (before) [before.removeEventListener('scroll', onScroll), sizes?.unobserve(before)];
    if (!now) return;
    now.addEventListener('scroll', onScroll, { passive: true });
    sizes?.observe(now);
    measure();
  }, { flush: 'post', immediate: true });
  onScopeDispose(() => sizes?.disconnect());

  let before: Placed = { keys: [], offsets: offsets.value };
  watch([lines, offsets], () => {
    const now: Placed = { keys: lines().map(({ key }) => key), offsets: offsets.value };
    const shift = shiftOf(before, now, { top: top.value, height: height.value, anchor: anchor() });
    before = now;
    // At its top the list grows downwards: who is there looks for what is new.
    if (scroller.value && shift !== 0 && top.value > 0) top.value = scroller.value.scrollTop = top.value + shift;
  }, { flush: 'post', immediate: true });

  function scrollTo(to: number): void {
    if (scroller.value) top.value = scroller.value.scrollTop = to;
  }
  return {
    range,
    offsets,
    top,
    visible: (index) => (offsets.value[index + 1] ?? 0) > top.value + covered && (offsets.value[index] ?? 0) < top.value + height.value,
    reveal: (index) => {
      const [start, end] = [offsets.value[index] ?? 0, offsets.value[index + 1] ?? 0];
      if (start < top.value + covered) scrollTo(index <= 1 ? 0 : start - covered);
      else if (end > top.value + height.value) scrollTo(end - height.value);
    },
  };
}

interface Placed {
  keys: readonly string[];
  offsets: Float64Array;
}

export function offsetsOf(heights: readonly number[]): Float64Array {
  const offsets = new Float64Array(heights.length + 1);
  heights.forEach((height, index) => (offsets[index + 1] = offsets[index]! + height));
  return offsets;
}

/** The line at a height; the last one below all of them. */
export function lineAt(offsets: Float64Array, y: number): number {
  let [low, high] = [0, Math.max(offsets.length - 2, 0)];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (offsets[middle]! <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** How far to scroll so that the anchor, or else the first line on the screen that is left, stays where it is. */
export function shiftOf(before: Placed, now: Placed, { top, height, anchor }: { top: number; height: number; anchor: string | null }): number {
  const places = new Map(now.keys.map((key, index) => [key, index]));
  const first = lineAt(before.offsets, top);
  const last = lineAt(before.offsets, top + height);
  const seen = before.keys.slice(first, last + 1);
  const key = anchor !== null && seen.includes(anchor) && places.has(anchor) ? anchor : seen.find((each) => places.has(each));
  if (key === undefined) return 0;
  return now.offsets[places.get(key)!]! - before.offsets[first + seen.indexOf(key)]!;
}
