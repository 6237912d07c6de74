import type { Sort } from './filters';
import type { InboxRow } from './inbox';

export interface GroupItem {
  kind: 'project' | 'task' | 'path';
  key: string;
  /** The project's id, the task's title or the path; null for what belongs to no task. */
  label: string | null;
  depth: number;
  /** How many of it wait. */
  count: number;
  oldest: number;
  open: boolean;
  /** What of it can be selected. */
  ids: string[];
  first: InboxRow;
}

export interface RowItem {
  kind: 'row';
  key: string;
  depth: number;
  row: InboxRow;
}

export type Item = GroupItem | RowItem;

interface Options {
  sort: Sort;
  /** Groups that are closed, by key. */
  closed: ReadonlySet<string>;
  /** Rows that are shown and no longer wait. */
  away: ReadonlySet<string>;
}

interface Node {
  kind: GroupItem['kind'];
  key: string;
  label: string | null;
  rows: InboxRow[];
  oldest: number;
  newest: number;
}

/** Project → task → path → versions as one flat list, in which closed groups are one line. Pure. */
export function itemsOf(rows: readonly InboxRow[], options: Options): Item[] {
  const items: Item[] = [];
  for (const project of groupsOf(rows, (row) => row.project_id, 'project', '', options.sort)) {
    if (!head(project, 0, options, items)) continue;
    const tasks = groupsOf(project.rows, (row) => row.task?.id ?? '', 'task', project.key, options.sort);
    for (const task of tasks) {
      // Where nothing belongs to a task, nobody needs to be told.
      const named = tasks.length > 1 || task.rows[0]?.task;
      if (named && !head({ ...task, label: task.rows[0]?.task ? (task.rows[0].task.title ?? task.rows[0].task.id) : null }, 1, options, items)) continue;
      const depth = named ? 2 : 1;
      for (const path of groupsOf(task.rows, (row) => row.schema_key, 'path', task.key, options.sort)) {
        // One version is its own heading.
        const several = path.rows.length > 1;
        if (several && !head(path, depth, options, items)) continue;
        for (const row of path.rows) items.push({ kind: 'row', key: row.id, row, depth: several ? depth + 1 : depth });
      }
    }
  }
  return items;
}

/** The keys of the groups that a row is in, the innermost first. */
export function groupsAround(row: InboxRow): string[] {
  return groupsUpFrom(`/${row.project_id}/${row.task?.id ?? ''}/${row.schema_key}`);
}

/** A group and those around it. A group's key is that of the one around it and its own name. */
export function groupsUpFrom(key: string): string[] {
  const names = key.split('/').slice(1);
  return names.map((_, at) => `/${names.slice(0, names.length - at).join('/')}`);
}

function head(node: Node, depth: number, { closed, away }: Options, items: Item[]): boolean {
  const open = !closed.has(node.key);
  const waiting = node.rows.filter(({ id }) => !away.has(id));
  items.push({ kind: node.kind, key: node.key, label: node.label, depth, count: waiting.length, oldest: node.oldest, open, ids: waiting.map(({ id }) => id), first: node.rows[0]! });
  return open;
}

/** In the order in which the rows come, or by age. */
function groupsOf(rows: readonly InboxRow[], nameOf: (row: InboxRow) => string, kind: Node['kind'], above: string, sort: Sort): Node[] {
  const found = new Map<string, Node>();
  for (const row of rows) {
    const name = nameOf(row);
    const at = ageOf(row);
    const node = found.get(name);
    if (!node) found.set(name, { kind, key: `${above}/${name}`, label: name, rows: [row], oldest: at, newest: at });
    else {
      node.rows.push(row);
      node.oldest = Math.min(node.oldest, at);
      node.newest = Math.max(node.newest, at);
    }
  }
  const nodes = [...found.values()];
  if (sort === 'path') return nodes;
  if (kind === 'path') for (const node of nodes) node.rows.sort((a, b) => (sort === 'oldest' ? ageOf(a) - ageOf(b) : ageOf(b) - ageOf(a)));
  return nodes.sort((a, b) => (sort === 'oldest' ? a.oldest - b.oldest : b.newest - a.newest));
}

const ages = new WeakMap<InboxRow, number>();

function ageOf(row: InboxRow): number {
  let age = ages.get(row);
  if (age === undefined) ages.set(row, (age = row.date_created ? Date.parse(row.date_created) : 0));
  return age;
}
