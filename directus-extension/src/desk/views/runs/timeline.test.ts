import { describe, expect, it } from 'vitest';
import { barOf, countsOf, reachOf, rowsOf, spanOf, ticksOf, timesOf, wordsAt, type Step } from './timeline';

const T = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, seconds)).toISOString();
const NOW = Date.UTC(2026, 0, 1, 12, 1, 0);
const step = (step_name: string, given: Partial<Step> = {}): Step => ({ id: `${step_name}-${given.attempt ?? 1}`, step_name, level: 0, attempt: 1, depends_on: null, status: 'completed', queued_at: T(0), started_at: T(1), completed_at: T(3), step_order: null, ...given }) as Step;

describe('the timeline of a run', () => {
  it('has a row for each step, with its attempts in their order', () => {
    const [row] = rowsOf([step('draw', { attempt: 2 }), step('draw', { status: 'failed' })]);
    expect(row).toMatchObject({ name: 'draw', attempts: [{ step: { status: 'failed' } }, { step: { status: 'completed' } }] });
    expect(row?.latest.step.attempt).toBe(2);
  });

  it('goes by level, then by time, then by name as people count', () => {
    const rows = rowsOf([step('publish', { level: 2 }), step('frame_10'), step('frame_9'), step('brief', { queued_at: T(0), started_at: T(0) })]);
    expect(rows.map(({ name }) => name)).toEqual(['brief', 'frame_9', 'frame_10', 'publish']);
  });

  it('reaches to now while something goes on, and no further once all is over', () => {
    const over = rowsOf([step('draw')]);
    expect(spanOf(over, NOW).to).toBe(Date.UTC(2026, 0, 1, 12, 0, 3));
    expect(spanOf(rowsOf([step('draw', { status: 'running', completed_at: null })]), NOW).to).toBe(NOW);
    expect(spanOf([], NOW)).toEqual({ from: NOW - 1000, to: NOW });
  });

  it('knows how long a step waited and ran', () => {
    expect(timesOf(rowsOf([step('draw')])[0]!.latest, NOW)).toEqual({ waited: 1000, ran: 2000 });
    expect(timesOf(rowsOf([step('draw', { status: 'queued', started_at: null, completed_at: null })])[0]!.latest, NOW)).toEqual({ waited: 60_000, ran: null });
    expect(timesOf(rowsOf([step('draw', { status: 'skipped', started_at: null, queued_at: null, completed_at: null })])[0]!.latest, NOW)).toEqual({ waited: null, ran: null });
  });

  it('reads whatever JSON stands for dependencies', () => {
    expect(rowsOf([step('a', { depends_on: ['b', 3] as never }), step('b', { depends_on: { odd: true } as never })]).map(({ needs }) => needs)).toEqual([['b'], []]);
  });

  it('marks round times, and not too many', () => {
    expect(ticksOf({ from: 0, to: 9500 }, 0, 6)).toEqual({ size: 2000, times: [0, 2000, 4000, 6000, 8000] });
    expect(ticksOf({ from: 0, to: 3_000_000 }, 0, 8).times.length).toBeLessThanOrEqual(9);
  });

  it('marks the same times, and those between, when only a part is seen', () => {
    const begin = 1_000_000;
    expect(ticksOf({ from: begin + 61_300, to: begin + 62_400 }, begin, 6)).toEqual({ size: 200, times: [61_400, 61_600, 61_800, 62_000, 62_200, 62_400] });
    for (const from of [0, 33, 4_567, 98_765]) {
      const { size, times } = ticksOf({ from: begin + from, to: begin + from + 700 }, begin, 7);
      expect(times.every((time) => Math.abs(time / size - Math.round(time / size)) < 1e-6 && time >= from - 0.01 && time <= from + 700.01)).toBe(true);
      expect(times.length).toBeGreaterThan(2);
    }
  });

  it('draws of a bar what is seen of it', () => {
    const seen = { from: 1000, to: 2000 };
    expect(barOf(1250, 1500, seen)).toEqual({ left: 0.25, width: 0.25 });
    expect(barOf(0, 900, seen)).toBeNull();
    expect(barOf(2100, 9000, seen)).toBeNull();
    const long = barOf(0, 1e9, seen)!;
    expect(long.left).toBeLessThan(0);
    expect(long.left + long.width).toBeGreaterThan(1);
    expect(long.width).toBeLessThan(1.1);
  });

  it('writes beside a bar where there is room, and at the border if it is out of sight', () => {
    const seen = { from: 1000, to: 2000 };
    const side = (from: number, to: number) => wordsAt({ from, to }, seen, 0.25).side;
    expect([side(1000, 1300), side(1500, 2000), side(900, 2500), side(100, 900), side(2100, 2200)]).toEqual(['behind', 'before', 'upon', 'past', 'ahead']);
    expect(wordsAt(reachOf(rowsOf([step('draw', { status: 'skipped', started_at: null, queued_at: null, completed_at: null })])[0]!.latest, NOW), seen, 0.25).side).toBe('nowhere');
  });

  it('knows from when to when an attempt goes, as far as it has come', () => {
    expect(reachOf(rowsOf([step('draw', { status: 'running', completed_at: null })])[0]!.latest, NOW)).toEqual({ from: Date.UTC(2026, 0, 1, 12, 0, 0), to: NOW });
    expect(reachOf(rowsOf([step('draw', { queued_at: null })])[0]!.latest, NOW)).toEqual({ from: Date.UTC(2026, 0, 1, 12, 0, 1), to: Date.UTC(2026, 0, 1, 12, 0, 3) });
  });

  it('counts steps by their latest attempts', () => {
    expect(countsOf(rowsOf([step('draw', { status: 'failed' }), step('draw', { attempt: 2 }), step('text', { status: 'queued' })]))).toEqual(new Map([['completed', 1], ['queued', 1]]));
  });
});
