import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import type { Graph, Shown } from './graph';
import type { Middles, Size, Task } from './layout';
import program from './layout.worker.ts?bundled';

export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Drawing {
  graph: Graph<Shown>;
  places: ReadonlyMap<string, Place>;
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

export function useLayout(graph: () => Graph<Shown>, sizeOf: (node: Shown) => Omit<Size, 'id'>, start: () => Helper = startHelper): Laid {
  const drawing = shallowRef<Drawing | null>(null);
  const [busy, broken, took] = [ref(false), ref(false), ref(0)];
  let helper: Helper | null = null;
  let shape = '';
  let latest: Graph<Shown> | null = null;

  function stop(): void {
    helper?.terminate();
    [helper, busy.value] = [null, false];
  }

  function begin(now: Graph<Shown>): void {
    const sizes = now.nodes.map((node) => ({ id: node.id, ...sizeOf(node) }));
    const there = new Set(sizes.map(({ id }) => id));
    const edges = now.edges.filter(({ from_id, to_id }) => there.has(from_id) && there.has(to_id));
    const task: Task = { nodes: sizes, edges: edges.map(({ from_id, to_id }) => [to_id, from_id] as const) };
    latest = now;
    const same = JSON.stringify(task);
    // A status that changes moves nothing.
    if (same === shape && drawing.value && !busy.value) return void (drawing.value = { ...drawing.value, graph: now });
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
    helper.onmessage = ({ data }: MessageEvent<Middles>) => {
      stop();
      took.value = performance.now() - from;
      // What is known by now of the nodes, which may be more than when the work began.
      drawing.value = drawingOf(latest ?? now, sizes, data);
    };
    helper.postMessage(task);
  }

  watch(graph, (now) => (now.nodes.length ? begin(now) : undefined), { immediate: true });
  onScopeDispose(stop);
  return { drawing, busy, broken, took };
}

export function drawingOf(graph: Graph<Shown>, sizes: readonly Size[], middles: Middles): Drawing {
  const places = new Map<string, Place>();
  let [right, bottom] = [0, 0];
  sizes.forEach(({ id, width, height }, at) => {
    const place = { x: middles[at * 2]! - width / 2, y: middles[at * 2 + 1]! - height / 2, width, height };
    places.set(id, place);
    [right, bottom] = [Math.max(right, place.x + width), Math.max(bottom, place.y + height)];
  });
  return { graph, places, width: right, height: bottom };
}

function startHelper(): Helper {
  const address = URL.createObjectURL(new Blob([program], { type: 'text/javascript' }));
  const worker = new Worker(address);
  URL.revokeObjectURL(address);
  return worker;
}
