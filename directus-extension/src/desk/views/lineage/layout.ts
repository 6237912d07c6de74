import { graphlib, layout as dagre } from '@dagrejs/dagre';
import { columnsOf, routeOf, type Box } from './route';

export interface Size {
  id: string;
  width: number;
  height: number;
}

export interface Task {
  nodes: readonly Size[];
  /** From what was there before to what was made from it, and how wide what stands on the line is: 0 where nothing does. */
  edges: readonly (readonly [string, string, number])[];
}

/** Numbers only, so that they go over from the worker without being copied. */
export interface Layout {
  /** Where the middles of the nodes are, in their order: x, y, x, y … */
  middles: Float64Array;
  /** The points of all lines, one line after the other; how to join them says route.ts. */
  points: Float64Array;
  /** Where in `points` each line begins, and at the end how many numbers there are. */
  starts: Uint32Array;
  /** Where the middle of each line's label is: x, y; NaN where it has none. */
  labels: Float64Array;
}

/**
 * Above this the exact ranking takes seconds: 500 nodes 3.6 s exactly and 1.2 s by the longest path, 2,000 nodes 121 s and
 * 5 s (Node 22, a chain of twins).
 */
const EXACT = 200;
export const LABEL_HEIGHT = 18;

/** Time runs from left to right. Slow for thousands of nodes: to be called in a worker. */
export function layout({ nodes, edges }: Task): Layout {
  // Two versions may be related in two ways, each with a line and a label of its own.
  const graph = new graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', ranksep: 76, nodesep: 20, edgesep: 8, ranker: nodes.length <= EXACT ? 'network-simplex' : 'longest-path' });
  for (const { id, width, height } of nodes) graph.setNode(id, { width, height });
  edges.forEach(([before, after, label], at) => graph.setEdge(before, after, { labelpos: 'c', width: label, height: label ? LABEL_HEIGHT : 0 }, String(at)));
  dagre(graph);
  return shifted(nodes, edges, graph as unknown as Placed);
}

interface Placed {
  node: (id: string) => Box;
  edge: (edge: { v: string; w: string; name: string }) => { points: { x: number; y: number }[]; x?: number; y?: number };
}

/** Lines may pass above the first node: everything moves down by that, so that nothing lies at negative heights. */
function shifted(nodes: Task['nodes'], edges: Task['edges'], graph: Placed): Layout {
  const boxes = nodes.map(({ id }) => graph.node(id));
  const columns = columnsOf(boxes);
  const labels = new Float64Array(edges.length * 2).fill(NaN);
  const lines = edges.map(([v, w, label], at) => {
    const { points, x, y } = graph.edge({ v, w, name: String(at) });
    if (label) labels.set([x ?? NaN, y ?? NaN], at * 2);
    return routeOf({ from: graph.node(v), to: graph.node(w), passed: points.slice(1, -1), columns, label: label && x !== undefined ? { x, width: label } : undefined });
  });
  const points = Float64Array.from(lines.flat());
  let top = 0;
  for (let at = 1; at < points.length; at += 2) top = Math.min(top, points[at]!);
  for (let at = 1; at < points.length; at += 2) points[at]! -= top;
  for (let at = 1; at < labels.length; at += 2) labels[at]! -= top;

  const starts = new Uint32Array(lines.length + 1);
  lines.forEach((line, at) => (starts[at + 1] = starts[at]! + line.length));
  return { middles: Float64Array.from(boxes.flatMap(({ x, y }) => [x, y - top])), points, starts, labels };
}
