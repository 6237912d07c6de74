import { computed, ref } from 'vue';
import { expect, it } from 'vitest';
import type { Camera } from './use-camera';
import { useMap } from './use-map';

/** A stage of 800 × 600 before a picture; what it shows begins at `x`, `y`. */
function stage(picture = { width: 4000, height: 2000 }) {
  const at = ref({ x: 0, y: 0 });
  const seen = computed(() => ({ ...at.value, width: 800, height: 600 }));
  const camera: Pick<Camera, 'width' | 'seen' | 'centre'> = { width: ref(800), seen, centre: ({ x, y }) => (at.value = { x: x - 400, y: y - 300 }) };
  return { at, ...useMap(camera, () => picture) };
}

it('shows in the frame what the stage shows of the picture', () => {
  const { map, frame, at } = stage();
  at.value = { x: 2000, y: 1000 };
  const { x, y, scale, width, height } = map.value;
  expect(frame.value.x).toBeCloseTo(2000 * scale + x);
  expect(frame.value.y).toBeCloseTo(1000 * scale + y);
  expect(frame.value.width).toBeCloseTo(800 * scale);
  expect(frame.value.height).toBeCloseTo(600 * scale);
  expect(4000 * scale + 2 * x).toBeCloseTo(width);
  expect(height).toBeLessThan(width);
});

it('brings what is pressed to the middle of the stage', () => {
  const { map, press, at } = stage();
  const { x, y, scale } = map.value;
  press({ x: 3000 * scale + x, y: 1500 * scale + y });
  expect(at.value.x).toBeCloseTo(2600);
  expect(at.value.y).toBeCloseTo(1200);
});

it('pulls the frame from where it is held, and only while it is held', () => {
  const { map, frame, press, pull, release, at } = stage();
  at.value = { x: 1000, y: 500 };
  const corner = { x: frame.value.x + 1, y: frame.value.y + 1 };
  press(corner);
  expect(at.value).toEqual({ x: 1000, y: 500 });
  pull({ x: corner.x + 10, y: corner.y });
  expect(at.value.x).toBeCloseTo(1000 + 10 / map.value.scale);
  expect(at.value.y).toBeCloseTo(500);
  release();
  const before = at.value;
  pull({ x: 0, y: 0 });
  expect(at.value).toEqual(before);
});

it('is needless while all of the picture is on the stage', () => {
  expect(stage({ width: 700, height: 500 }).needless.value).toBe(true);
  const { needless, at } = stage({ width: 700, height: 500 });
  at.value = { x: 300, y: 0 };
  expect(needless.value).toBe(false);
  expect(stage().needless.value).toBe(false);
});

it('keeps a frame that can be seen in the map, however far away somebody is and however odd the picture', () => {
  for (const picture of [{ width: 90_000, height: 300 }, { width: 300, height: 90_000 }]) {
    const { map, frame, at } = stage(picture);
    for (const place of [{ x: -5000, y: -5000 }, { x: 99_000, y: 99_000 }]) {
      at.value = place;
      const { x, y, width, height } = frame.value;
      expect(Math.min(width, height)).toBeGreaterThanOrEqual(8);
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(map.value.width + 0.001);
      expect(y + height).toBeLessThanOrEqual(map.value.height + 0.001);
    }
    expect(Math.min(map.value.width, map.value.height)).toBeGreaterThanOrEqual(40);
  }
});
