import type { Schemas } from '../../../api/types';

/** A line of what would change: where, and what stands there before and after. */
export interface Line {
  /** Below the changed path: `headline`, `palette.primary`. */
  key: string;
  kind: 'added' | 'removed' | 'changed';
  before: string | null;
  after: string | null;
}

/** Of one path more than these nobody reads in a panel. */
export const MOST_LINES = 30;
const MOST_CHARACTERS = 160;
/** What every promotion writes: who reads the change knows that. */
const WRITTEN_ALWAYS = new Set(['artifact_version_id', 'file_id', 'approved_at', 'version']);

/** What is different between two entries of a context, leaf by leaf; what the registry always writes is left out. */
export function linesOf({ before, after }: Pick<Schemas['Change'], 'before' | 'after'>): Line[] {
  const [old, now] = [leaves(before), leaves(after)];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((key) => {
    const [was, is] = [old.get(key) ?? null, now.get(key) ?? null];
    if (was === is || WRITTEN_ALWAYS.has(key)) return [];
    return [{ key, kind: was === null ? 'added' : is === null ? 'removed' : 'changed', before: was, after: is } satisfies Line];
  });
}

function leaves(value: unknown, above = '', found = new Map<string, string>()): Map<string, string> {
  if (value === null || value === undefined) return found;
  if (typeof value !== 'object' || Object.keys(value).length === 0) return found.set(above, short(value));
  for (const [key, each] of Object.entries(value)) {
    const place = Array.isArray(value) ? `${above}[${key}]` : above ? `${above}.${key}` : key;
    if (each === null) found.set(place, 'null');
    else leaves(each, place, found);
  }
  return found;
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text;
}
