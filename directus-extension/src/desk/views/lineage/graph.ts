import type { Schemas } from '../../api/types';

export type VersionNode = Schemas['VersionNode'];
export type RunNode = Schemas['RunNode'];
export type Edge = Schemas['Edge'];
export type Known = VersionNode | RunNode;

/** Nodes that are drawn as one. */
export interface GroupNode {
  kind: 'group';
  id: string;
  /** A path without its numbers, or the name of a step. */
  name: string;
  members: VersionNode[];
  stale: boolean;
}

export type Shown = Known | GroupNode;

export interface Graph<Node = Known> {
  nodes: readonly Node[];
  edges: readonly Edge[];
}

export type Clustering = 'none' | 'path' | 'step';

/** An answer to "what lies around this version", and how far it looked. */
export interface Part {
  graph: Graph;
  depth: number;
  /** Milliseconds since 1970: when it came. */
  at: number;
}

/** What several answers say together; the first says how far away a node is, the latest what it is now. */
export function merge(parts: Iterable<Part>): Graph {
  const nodes = new Map<string, { node: Known; at: number }>();
  const edges = new Map<string, Edge>();
  for (const { graph, at } of parts) {
    for (const node of graph.nodes) {
      const known = nodes.get(node.id);
      const now = known && known.at > at ? known.node : node;
      const place = known?.node.kind === 'version' ? { depth: known.node.depth, direction: known.node.direction } : {};
      nodes.set(node.id, { node: { ...now, ...place } as Known, at: Math.max(at, known?.at ?? at) });
    }
    for (const edge of graph.edges) edges.set(`${edge.from_id} ${edge.type} ${edge.to_id}`, edge);
  }
  return { nodes: [...nodes.values()].map(({ node }) => node), edges: [...edges.values()] };
}

/** Without what says nothing in a picture: that a step belongs to an execution stands in the step itself. */
export function tidy({ nodes, edges }: Graph): Graph {
  const left = edges.filter(({ type }) => type !== 'part_of');
  const ends = new Set(left.flatMap(({ from_id, to_id }) => [from_id, to_id]));
  return { nodes: nodes.filter(({ kind, id }) => kind === 'version' || ends.has(id)), edges: left };
}

/** Without the lines that say what a step between says already: derived from what the step used. */
export function uncrossed({ nodes, edges }: Graph): Graph {
  const used = new Map<string, Set<string>>();
  for (const { type, from_id, to_id } of edges) if (type === 'used') used.set(from_id, (used.get(from_id) ?? new Set()).add(to_id));
  const through = new Set(edges.flatMap(({ type, from_id, to_id }) => (type === 'generated_by' ? [...(used.get(to_id) ?? [])].map((source) => `${from_id} ${source}`) : [])));
  return { nodes, edges: edges.filter(({ type, from_id, to_id }) => type !== 'derived_from' || !through.has(`${from_id} ${to_id}`)) };
}

/** Versions whose neighbours may not all be known: those at the edge of every answer that has them. */
export function frontier(parts: Iterable<Part>): Set<string> {
  const open = new Set<string>();
  const closed = new Set<string>();
  for (const { graph, depth } of parts) {
    for (const node of graph.nodes) if (node.kind === 'version') (node.depth >= depth ? open : closed).add(node.id);
  }
  return new Set([...open].filter((id) => !closed.has(id)));
}

/** The path without its numbers: the pages of a book are of one kind. */
export function kindOfPath(path: string): string {
  return path.replace(/\d+/g, '#');
}

/** A group of one kind of path falls into groups below one path each when it is opened, and those into versions. */
function pathKey({ project_id, schema_key }: VersionNode, opened: ReadonlySet<string>): string {
  const key = `${project_id} ${kindOfPath(schema_key)}`;
  if (!opened.has(`group:${key}`) || !schema_key.includes('.')) return key;
  return `${project_id} ${schema_key.slice(0, schema_key.lastIndexOf('.'))}.*`;
}

/** The same graph with versions of one kind drawn as one. What is `kept` or whose group is `opened` stays alone. */
export function cluster(graph: Graph, by: Clustering, opened: ReadonlySet<string>, kept: string): Graph<Shown> {
  if (by === 'none') return graph;
  const made = new Map(graph.edges.filter(({ type }) => type === 'generated_by').map(({ from_id, to_id }) => [from_id, to_id]));
  const names = new Map(graph.nodes.map((node) => [node.id, node.kind === 'version' ? node.schema_key : node.name ?? '']));
  const groups = new Map<string, VersionNode[]>();
  for (const node of graph.nodes) {
    if (node.kind !== 'version' || node.id === kept) continue;
    const key = by === 'path' ? pathKey(node, opened) : made.get(node.id);
    if (key) groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  const within = new Map<string, string>();
  const drawn: GroupNode[] = [];
  for (const [key, members] of groups) {
    const id = `group:${key}`;
    if (members.length < 2 || opened.has(id)) continue;
    members.forEach((member) => within.set(member.id, id));
    drawn.push({ kind: 'group', id, name: by === 'path' ? key.slice(key.indexOf(' ') + 1) : names.get(key) ?? '', members, stale: members.some(({ stale }) => stale) });
  }
  const edges = new Map<string, Edge>();
  for (const edge of graph.edges) {
    const [from_id, to_id] = [within.get(edge.from_id) ?? edge.from_id, within.get(edge.to_id) ?? edge.to_id];
    if (from_id !== to_id) edges.set(`${from_id} ${edge.type} ${to_id}`, { ...edge, from_id, to_id });
  }
  return { nodes: [...graph.nodes.filter(({ id }) => !within.has(id)), ...drawn], edges: [...edges.values()] };
}

/** What search looks at. */
export function nameOf(node: Shown): string {
  return node.kind === 'version' ? node.schema_key : node.name ?? '';
}

/** What a version was made from directly that no longer counts: the registry says why for approved versions only. */
export function replacedSources({ nodes, edges }: Graph, id: string): (Pick<VersionNode, 'schema_key' | 'version_number' | 'status'> & { successor: null })[] {
  const made = new Set(edges.filter(({ from_id }) => from_id === id).map(({ to_id }) => to_id));
  return nodes.flatMap((node) => (node.kind === 'version' && made.has(node.id) && ['superseded', 'rejected', 'archived'].includes(node.status) ? [{ ...node, successor: null }] : []));
}
