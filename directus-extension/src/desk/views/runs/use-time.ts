import { computed, shallowRef, watch, type ComputedRef } from 'vue';
import type { Span } from './timeline';

/** The part of a run's time that is seen. */
export interface TimeWindow {
  all: ComputedRef<Span>;
  seen: ComputedRef<Span>;
  zoomed: ComputedRef<boolean>;
  /** Larger by a factor; the time at which somebody points stays where it is, else the middle. */
  zoom: (factor: number, at?: number) => void;
  /** The same, with a stretch in the middle, or what is seen of it; if it is out of sight, around the middle. */
  zoomAround: (factor: number, stretch: Span | null) => void;
  /** Later, in milliseconds; earlier if less than 0. */
  move: (by: number) => void;
  select: (stretch: Span) => void;
  /** As little later or earlier as is needed to see something of a stretch. */
  reveal: (stretch: Span) => void;
  whole: () => void;
}

/** Nobody reports times more exactly. */
const SHORTEST = 50;
const AROUND = 0.1;

export function useTime(all: () => Span): TimeWindow {
  const whole = computed(all);
  const chosen = shallowRef<Span | null>(null);
  const seen = computed(() => chosen.value ?? whole.value);
  const length = () => seen.value.to - seen.value.from;

  function show(from: number, wanted: number): void {
    const { from: first, to: last } = whole.value;
    const wide = Math.max(wanted, Math.min(SHORTEST, last - first));
    if (wide >= (last - first) * 0.999) return void (chosen.value = null);
    const start = Math.min(Math.max(from, first), last - wide);
    chosen.value = { from: start, to: start + wide };
  }
  function reveal({ from, to }: Span): void {
    if (!chosen.value || (to >= seen.value.from && from <= seen.value.to)) return;
    const edge = length() * AROUND;
    show(from > seen.value.to ? Math.min(to + edge - length(), from - edge) : from - edge, length());
  }
  // Who looks at the end of a run that goes on keeps looking at its end.
  watch(whole, (now, before) => {
    if (!chosen.value) return;
    const follows = chosen.value.to >= before.to - 1;
    show(chosen.value.from + (follows ? now.to - before.to : 0), length());
  }, { flush: 'sync' });

  return {
    all: whole,
    seen,
    zoomed: computed(() => chosen.value !== null),
    zoom(factor, at = (seen.value.from + seen.value.to) / 2) {
      const wide = Math.max(length() / factor, SHORTEST);
      show(at - ((at - seen.value.from) / length()) * wide, wide);
    },
    zoomAround(factor, stretch) {
      const [{ from, to }, wide] = [seen.value, Math.max(length() / factor, SHORTEST)];
      const near = stretch && stretch.to >= from && stretch.from <= to ? stretch : seen.value;
      // Of one that is longer than all that will be seen, the part that was seen.
      const middle = near.to - near.from <= wide ? (near.from + near.to) / 2 : (Math.max(near.from, from) + Math.min(near.to, to)) / 2;
      show(middle - wide / 2, wide);
    },
    move: (by) => show(seen.value.from + by, length()),
    select: ({ from, to }) => show(from, to - from),
    reveal,
    whole: () => void (chosen.value = null),
  };
}
