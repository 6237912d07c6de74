import { effectScope, ref } from 'vue';
import { expect, it } from 'vitest';
import { useTime } from './use-time';

function time(to = 100_000) {
  const all = ref({ from: 0, to });
  return { ...effectScope().run(() => useTime(() => all.value))!, run: all };
}

it('leaves the time under the cursor where it is', () => {
  const { seen, zoom } = time();
  zoom(4, 20_000);
  expect(seen.value).toEqual({ from: 15_000, to: 40_000 });
  zoom(2, 20_000);
  expect(seen.value).toEqual({ from: 17_500, to: 30_000 });
});

it('shows all of it again when it is made small enough, and never more than all', () => {
  const { seen, zoom, zoomed, move } = time();
  zoom(2);
  move(-1e9);
  expect(seen.value).toEqual({ from: 0, to: 50_000 });
  move(1e9);
  expect(seen.value).toEqual({ from: 50_000, to: 100_000 });
  expect(zoomed.value).toBe(true);
  zoom(0.4);
  expect([seen.value, zoomed.value]).toEqual([{ from: 0, to: 100_000 }, false]);
});

it('goes no deeper than times are reported', () => {
  const { seen, zoom } = time();
  for (let times = 0; times < 40; times += 1) zoom(3, 31_000);
  expect(seen.value.to - seen.value.from).toBeCloseTo(50);
  expect(seen.value.from).toBeLessThanOrEqual(31_000);
  expect(seen.value.to).toBeGreaterThanOrEqual(31_000);
});

it('shows a stretch, and the whole', () => {
  const { seen, select, whole, zoomed } = time();
  select({ from: 10_000, to: 12_000 });
  expect(seen.value).toEqual({ from: 10_000, to: 12_000 });
  whole();
  expect([seen.value.to, zoomed.value]).toEqual([100_000, false]);
});

it('goes to a step that is out of sight, and stays where a step is seen', () => {
  const { seen, select, reveal } = time();
  select({ from: 40_000, to: 50_000 });
  reveal({ from: 49_000, to: 90_000 });
  expect(seen.value).toEqual({ from: 40_000, to: 50_000 });
  reveal({ from: 70_000, to: 71_000 });
  expect(seen.value).toEqual({ from: 62_000, to: 72_000 });
  reveal({ from: 60_000, to: 90_000 });
  expect(seen.value).toEqual({ from: 62_000, to: 72_000 });
  reveal({ from: 5_000, to: 6_000 });
  expect(seen.value).toEqual({ from: 4_000, to: 14_000 });
});

it('keeps a step in sight however large it is made, from its beginning to its end if that fits', () => {
  const { seen, zoomAround } = time();
  for (let times = 0; times < 6; times += 1) zoomAround(2, { from: 0, to: 1000 });
  expect(seen.value).toEqual({ from: 0, to: 1562.5 });
  zoomAround(1 / 4, { from: 0, to: 1000 });
  zoomAround(2, { from: 4000, to: 5000 });
  expect(seen.value).toEqual({ from: 2937.5, to: 6062.5 });
  zoomAround(2, { from: 0, to: 90_000 });
  expect(seen.value).toEqual({ from: 3718.75, to: 5281.25 });
  zoomAround(2, { from: 80_000, to: 90_000 });
  expect((seen.value.from + seen.value.to) / 2).toBe(4500);
});

it('follows a run that goes on while its end is seen, and stays otherwise', () => {
  const { seen, select, run } = time();
  select({ from: 90_000, to: 100_000 });
  run.value = { from: 0, to: 103_000 };
  expect(seen.value).toEqual({ from: 93_000, to: 103_000 });
  select({ from: 10_000, to: 20_000 });
  run.value = { from: 0, to: 105_000 };
  expect(seen.value).toEqual({ from: 10_000, to: 20_000 });
});
