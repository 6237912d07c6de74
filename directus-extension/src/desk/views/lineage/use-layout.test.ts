// @vitest-environment happy-dom
import { effectScope, nextTick, shallowRef } from 'vue';
import { expect, it, vi } from 'vitest';
import type { Edge, Graph, Shown } from './graph';
import { layout, type Task } from './layout';
import { useLayout, type Helper } from './use-layout';

const group = (id: string, name = id): Shown => ({ kind: 'group', id, name, members: [], stale: false });
const SIZES = { sizeOf: () => ({ width: 100, height: 40 }), labelOf: () => 0 };

function helpers() {
  const made: (Helper & { task?: Task; finish: () => void })[] = [];
  const start = () => {
    const helper: (typeof made)[number] = {
      postMessage: (task: Task) => void (helper.task = task),
      terminate: vi.fn(),
      onmessage: null,
      onerror: null,
      finish: () => helper.onmessage?.call(helper as never, { data: layout(helper.task!) } as MessageEvent),
    };
    made.push(helper);
    return helper;
  };
  return { made, start };
}

it('keeps the last picture while the next is worked out, and ends work nobody waits for', async () => {
  const { made, start } = helpers();
  const graph = shallowRef<Graph<Shown>>({ nodes: [group('a')], edges: [] });
  const scope = effectScope();
  const laid = scope.run(() => useLayout(() => graph.value, SIZES, start))!;
  made[0]!.finish();
  expect(laid.drawing.value?.places.size).toBe(1);

  graph.value = { nodes: [group('a'), group('b')], edges: [] };
  await nextTick();
  graph.value = { nodes: [group('a'), group('b'), group('c')], edges: [] };
  await nextTick();
  expect(made[1]!.terminate).toHaveBeenCalled();
  expect([laid.busy.value, laid.drawing.value?.places.size]).toEqual([true, 1]);
  made[2]!.finish();
  expect([laid.busy.value, laid.drawing.value?.places.size]).toEqual([false, 3]);
  scope.stop();
});

it('moves nothing when only what is said of a node changes', async () => {
  const { made, start } = helpers();
  const graph = shallowRef<Graph<Shown>>({ nodes: [group('a')], edges: [] });
  const laid = effectScope().run(() => useLayout(() => graph.value, SIZES, start))!;
  made[0]!.finish();
  graph.value = { nodes: [group('a', 'another name')], edges: [] };
  await nextTick();
  expect(made).toHaveLength(1);
  expect(laid.drawing.value?.graph.nodes[0]).toMatchObject({ name: 'another name' });
});

it('draws a line as what its relation is now, where it was', async () => {
  const { made, start } = helpers();
  const edge = (id: string): Edge => ({ id, from_id: 'b', to_id: 'a', type: 'derived_from', metadata: null });
  const graph = shallowRef<Graph<Shown>>({ nodes: [group('a'), group('b')], edges: [edge('first'), { ...edge('to nowhere'), to_id: 'c' }] });
  const laid = effectScope().run(() => useLayout(() => graph.value, { ...SIZES, labelOf: () => 60 }, start))!;
  made[0]!.finish();
  const [line, ...more] = laid.drawing.value!.lines;
  expect(more).toEqual([]);
  expect(line!.label).toMatchObject({ width: 60 });
  expect(line!.label!.x).toBeGreaterThan(100);

  graph.value = { ...graph.value, edges: [edge('second')] };
  await nextTick();
  expect(laid.drawing.value!.lines).toEqual([{ ...line, edge: edge('second') }]);
});

it('says so where no worker may start', () => {
  const laid = effectScope().run(() => useLayout(() => ({ nodes: [group('a')], edges: [] }), SIZES, () => { throw new Error('refused'); }))!;
  expect(laid.broken.value).toBe(true);
});
