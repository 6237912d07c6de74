import { describe, expect, it } from 'vitest';
import { columnsOf, shareOf, unitOf } from './figures';

describe('figures', () => {
  it('are shares of what was decided', () => {
    expect(shareOf({ path: 'brand.logo', approved: 3, rejected: 1, changes_requested: 0 })).toEqual({ path: 'brand.logo', decided: 4, approved: 0.75, rejected: 0.25, changes_requested: 0 });
    expect(shareOf({ path: 'x', approved: 0, rejected: 0, changes_requested: 0 }).approved).toBe(0);
  });

  it.each([
    [0, 0, 'second'],
    [80, 80, 'second'],
    [90, 1.5, 'minute'],
    [5_000, 5_000 / 60, 'minute'],
    [7_200, 2, 'hour'],
    [259_200, 3, 'day'],
  ])('say %d seconds in a unit that fits', (seconds, value, unit) => {
    expect(unitOf(seconds)).toEqual({ value, unit });
  });

  it('have a column for each day, also over the end of a month', () => {
    const columns = columnsOf([{ day: '2026-03-01', versions: 2, median_seconds: 30 }], '2026-03-02', 3);
    expect(columns).toEqual([
      { day: '2026-02-28', versions: 0, seconds: null },
      { day: '2026-03-01', versions: 2, seconds: 30 },
      { day: '2026-03-02', versions: 0, seconds: null },
    ]);
    expect(columnsOf([], '2026-03-02', 366)).toHaveLength(60);
  });
});
