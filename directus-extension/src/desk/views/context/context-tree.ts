/** What the registry writes into an entry beside the value's own keys. */
const OF_THE_REGISTRY = ['artifact_version_id', 'file_id', 'approved_at', 'version'];

export interface Entry {
  versionId: string;
  versionNumber: number | null;
  fileId: string | null;
  approvedAt: string | null;
  /** The value's own keys. */
  value: Record<string, unknown>;
}

export interface TreeRow {
  /** The path from the top: `brand.logo`, `scenes[2].cover`. */
  path: string;
  label: string;
  /** 1 at the top. */
  level: number;
  entry: Entry | null;
  /** Entries below a group. */
  size: number;
  open: boolean;
}

type Json = unknown;

/** The context as rows, from top to bottom: groups, and entries below those that are open. A search opens what it finds. */
export function rowsOf(context: Json, closed: ReadonlySet<string>, search = ''): TreeRow[] {
  const rows: TreeRow[] = [];
  const wanted = search.trim().toLowerCase();
  for (const child of childrenOf(context, '')) add(child, 1);
  return rows;

  /** Adds what is at and below a node; answers how many entries that are, shown or not. */
  function add({ path, label, node }: Child, level: number): number {
    const entry = entryOf(node);
    if (entry) {
      if (!wanted || matches(path, entry, wanted)) rows.push({ path, label, level, entry, size: 1, open: false });
      return !wanted || matches(path, entry, wanted) ? 1 : 0;
    }
    const at = rows.length;
    const open = wanted !== '' || !closed.has(path);
    rows.push({ path, label, level, entry: null, size: 0, open });
    const size = childrenOf(node, path).reduce((sum, child) => sum + add(child, level + 1), 0);
    rows[at]!.size = size;
    if (size === 0) rows.length = at;
    else if (!open) rows.length = at + 1;
    return size;
  }
}

/** An object is an entry when it names the version it comes from. */
export function entryOf(node: Json): Entry | null {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return null;
  const entry = node as Record<string, unknown>;
  if (typeof entry['artifact_version_id'] !== 'string') return null;
  return {
    versionId: entry['artifact_version_id'],
    versionNumber: typeof entry['version'] === 'number' ? entry['version'] : null,
    fileId: typeof entry['file_id'] === 'string' ? entry['file_id'] : null,
    approvedAt: typeof entry['approved_at'] === 'string' ? entry['approved_at'] : null,
    value: Object.fromEntries(Object.entries(entry).filter(([key]) => !OF_THE_REGISTRY.includes(key))),
  };
}

/** The first few words of a value, for one line. */
export function glance(value: Record<string, unknown>, most = 3): { key: string; text: string; color: string | null }[] {
  return Object.entries(value)
    .filter(([, each]) => each !== null && typeof each !== 'object')
    .slice(0, most)
    .map(([key, each]) => ({ key, text: String(each).slice(0, 80), color: colorOf(each) }));
}

/** A colour written as #RGB, #RRGGBB or #RRGGBBAA. Nothing else: it is put into a style. */
export function colorOf(value: unknown): string | null {
  return typeof value === 'string' && /^#(?:[0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(value) ? value : null;
}

interface Child {
  path: string;
  label: string;
  node: Json;
}

function childrenOf(node: Json, path: string): Child[] {
  if (Array.isArray(node))
    // A gap in a numbered path is null.
    return node.flatMap((each, at) => (each === null ? [] : [{ path: `${path}[${at}]`, label: `[${at}]`, node: each }]));
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node)
    .filter(([key, each]) => !(path === '' && key === '_meta') && typeof each === 'object')
    .sort(([a], [b]) => a.localeCompare(b, undefined, { numeric: true }))
    .map(([key, each]) => ({ path: path ? `${path}.${key}` : key, label: key, node: each }));
}

function matches(path: string, { value }: Entry, wanted: string): boolean {
  return path.toLowerCase().includes(wanted) || JSON.stringify(value).toLowerCase().includes(wanted);
}
