// @vitest-environment happy-dom
import { mount } from '@vue/test-utils';
import { computed, nextTick, ref } from 'vue';
import { beforeEach, expect, it, vi } from 'vitest';
import type { Inks } from './draw';
import type { Shown } from './graph';
import LineageMap from './LineageMap.vue';
import type { Camera } from './use-camera';
import type { Drawing } from './use-layout';

const node = (id: string): Shown => ({ kind: 'group', id, name: id, members: [], stale: false });
const drawing = (...ids: string[]): Drawing => ({
  graph: { nodes: ids.map(node), edges: [] }, places: new Map(ids.map((id, at) => [id, { x: at * 500, y: 0, width: 200, height: 60 }])), lines: [], width: 4000, height: 2000,
});
const INKS = Object.fromEntries(['line', 'accent', 'warning', 'success', 'danger', 'quiet', 'text', 'paper'].map((ink) => [ink, ink])) as unknown as Inks;

const boxes: number[] = [];
beforeEach(() => {
  boxes.length = 0;
  vi.stubGlobal('Path2D', class { rects = 0; rect() { this.rects += 1; } });
  const pen = { setTransform: () => undefined, fillStyle: '', fill: ({ rects }: { rects: number }) => void boxes.push(rects) };
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(pen as never);
});

function map() {
  const at = ref({ x: 0, y: 0 });
  const camera = { width: ref(800), seen: computed(() => ({ ...at.value, width: 800, height: 600 })), centre: () => undefined } as unknown as Camera;
  const wrapper = mount(LineageMap, { props: { drawing: drawing('a', 'b'), camera, inks: INKS, rootId: 'a', faded: () => false, affected: null } });
  return { at, wrapper };
}

it('is painted once for each layout, while its frame goes with the camera', async () => {
  const { at, wrapper } = map();
  await nextTick();
  expect(boxes).toEqual([1, 1]);
  const before = wrapper.find('.frame').attributes('style');
  for (const x of [10, 200, 900]) {
    at.value = { x, y: 0 };
    await nextTick();
  }
  expect(wrapper.find('.frame').attributes('style')).not.toBe(before);
  expect(boxes).toEqual([1, 1]);

  await wrapper.setProps({ drawing: drawing('a', 'b', 'c') });
  expect(boxes).toEqual([1, 1, 1, 2]);
});

it('is nothing for a keyboard or a screen reader', () => {
  const { wrapper } = map();
  expect(wrapper.attributes('aria-hidden')).toBe('true');
  expect(wrapper.findAll('[tabindex], button, a')).toEqual([]);
});
