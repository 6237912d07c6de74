/** A reason that somebody can take instead of typing it. */
export interface Template {
  text: string;
  /** How often it was given here; 0 for those that the desk brings along. */
  count: number;
}

/** Reasons that the desk brings along: keys of `decide.own_reason`. */
export const OWN_REASONS = ['dark', 'text', 'artifacts', 'brand', 'crop', 'request', 'quality', 'facts'] as const;

/** What was said here before, most often first, then the desk's own; each once, and only what fits the search. */
export function templatesFor(said: readonly { action: string; reason: string; count: number }[], own: readonly string[], action: string, search = ''): Template[] {
  const found = new Map<string, Template>();
  const add = (text: string, count: number) => {
    const key = same(text);
    const known = found.get(key);
    if (known) known.count += count;
    else if (key) found.set(key, { text, count });
  };
  // A reason to reject is often one to send back, too; what was said for this very action comes first.
  for (const each of said) if (each.action === action) add(each.reason, each.count);
  for (const each of said) if (each.action !== action && each.action !== 'approve') add(each.reason, 0);
  for (const text of own) add(text, 0);
  const words = same(search).split(' ').filter(Boolean);
  return [...found.values()].sort((a, b) => b.count - a.count).filter(({ text }) => words.every((word) => same(text).includes(word)));
}

function same(text: string): string {
  return text.toLocaleLowerCase().replace(/\s+/g, ' ').trim().replace(/[.! ]+$/, '');
}
