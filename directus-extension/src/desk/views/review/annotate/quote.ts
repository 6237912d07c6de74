/** A text inside a value and where it stands there. */
interface Found {
  pointer: string;
  start: number;
  end: number;
  quote: string;
}

/** Of a large value no more strings than these are looked through. */
const MOST = 5000;

/** Where the characters that somebody selected stand in a value; null where they are no part of its texts. */
export function quoteIn(value: unknown, selected: string): Found | null {
  const quote = selected.trim();
  if (quote === '') return null;
  const queue: [string, unknown][] = [['', value]];
  for (let at = 0; at < queue.length && at < MOST; at += 1) {
    const [pointer, each] = queue[at]!;
    if (typeof each === 'string') {
      const start = each.indexOf(quote);
      if (start >= 0) return { pointer, start, end: start + quote.length, quote };
    } else if (typeof each === 'object' && each !== null) {
      for (const [key, below] of Object.entries(each)) queue.push([`${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, below]);
    }
  }
  return null;
}

/** Whether there is a text in it to quote. */
export function hasText(value: unknown): boolean {
  return typeof value === 'string' ? value.trim() !== '' : typeof value === 'object' && value !== null && Object.values(value).some(hasText);
}
