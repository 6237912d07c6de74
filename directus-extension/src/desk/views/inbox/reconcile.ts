interface Row {
  id: string;
}

export interface Reconciled<Each extends Row> {
  /** What is to be shown: all of `now` in its order, except what is held back; what is gone stays where it was. */
  rows: Each[];
  /** No longer there. */
  gone: Set<string>;
  /** There now, and not shown before. */
  news: Each[];
}

/** What becomes of a list that somebody looks at when a newer one is read. Pure. */
export function reconcile<Each extends Row>(shown: readonly Each[], now: readonly Each[], { insert }: { insert: boolean }): Reconciled<Each> {
  const present = new Set(now.map(({ id }) => id));
  const known = new Set(shown.map(({ id }) => id));
  const gone = new Set<string>();
  /** What is gone, by what stood before it and is still there. */
  const behind = new Map<string | null, Each[]>();
  let before: string | null = null;
  for (const row of shown) {
    if (present.has(row.id)) before = row.id;
    else {
      gone.add(row.id);
      behind.set(before, [...(behind.get(before) ?? []), row]);
    }
  }
  const kept = insert ? now : now.filter(({ id }) => known.has(id));
  const rows = [...(behind.get(null) ?? []), ...kept.flatMap((row) => [row, ...(behind.get(row.id) ?? [])])];
  return { rows, gone, news: now.filter(({ id }) => !known.has(id)) };
}
