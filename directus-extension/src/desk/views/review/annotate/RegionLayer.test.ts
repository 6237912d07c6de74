// @vitest-environment happy-dom
import { mount } from '@vue/test-utils';
import { createI18n } from 'vue-i18n';
import { describe, expect, it, vi } from 'vitest';
import RegionLayer from './RegionLayer.vue';
import type { Region } from './regions';

const SIZE = 200;
const given = (props: Partial<InstanceType<typeof RegionLayer>['$props']> = {}) => {
  const layer = mount(RegionLayer, {
    props: {
      regions: [], earlier: [], tool: null, active: null, fileId: 'f', primary: true,
      toScreen: ({ x, y }: { x: number; y: number }) => ({ x: x * SIZE, y: y * SIZE }),
      toImage: ({ x, y }: { x: number; y: number }) => ({ x: x / SIZE, y: y / SIZE }),
      ...props,
    },
    global: { plugins: [createI18n({ legacy: false, locale: 'en-US' })] },
    attachTo: document.body,
  });
  layer.element.setPointerCapture = vi.fn();
  return layer;
};
const pin: Region = { shape: 'point', x: 0.5, y: 0.5, file_id: 'f' };
const at = (x: number, y: number) => ({ clientX: x, clientY: y, button: 0, pointerId: 1 });

describe('marks over a picture', () => {
  it('are drawn with the tool in hand, and say which file they are on', async () => {
    const layer = given({ tool: 'rect' });
    await layer.trigger('pointerdown', at(20, 20));
    await layer.trigger('pointermove', at(60, 100));
    await layer.trigger('pointerup', at(60, 100));
    expect(layer.emitted('add')).toEqual([[{ shape: 'rect', x: 0.1, y: 0.1, width: 0.2, height: 0.4, file_id: 'f' }]]);
  });

  it('leave the picture to the stage while one only looks', async () => {
    const layer = given();
    await layer.trigger('pointerdown', at(20, 20));
    await layer.trigger('pointerup', at(20, 20));
    expect(layer.emitted('add')).toBeUndefined();
  });

  it('are moved by arrows, written on with Enter and removed with Delete', async () => {
    const layer = given({ regions: [pin] });
    const mark = layer.get('[data-mark="0"]');
    for (const key of ['ArrowLeft', 'Enter', 'Delete']) await mark.trigger('keydown', { key });
    await mark.trigger('keydown', { key: 'ArrowDown', ctrlKey: true });
    expect(layer.emitted('change')).toEqual([[0, { ...pin, x: 0.49 }], [0, { ...pin, y: 0.55 }]]);
    expect([layer.emitted('write'), layer.emitted('remove')]).toEqual([[[0]], [[0]]]);
  });

  it('of other files are not shown here; those of earlier versions are, on the primary one', () => {
    const earlier = [{ region: { ...pin, file_id: 'older', comment: 'Tilted.' }, name: '2·1' }];
    expect(given({ regions: [{ ...pin, file_id: 'other' }], earlier }).findAll('.mark').map((mark) => mark.attributes('aria-label'))).toEqual(['Mark 2·1 on an earlier version: Tilted.']);
    expect(given({ earlier, primary: false }).findAll('.mark')).toHaveLength(0);
  });

  it('on a page of a document are drawn on it, and shown on it alone', async () => {
    const [one, two, none] = [{ ...pin, page: 1 }, { ...pin, page: 2 }, pin];
    const earlier = [{ region: { ...pin, page: 2, comment: 'Tilted.' }, name: '1·1' }, { region: pin, name: '1·2' }];
    const shownOn = (page: number) => given({ regions: [one, two, none], earlier, page }).findAll('.number').map((mark) => mark.text());
    expect([shownOn(1), shownOn(2), shownOn(3)]).toEqual([['1·2', '1', '3'], ['1·1', '2'], []]);

    const layer = given({ tool: 'point', page: 2 });
    await layer.trigger('pointerdown', at(20, 20));
    await layer.trigger('pointerup', at(20, 20));
    expect(layer.emitted('add')).toEqual([[{ shape: 'point', x: 0.1, y: 0.1, file_id: 'f', page: 2 }]]);
  });
});
