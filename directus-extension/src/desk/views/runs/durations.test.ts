import { expect, it, vi } from 'vitest';
import { useDurations, useTickTexts } from './durations';

vi.mock('../../composables/use-texts', () => ({ useTexts: () => ({ n: (value: number, style: Intl.NumberFormatOptions) => new Intl.NumberFormat('en-US', style).format(value) }) }));

it('says in two units at most how long something took', () => {
  const text = useDurations();
  expect([400, 12_000, 200_000, 7_500_000].map(text)).toEqual(['0.4s', '12s', '3m 20s', '2h 5m']);
});

it('marks times as exactly as they lie apart', () => {
  const text = useTickTexts();
  expect([0, 1_640_000, 3_600_000].map((time) => text(time, 10_000))).toEqual(['0s', '27m 20s', '1h']);
  expect(text(1_640_500, 500)).toBe('27m 20.5s');
  expect(text(7_510_000, 10_000)).toBe('2h 5m 10s');
  expect([61_350, 61_400].map((time) => text(time, 50))).toEqual(['1m 1.35s', '1m 1.4s']);
});
