import type { Schemas } from '../../desk/api/types';

/** What GET /v1/insights/reviews says. */
export type Reviews = Schemas['Reviews'];
export type DecidedDay = Schemas['DecidedDay'];

export const AGES = ['hour', 'day', 'three_days', 'week', 'older'] as const satisfies (keyof Schemas['WaitingByAge'])[];

export interface Share {
  path: string;
  decided: number;
  /** 0 to 1, each. */
  approved: number;
  changes_requested: number;
  rejected: number;
}

export function shareOf({ path, approved, rejected, changes_requested }: Reviews['paths'][number]): Share {
  const decided = approved + rejected + changes_requested;
  const part = (count: number) => (decided === 0 ? 0 : count / decided);
  return { path, decided, approved: part(approved), changes_requested: part(changes_requested), rejected: part(rejected) };
}

const MINUTE = 60;
const UNITS: [Intl.NumberFormatOptions['unit'], number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', MINUTE],
];

/** A duration as a number in the largest unit that it fills one and a half times, so that 90 minutes are not "2 hours". */
export function unitOf(seconds: number): { value: number; unit: string } {
  const [unit, size] = UNITS.find(([, length]) => seconds >= length * 1.5) ?? ['second', 1];
  return { value: seconds / size, unit: unit ?? 'second' };
}

/** The days until `today` as a row of columns, those without a decision among them. At most `most` of them. */
export function columnsOf(days: DecidedDay[], today: string, count: number, most = 60): { day: string; versions: number; seconds: number | null }[] {
  const known = new Map(days.map((each) => [each.day, each]));
  const last = Date.parse(`${today}T00:00:00Z`);
  return Array.from({ length: Math.min(count, most) }, (_, back) => {
    const day = new Date(last - back * 86_400_000).toISOString().slice(0, 10);
    const found = known.get(day);
    return { day, versions: found?.versions ?? 0, seconds: found?.median_seconds ?? null };
  }).reverse();
}
