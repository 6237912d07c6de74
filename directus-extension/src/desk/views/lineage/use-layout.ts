import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import type { Edge, Graph, Shown } from './graph';
import { LABEL_HEIGHT, type Layout, type Size, type Task } from './layout';
import program from './layout.worker.ts?bundled';

export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A line from a node to what was made from it. */
export interface Line {
  edge: Edge;
  /** As route.ts makes and draws them. */
  points: Float64Array;
  /** All of it lies within. */
  box: Place;
  /** Room kept free for what stands on it. */
  label: Place | null;
}

export interface Drawing {
  graph: Graph<Shown>;
  places: ReadonlyMap<string, Place>;
  lines: readonly Line[];
  width: number;
  height: number;
}

/** A graph with a place for each node, worked out beside the page, so that the page never stands still. */
export interface Laid {
  /** The last one that is done; it stays while the next is worked out. */
  drawing: ShallowRef<Drawing | null>;
  busy: Ref<boolean>;
  /** The browser lets no worker start, or it broke: there is the table. */
  broken: Ref<boolean>;
  /** Milliseconds of the last one. */
  took: Ref<number>;
}

/** As much of a worker as is used. */
export type Helper = Pick<Worker, 'postMessage' | 'terminate' | 'onmessage' | 'onerror'>;

interface Sizes {
  sizeOf: (node: Shown) => Omit<Size, 'id'>;
  /** How wide what stands on a line is; 0 for nothing. */
  labelOf: (edge: Edge) => number;
}

export function useLayout(graph: () => Graph<Shown>, { sizeOf, labelOf }: Sizes, start: () => Helper = startHelper): Laid {
  const drawing = shallowRef<Drawing | null>(null);
  const [busy, broken, took] = [ref(false), ref(false), ref(0)];
  let helper: Helper | null = null;
  let shape = '';
  let latest: { graph: Graph<Shown>; edges: readonly Edge[] } | null = null;

  function stop(): void {
    helper?.terminate();
    [helper, busy.value] = [null, false];
  }

  function begin(now: Graph<Shown>): void {
    const sizes = now.nodes.map((node) => ({ id: node.id, ...sizeOf(node) }));
    const there = new Set(sizes.map(({ id }) => id));
    const edges = now.edges.filter(({ from_id, to_id }) => there.has(from_id) && there.has(to_id));
    const task: Task = { nodes: sizes, edges: edges.map((edge) => [edge.to_id, edge.from_id, labelOf(edge)] as const) };
    latest = { graph: now, edges };
    const same = JSON.stringify(task);
    // A status that changes moves nothing.
    if (same === shape && drawing.value && !busy.value) return void (drawing.value = { ...drawing.value, graph: now, lines: drawing.value.lines.map((line, at) => ({ ...line, edge: edges[at]! })) });
    if (same === shape && busy.value) return;
    shape = same;
    stop();
    const from = performance.now();
    try {
      helper = start();
    } catch {
      broken.value = true;
      return;
    }
    busy.value = true;
    helper.onerror = () => {
      stop();
      broken.value = true;
    };
    helper.onmessage = ({ data }: MessageEvent<Layout>) => {
      stop();
      took.value = performance.now() - from;
      // What is known by now of the nodes, which may be more than when the work began.
      drawing.value = drawingOf(latest!.graph, task, latest!.edges, data);
    };
    helper.postMessage(task);
  }

  watch(graph, (now) => (now.nodes.length ? begin(now) : undefined), { immediate: true });
  onScopeDispose(stop);
  return { drawing, busy, broken, took };
}

/** What was laid out, by name. `edges` are those of the task, in its order. */
export function drawingOf(graph: Graph<Shown>, task: Task, edges: readonly Edge[], { middles, points, starts, labels }: Layout): Drawing {
  const places = new Map(task.nodes.map(({ id, width, height }, at) => [id, around(middles[at * 2]!, middles[at * 2 + 1]!, width, height)]));
  const lines = edges.map((edge, at): Line => {
    const [own, wide] = [points.subarray(starts[at], starts[at + 1]), task.edges[at]![2]];
    return { edge, points: own, box: boxOf(own), label: wide ? around(labels[at * 2]!, labels[at * 2 + 1]!, wide, LABEL_HEIGHT) : null };
  });
  let [right, bottom] = [0, 0];
  for (const { x, y, width, height } of [...places.values(), ...lines.map(({ box }) => box)]) [right, bottom] = [Math.max(right, x + width), Math.max(bottom, y + height)];
  return { graph, places, lines, width: right, height: bottom };
}

function around(x: number, y: number, width: number, height: number): Place {
  return { x: x - width / 2, y: y - height / 2, width, height };
}

/** Bends stay between the points they join. A level line has a height, too, or nothing would overlap it. */
function boxOf(points: Float64Array): Place {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = 0; at < points.length; at += 2) {
    [left, right] = [Math.min(left, points[at]!), Math.max(right, points[at]!)];
    [top, bottom] = [Math.min(top, points[at + 1]!), Math.max(bottom, points[at + 1]!)];
  }
  return { x: left, y: top - 4, width: right - left, height: bottom - top + 8 };
}

function startHelper(): Helper {
  const address = URL.createObjectURL(new Blob([program], { type: 'text/javascript' }));
  const worker = new Worker(address);
  URL.revokeObjectURL(address);
  return worker;
}
