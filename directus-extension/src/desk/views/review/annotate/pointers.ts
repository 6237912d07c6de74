/** Of a large value more than these nobody picks from a menu. */
const MOST = 200;

/** The JSON pointers of everything in a value that can be named, outer ones first. */
export function pointersOf(value: unknown): string[] {
  const found: string[] = [];
  const queue: [string, unknown][] = [['', value]];
  for (let at = 0; at < queue.length && found.length < MOST; at += 1) {
    const [above, each] = queue[at]!;
    if (typeof each !== 'object' || each === null) continue;
    for (const [key, below] of Object.entries(each)) {
      const pointer = `${above}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      if (found.length < MOST) found.push(pointer);
      queue.push([pointer, below]);
    }
  }
  return found;
}
