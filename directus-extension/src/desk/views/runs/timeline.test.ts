import { describe, expect, it } from 'vitest';
import { countsOf, rowsOf, spanOf, ticksOf, timesOf, type Step } from './timeline';

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
    expect(ticksOf({ from: 0, to: 9500 }, 6)).toEqual([0, 2000, 4000, 6000, 8000]);
    expect(ticksOf({ from: 0, to: 3_000_000 }, 8).length).toBeLessThanOrEqual(9);
  });

  it('counts steps by their latest attempts', () => {
    expect(countsOf(rowsOf([step('draw', { status: 'failed' }), step('draw', { attempt: 2 }), step('text', { status: 'queued' })]))).toEqual(new Map([['completed', 1], ['queued', 1]]));
  });
});
