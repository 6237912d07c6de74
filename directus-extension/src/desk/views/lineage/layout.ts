import { graphlib, layout as dagre } from '@dagrejs/dagre';

export interface Size {
  id: string;
  width: number;
  height: number;
}

export interface Task {
  nodes: readonly Size[];
  /** From what was there before to what was made from it. */
  edges: readonly (readonly [string, string])[];
}

/** Where the middles of the nodes are, in their order: x, y, x, y … */
export type Middles = Float64Array;

/**
 * Above this the exact ranking takes seconds: 500 nodes 3.6 s exactly and 1.2 s by the longest path, 2,000 nodes 121 s and
 * 5 s (Node 22, a chain of twins).
 */
const EXACT = 200;

/** Time runs from left to right. Slow for thousands of nodes: to be called in a worker. */
export function layout({ nodes, edges }: Task): Middles {
  const graph = new graphlib.Graph();
  // Between two nodes there is room for what joins them: "transcoded from".
  graph.setGraph({ rankdir: 'LR', ranksep: 112, nodesep: 20, edgesep: 8, ranker: nodes.length <= EXACT ? 'network-simplex' : 'longest-path' });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, width, height } of nodes) graph.setNode(id, { width, height });
  for (const [before, after] of edges) graph.setEdge(before, after);
  dagre(graph);
  const middles = new Float64Array(nodes.length * 2);
  nodes.forEach(({ id }, at) => {
    const { x, y } = graph.node(id) as { x: number; y: number };
    middles.set([x, y], at * 2);
  });
  return middles;
}
