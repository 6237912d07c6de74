// @vitest-environment happy-dom
import { effectScope, nextTick, ref, shallowRef } from 'vue';
import { describe, expect, it } from 'vitest';
import { lineAt, offsetsOf, shiftOf, useWindow } from './use-window';

const placed = (keys: string, height = 10) => ({ keys: [...keys], offsets: offsetsOf([...keys].map(() => height)) });

describe('the window of a list', () => {
  it('finds the line at a height', () => {
    const offsets = offsetsOf([40, 60, 60]);
    expect([0, 39, 40, 99, 100, 999].map((y) => lineAt(offsets, y))).toEqual([0, 0, 1, 1, 2, 2]);
    expect(lineAt(offsetsOf([]), 5)).toBe(0);
  });

  it('keeps the anchor on the screen where it is, else the first line that is left', () => {
    const look = { top: 20, height: 30, anchor: 'd' };
    expect(shiftOf(placed('abcdef'), placed('xyabcdef'), look)).toBe(20);
    expect(shiftOf(placed('abcdef'), placed('abdef'), look)).toBe(-10);
    expect(shiftOf(placed('abcdef'), placed('abcef'), look)).toBe(0);
    expect(shiftOf(placed('abcdef'), placed('bcef'), { ...look, anchor: null })).toBe(-10);
  });

  it('draws what is on the screen and a little more', async () => {
    const scroller = ref<HTMLElement | null>(null);
    const lines = shallowRef(Array.from({ length: 5000 }, (_, index) => ({ key: String(index) })));
    const scope = effectScope();
    const list = scope.run(() => useWindow({ scroller, lines: () => lines.value, heightOf: () => 50, anchor: () => null }))!;
    const element = document.createElement('div');
    Object.defineProperty(element, 'clientHeight', { value: 500 });
    scroller.value = element;
    await nextTick();
    expect(list.range.value).toEqual({ from: 0, to: 19 });
    list.reveal(2499);
    expect(element.scrollTop).toBe(2500 * 50 - 500);
    expect(list.visible(2499)).toBe(true);
    expect(list.visible(2488)).toBe(false);
    expect(list.range.value.to - list.range.value.from).toBeLessThan(30);
    // Lines that come in above move what is on the screen not at all.
    lines.value = [{ key: 'new' }, ...lines.value];
    await nextTick();
    expect(element.scrollTop).toBe(2500 * 50 - 450);
    scope.stop();
  });
});
