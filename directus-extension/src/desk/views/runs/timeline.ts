import type { Schemas } from '../../api/types';

export type Step = Schemas['Step'];

/** One try of a step: when it began to wait, began to run and ended, in milliseconds. Null: not yet. */
export interface Attempt {
  step: Step;
  queued: number | null;
  started: number | null;
  ended: number | null;
}

/** A step with all its attempts, the oldest first. */
export interface Row {
  key: string;
  name: string;
  level: number;
  attempts: Attempt[];
  latest: Attempt;
  /** Names of steps it waits for. */
  needs: string[];
}

export interface Span {
  from: number;
  to: number;
}

const timeOf = (text: string | null) => (text ? new Date(text).getTime() : null);

export function rowsOf(steps: readonly Step[]): Row[] {
  const byName = new Map<string, Step[]>();
  for (const step of steps) {
    const key = step.step_name ?? step.id;
    byName.set(key, [...(byName.get(key) ?? []), step]);
  }
  const rows = [...byName].map(([key, tries]): Row => {
    const attempts = tries.toSorted((one, other) => (one.attempt ?? 1) - (other.attempt ?? 1)).map(attemptOf);
    const latest = attempts.at(-1)!;
    return { key, name: latest.step.step_name ?? '', level: latest.step.level ?? 0, attempts, latest, needs: namesIn(latest.step.depends_on) };
  });
  return rows.sort((one, other) => one.level - other.level || order(one, other) || begin(one) - begin(other) || one.name.localeCompare(other.name, undefined, { numeric: true }));
}

function attemptOf(step: Step): Attempt {
  return { step, queued: timeOf(step.queued_at), started: timeOf(step.started_at), ended: timeOf(step.completed_at) };
}

/** Any JSON may stand there. */
function namesIn(dependsOn: unknown): string[] {
  return Array.isArray(dependsOn) ? dependsOn.filter((name) => typeof name === 'string') : [];
}

function order(one: Row, other: Row): number {
  return (one.latest.step.step_order ?? 0) - (other.latest.step.step_order ?? 0);
}

function begin({ attempts: [first] }: Row): number {
  return first?.started ?? first?.queued ?? Infinity;
}

/** From the first time known to the last, or to now while something goes on. */
export function spanOf(rows: readonly Row[], now: number): Span {
  let [from, to] = [Infinity, -Infinity];
  for (const attempt of rows.flatMap(({ attempts }) => attempts)) {
    for (const time of [attempt.queued, attempt.started, attempt.ended]) {
      if (time !== null) [from, to] = [Math.min(from, time), Math.max(to, time)];
    }
    if (isOpen(attempt)) to = Math.max(to, now);
  }
  if (from > to) return { from: now - 1000, to: now };
  return { from, to: Math.max(to, from + 1000) };
}

export function isOpen({ step: { status } }: Attempt): boolean {
  return status === 'running' || status === 'queued';
}

/** How long it waited and how long it ran; null where that is not known. */
export function timesOf(attempt: Attempt, now: number): { waited: number | null; ran: number | null } {
  const end = attempt.ended ?? (isOpen(attempt) ? now : null);
  const since = attempt.started ?? end;
  return {
    waited: attempt.queued !== null && since !== null ? Math.max(since - attempt.queued, 0) : null,
    ran: attempt.started !== null && end !== null ? Math.max(end - attempt.started, 0) : null,
  };
}

/** Where a time lies, from 0 to 1. */
export function at(time: number, { from, to }: Span): number {
  return (time - from) / (to - from);
}

const STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, 604_800].map((seconds) => seconds * 1000);

/** Round durations since the beginning that lie in the part that is seen, at most so many and one; and how far they are apart. */
export function ticksOf(seen: Span, begin: number, most: number): { size: number; times: number[] } {
  const [from, to] = [seen.from - begin, seen.to - begin];
  const size = STEPS.find((step) => (to - from) / step <= most) ?? (to - from) / most;
  const first = Math.ceil(from / size - 1e-6);
  return { size, times: Array.from({ length: Math.max(Math.floor(to / size + 1e-6) - first + 1, 0) }, (_, index) => (first + index) * size) };
}

/** A bar from one time to another, as far as it is seen: where it begins and how wide it is, in parts of what is seen. */
export function barOf(from: number, to: number, seen: Span): { left: number; width: number } | null {
  if (to < seen.from || from > seen.to) return null;
  // A little beyond the borders, so that a bar that goes on looks so.
  const [left, right] = [Math.max(at(from, seen), -BEYOND), Math.min(at(to, seen), 1 + BEYOND)];
  return { left, width: Math.max(right - left, 0) };
}

const BEYOND = 0.02;

/** When an attempt began and ended, as far as that is known: one that goes on ends now. Null: no time is known. */
export function reachOf(attempt: Attempt, now: number): Span | null {
  const from = attempt.queued ?? attempt.started ?? attempt.ended;
  return from === null ? null : { from, to: attempt.ended ?? (isOpen(attempt) ? now : attempt.started ?? from) };
}

/** Where there is room for words about an attempt: behind it, before it, else upon its end; out of sight, at the border it lies beyond. They need `room`, a part of what is seen. */
export function wordsAt(reach: Span | null, seen: Span, room: number): { side: 'behind' | 'before' | 'upon' | 'past' | 'ahead' | 'nowhere'; at: number } {
  if (!reach) return { side: 'nowhere', at: 0 };
  if (reach.to < seen.from) return { side: 'past', at: 0 };
  if (reach.from > seen.to) return { side: 'ahead', at: 1 };
  const [from, to] = [at(reach.from, seen), at(reach.to, seen)];
  if (to <= 1 - room) return { side: 'behind', at: to };
  return from >= room ? { side: 'before', at: from } : { side: 'upon', at: Math.min(to, 1) };
}

/** How many steps there are in each status, by their latest attempts. */
export function countsOf(rows: readonly Row[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { latest } of rows) counts.set(latest.step.status ?? 'queued', (counts.get(latest.step.status ?? 'queued') ?? 0) + 1);
  return counts;
}
