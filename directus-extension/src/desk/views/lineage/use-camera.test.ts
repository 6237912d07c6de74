// @vitest-environment happy-dom
import { effectScope, ref } from 'vue';
import { expect, it } from 'vitest';
import { useCamera } from './use-camera';

function camera() {
  const made = effectScope().run(() => useCamera(ref(null)))!;
  [made.width.value, made.height.value] = [800, 600];
  return made;
}

it('leaves the point under the cursor where it is', () => {
  const { view, zoom, move } = camera();
  move(10, 20);
  const before = (300 - view.x) / view.scale;
  zoom(1.7, { x: 300, y: 200 });
  expect((300 - view.x) / view.scale).toBeCloseTo(before);
});

it('shows all of it, but never larger than life', () => {
  const { view, fit, seen } = camera();
  fit(100, 100);
  expect(view.scale).toBe(1);
  fit(8000, 1000);
  expect(seen.value.x).toBeLessThanOrEqual(0);
  expect(seen.value.x + seen.value.width).toBeGreaterThanOrEqual(8000);
});

it('moves as little as is needed', () => {
  const { view, fit, reveal } = camera();
  fit(800, 600);
  const before = { ...view };
  reveal({ x: 300, y: 300, width: 50, height: 50 });
  expect(view).toEqual(before);
  reveal({ x: 2000, y: 300, width: 50, height: 50 });
  expect((2000 + 50) * view.scale + view.x).toBeCloseTo(800 - 32);
});
