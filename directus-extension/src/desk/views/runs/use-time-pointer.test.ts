// @vitest-environment happy-dom
import { effectScope } from 'vue';
import { expect, it, vi } from 'vitest';
import { useTime } from './use-time';
import { useTimePointer } from './use-time-pointer';

/** A lane from 200 to 1,200 that shows 100 seconds. */
function lane() {
  const time = effectScope().run(() => useTime(() => ({ from: 0, to: 100_000 })))!;
  const pointer = useTimePointer(time, () => ({ getBoundingClientRect: () => ({ left: 200, right: 1200, width: 1000 }) as DOMRect }));
  const captured = vi.fn();
  const at = (clientX: number, given: object = {}) => ({ clientX, button: 0, pointerId: 1, pointerType: 'mouse', currentTarget: { setPointerCapture: captured }, ...given }) as unknown as PointerEvent;
  const wheel = (given: object) => {
    const event = { ctrlKey: false, metaKey: false, shiftKey: false, deltaX: 0, deltaY: 0, clientX: 700, preventDefault: vi.fn(), ...given };
    pointer.wheel(event as unknown as WheelEvent);
    return event.preventDefault.mock.calls.length > 0;
  };
  return { time, pointer, at, wheel, captured };
}

it('a drag selects a stretch, whichever way it goes', () => {
  const { time, pointer, at, captured } = lane();
  pointer.down(at(600));
  pointer.move(at(500));
  expect(captured).toHaveBeenCalledTimes(1);
  pointer.move(at(400));
  expect(pointer.picked.value).toEqual({ from: 20_000, to: 40_000 });
  pointer.up(at(400));
  expect([pointer.picked.value, time.seen.value]).toEqual([null, { from: 20_000, to: 40_000 }]);
});

it('a click is no drag', () => {
  const { time, pointer, at, captured } = lane();
  pointer.down(at(600));
  pointer.move(at(602));
  pointer.up(at(602));
  expect(captured).not.toHaveBeenCalled();
  expect(time.zoomed.value).toBe(false);
});

it('begins beside the names of the steps only, and can be given up', () => {
  const { time, pointer, at } = lane();
  pointer.down(at(100));
  pointer.move(at(600));
  expect(pointer.picked.value).toBeNull();
  pointer.down(at(400));
  pointer.move(at(600));
  pointer.cancel();
  pointer.up(at(600));
  expect([pointer.picked.value, time.zoomed.value]).toEqual([null, false]);
});

it('two fingers hold the times below them', () => {
  const { time, pointer, at } = lane();
  const finger = (pointerId: number, x: number) => at(x, { pointerId, pointerType: 'touch' });
  pointer.down(finger(1, 600));
  pointer.move(finger(1, 640));
  expect(time.zoomed.value).toBe(false);
  pointer.down(finger(2, 840));
  pointer.move(finger(2, 1040));
  const { from, to } = time.seen.value;
  expect(to - from).toBeCloseTo(50_000);
  expect(from + 0.44 * (to - from)).toBeCloseTo(44_000);
  pointer.up(finger(1, 640));
  const before = time.seen.value;
  pointer.move(finger(2, 300));
  expect(time.seen.value).toEqual(before);
});

it('the wheel enlarges with ctrl, goes sideways when there is something aside, and scrolls otherwise', () => {
  const { time, wheel } = lane();
  expect(wheel({ deltaX: 50 })).toBe(false);
  expect(wheel({ deltaY: 50 })).toBe(false);
  expect(wheel({ ctrlKey: true, deltaY: -300 * Math.log(2) })).toBe(true);
  expect(time.seen.value).toEqual({ from: 25_000, to: 75_000 });
  expect(wheel({ deltaX: 100, deltaY: 10 })).toBe(true);
  expect(time.seen.value).toEqual({ from: 30_000, to: 80_000 });
  expect(wheel({ shiftKey: true, deltaY: -100 })).toBe(true);
  expect(time.seen.value).toEqual({ from: 25_000, to: 75_000 });
  expect(wheel({ deltaX: 10, deltaY: 100 })).toBe(false);
});
