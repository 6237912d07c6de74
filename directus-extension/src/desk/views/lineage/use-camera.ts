import { computed, onScopeDispose, reactive, ref, watch, type ComputedRef, type Ref } from 'vue';
import type { Place } from './use-layout';

export interface Point {
  x: number;
  y: number;
}

/** Which part of a plane the stage shows, and how large. A point p of the plane is at p · scale + (x, y). */
export interface Camera {
  view: { x: number; y: number; scale: number };
  width: Ref<number>;
  height: Ref<number>;
  /** What can be seen, in the plane. */
  seen: ComputedRef<Place>;
  move: (x: number, y: number) => void;
  /** The point of the stage stays where it is; else its middle. */
  zoom: (factor: number, at?: Point) => void;
  /** All of it, but never larger than life. */
  fit: (width: number, height: number) => void;
  centre: (place: Place) => void;
  /** As little as is needed for the place to be seen. */
  reveal: (place: Place) => void;
}

const SMALLEST = 0.005;
const LARGEST = 2;
const MARGIN = 32;

export function useCamera(stage: Ref<HTMLElement | null>): Camera {
  const view = reactive({ x: MARGIN, y: MARGIN, scale: 1 });
  const [width, height] = [ref(0), ref(0)];
  const measure = () => stage.value && ([width.value, height.value] = [stage.value.clientWidth, stage.value.clientHeight]);
  const sizes = typeof ResizeObserver === 'undefined' ? null : new ResizeObserver(measure);
  watch(stage, (now) => {
    sizes?.disconnect();
    if (now) sizes?.observe(now);
    measure();
  }, { flush: 'post', immediate: true });
  onScopeDispose(() => sizes?.disconnect());

  const move = (x: number, y: number) => void ([view.x, view.y] = [view.x + x, view.y + y]);
  return {
    view, width, height, move,
    seen: computed(() => ({ x: -view.x / view.scale, y: -view.y / view.scale, width: width.value / view.scale, height: height.value / view.scale })),
    zoom(factor, at = { x: width.value / 2, y: height.value / 2 }) {
      const scale = Math.min(Math.max(view.scale * factor, SMALLEST), LARGEST);
      const by = scale / view.scale;
      [view.x, view.y, view.scale] = [at.x - (at.x - view.x) * by, at.y - (at.y - view.y) * by, scale];
    },
    fit(wide, high) {
      const scale = Math.max(Math.min((width.value - 2 * MARGIN) / wide, (height.value - 2 * MARGIN) / high, 1), SMALLEST);
      [view.x, view.y, view.scale] = [(width.value - wide * scale) / 2, (height.value - high * scale) / 2, scale];
    },
    centre(place) {
      [view.x, view.y] = [width.value / 2 - (place.x + place.width / 2) * view.scale, height.value / 2 - (place.y + place.height / 2) * view.scale];
    },
    reveal(place) {
      const [left, top] = [place.x * view.scale + view.x, place.y * view.scale + view.y];
      move(within(left, left + place.width * view.scale, width.value), within(top, top + place.height * view.scale, height.value));
    },
  };
}

/** How far something has to go to lie between the margins. */
function within(from: number, to: number, size: number): number {
  if (from < MARGIN) return MARGIN - from;
  return to > size - MARGIN ? size - MARGIN - to : 0;
}

export function overlaps(one: Place, other: Place): boolean {
  return one.x < other.x + other.width && other.x < one.x + one.width && one.y < other.y + other.height && other.y < one.y + one.height;
}
