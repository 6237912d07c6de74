import { ref, type Ref } from 'vue';
import type { Registry } from '../../api/registry';
import type { Filter, Filters } from './filters';
import { askInbox, type InboxMeta, type InboxRow } from './inbox';

/** What the bar offers to filter by. Age is one choice over two filters. */
export const SUBJECTS = ['project', 'path', 'type', 'age', 'producer', 'task', 'decidable'] as const;
export type Subject = (typeof SUBJECTS)[number];

export interface Choice {
  /** The filters it sets; null takes one away. */
  set: Partial<Record<Filter, string | null>>;
  /** A name that is data; where there is none, `says` is the key of a text. */
  name?: string;
  says?: string;
  values?: Record<string, unknown>;
  /** How many there are of it; null where nobody counted. */
  count: number | null;
}

export interface Known {
  filters: Filters;
  rows: readonly InboxRow[];
  meta: InboxMeta | null;
  /** `rows` is all there is, so that it can be counted. */
  complete: boolean;
  now: number;
}

const HOUR = 3_600_000;
const AGES: [Filter, number][] = [['older_than_hours', 24], ['older_than_hours', 72], ['older_than_hours', 168], ['younger_than_hours', 1], ['younger_than_hours', 24], ['younger_than_hours', 168]];

/** The filters that a subject is about. */
export const FILTERS_OF: Record<Subject, readonly Filter[]> = {
  project: ['project_id'], path: ['schema_key'], type: ['artifact_type'], age: ['older_than_hours', 'younger_than_hours'], producer: ['producer'], task: ['task_id'], decidable: ['decidable'],
};

export function isSet(subject: Subject, filters: Filters): boolean {
  return FILTERS_OF[subject].some((name) => filters[name]);
}

/** What can be chosen of a subject. Pure. */
export function choicesOf(subject: Subject, { filters, rows, meta, complete, now }: Known): Choice[] {
  // What is counted under a filter knows nothing of its other choices.
  const counts = complete && !isSet(subject, filters);
  switch (subject) {
    case 'project':
      return (meta?.projects ?? []).map(({ id, key, title, waiting }) => ({ set: { project_id: key ?? id }, name: title ?? key ?? id, count: waiting }));
    case 'type':
      return Object.entries(meta?.facets?.artifact_type ?? {}).filter(([type, count]) => count > 0 && type !== 'unknown').map(([type, count]) => ({ set: { artifact_type: type }, says: `desk.type.${type}`, count }));
    case 'producer':
      return (meta?.facets?.producer ?? []).flatMap(({ id, name, count }) => (id ? [{ set: { producer: id }, name: name ?? id, count }] : []));
    case 'age':
      return AGES.map(([name, hours]) => ({
        set: { older_than_hours: null, younger_than_hours: null, [name]: String(hours) },
        says: `inbox.age.${name}`,
        values: { hours },
        count: counts ? rows.filter((row) => isOf(row, name, hours, now)).length : null,
      }));
    case 'path':
      return counted(rows, (row) => startOf(row.schema_key)).map(([path, , count]) => ({ set: { schema_key: path }, name: path, count: counts ? count : null }));
    case 'task':
      return counted(rows, (row) => row.task?.id ?? null).map(([id, row, count]) => ({ set: { task_id: id }, name: row.task?.title ?? id, count: counts ? count : null }));
    case 'decidable':
      return [null, 'false'].map((value) => ({ set: { decidable: value }, says: `inbox.decidable.${value ?? 'true'}`, count: null }));
  }
}

/** What somebody typed as a path: all that begins so, unless they say otherwise. */
export function typedPath(text: string): string | null {
  const path = text.trim();
  if (!path) return null;
  return path.includes('*') ? path : `${path}*`;
}

/** Choices with counts: from what is known, or, where the subject is filtered by already, from one request without it. */
export function useChoices(registry: Pick<Registry, 'getFresh'>, known: () => Known): { open: (subject: Subject) => void; choices: Ref<Choice[]> } {
  const choices = ref<Choice[]>([]);
  let asking = new AbortController();

  async function open(subject: Subject): Promise<void> {
    asking.abort();
    const { signal } = (asking = new AbortController());
    const given = known();
    choices.value = choicesOf(subject, given);
    if (!isSet(subject, given.filters)) return;
    const others = Object.fromEntries(Object.entries(given.filters).filter(([name]) => !FILTERS_OF[subject].includes(name as Filter)));
    // Without an answer the choices known so far have to do.
    const page = await askInbox(registry, { ...others, limit: 1 }, null, signal).catch(() => null);
    if (page && !signal.aborted) choices.value = choicesOf(subject, { ...given, meta: page.answer.meta });
  }
  return { open: (subject) => void open(subject), choices: choices as Ref<Choice[]> };
}

function isOf(row: InboxRow, name: Filter, hours: number, now: number): boolean {
  const age = now - Date.parse(row.date_created ?? '');
  return name === 'older_than_hours' ? age > hours * HOUR : age <= hours * HOUR;
}

/** `scenes[3].cover` → `scenes*`, `brand.logo` → `brand*`: what many paths begin with. */
function startOf(path: string): string {
  return `${/^[^.[]+/.exec(path)?.[0] ?? path}*`;
}

function counted(rows: readonly InboxRow[], nameOf: (row: InboxRow) => string | null): [string, InboxRow, number][] {
  const found = new Map<string, [string, InboxRow, number]>();
  for (const row of rows) {
    const name = nameOf(row);
    if (name === null) continue;
    const entry = found.get(name);
    if (entry) entry[2] += 1;
    else found.set(name, [name, row, 1]);
  }
  return [...found.values()].sort((a, b) => b[2] - a[2]);
}
