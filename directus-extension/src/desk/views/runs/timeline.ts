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

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, 604_800].map((seconds) => seconds * 1000);

/** Round durations since the beginning, at most so many. */
export function ticksOf({ from, to }: Span, most: number): number[] {
  const size = STEPS.find((step) => (to - from) / step <= most) ?? (to - from) / most;
  return Array.from({ length: Math.floor((to - from) / size) + 1 }, (_, index) => index * size);
}

/** How many steps there are in each status, by their latest attempts. */
export function countsOf(rows: readonly Row[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { latest } of rows) counts.set(latest.step.status ?? 'queued', (counts.get(latest.step.status ?? 'queued') ?? 0) + 1);
  return counts;
}
