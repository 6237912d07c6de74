import { ref, type Ref } from 'vue';
import type { Span } from './timeline';
import type { TimeWindow } from './use-time';

/** What mouse and fingers do to the time that is seen: a drag selects a stretch, ctrl and the wheel or two fingers enlarge. */
export interface TimePointer {
  /** The stretch that is being selected. */
  picked: Ref<Span | null>;
  down: (event: PointerEvent) => void;
  move: (event: PointerEvent) => void;
  up: (event: PointerEvent) => void;
  cancel: (event?: PointerEvent) => void;
  wheel: (event: WheelEvent) => void;
}

/** A hand shakes by less. */
const FAR = 4;

/** `lane`: the element that is as wide as the time that is seen. */
export function useTimePointer(time: TimeWindow, lane: () => Pick<HTMLElement, 'getBoundingClientRect'> | null): TimePointer {
  const picked = ref<Span | null>(null);
  let start: { x: number; time: number } | null = null;
  const fingers = new Map<number, number>();

  const box = () => lane()?.getBoundingClientRect() ?? null;
  const length = () => time.seen.value.to - time.seen.value.from;
  function timeAt(x: number): number {
    const { left, width } = box() ?? { left: 0, width: 1 };
    return time.seen.value.from + (Math.min(Math.max(x - left, 0), width) / Math.max(width, 1)) * length();
  }

  function down(event: PointerEvent): void {
    if (event.pointerType === 'touch') return void fingers.set(event.pointerId, event.clientX);
    const room = box();
    if (event.button === 0 && room && event.clientX >= room.left && event.clientX <= room.right) start = { x: event.clientX, time: timeAt(event.clientX) };
  }
  function move(event: PointerEvent): void {
    if (fingers.has(event.pointerId)) return pinch(event.pointerId, event.clientX);
    if (!start || (!picked.value && Math.abs(event.clientX - start.x) < FAR)) return;
    // From now on it is no click: what is below it does not hear of one.
    if (!picked.value) (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    const now = timeAt(event.clientX);
    picked.value = { from: Math.min(start.time, now), to: Math.max(start.time, now) };
  }
  function pinch(finger: number, x: number): void {
    const before = [...fingers.values()];
    fingers.set(finger, x);
    const [[one, other], [oneNow, otherNow]] = [before, [...fingers.values()]] as [[number, number?], [number, number?]];
    if (other === undefined || otherNow === undefined) return;
    const middle = (one + other) / 2;
    time.zoom(Math.max(Math.abs(oneNow - otherNow), 1) / Math.max(Math.abs(one - other), 1), timeAt(middle));
    time.move(((middle - (oneNow + otherNow) / 2) / Math.max(box()?.width ?? 1, 1)) * length());
  }
  function cancel(event?: PointerEvent): void {
    if (event) fingers.delete(event.pointerId);
    [start, picked.value] = [null, null];
  }
  return {
    picked, down, move, cancel,
    up(event) {
      if (picked.value && picked.value.to > picked.value.from) time.select(picked.value);
      cancel(event);
    },
    wheel(event) {
      const { ctrlKey, metaKey, shiftKey, deltaX, deltaY } = event;
      const sideways = shiftKey && !deltaX ? deltaY : deltaX;
      if (ctrlKey || metaKey) time.zoom(Math.exp(-deltaY / 300), timeAt(event.clientX));
      else if (time.zoomed.value && Math.abs(sideways) > Math.abs(shiftKey ? 0 : deltaY)) time.move((sideways / Math.max(box()?.width ?? 1, 1)) * length());
      else return;
      event.preventDefault();
    },
  };
}
