import { effectScope, nextTick, ref, shallowRef } from 'vue';
import { describe, expect, it, vi } from 'vitest';
import { aRow } from './a-row';
import { itemsOf } from './groups';
import { revealed, useCursor } from './use-cursor';

function list(ids: string) {
  const rows = shallowRef([...ids].map((id) => aRow(id)));
  const closed = ref<ReadonlySet<string>>(new Set());
  const away = ref<ReadonlySet<string>>(new Set());
  const cursor = effectScope(true).run(() => useCursor(() => itemsOf(rows.value, { sort: 'path', closed: closed.value, away: away.value }), () => away.value))!;
  return { rows, closed, away, cursor };
}

describe('the cursor', () => {
  it('begins on the first row and steps over what is being decided', () => {
    const { cursor, away } = list('abc');
    expect(cursor.active.value).toBe('a');
    away.value = new Set(['b']);
    cursor.move(1);
    expect(cursor.active.value).toBe('c');
    cursor.move(1);
    expect(cursor.active.value).toBe('c');
    cursor.edge(false);
    expect(cursor.active.value).toBe('a');
  });

  it('stays on its version when others come, and goes to the next one when it leaves', async () => {
    const { cursor, rows } = list('abc');
    cursor.go('b');
    rows.value = [...'xyabc'].map((id) => aRow(id));
    await nextTick();
    expect(cursor.active.value).toBe('b');
    rows.value = [...'xyac'].map((id) => aRow(id));
    await nextTick();
    expect(cursor.active.value).toBe('c');
    rows.value = [...'xya'].map((id) => aRow(id));
    await nextTick();
    expect(cursor.active.value).toBe('a');
  });

  it('stands on a closed group for its rows', async () => {
    const { cursor, closed } = list('abc');
    closed.value = new Set(['/p']);
    await nextTick();
    expect(cursor.active.value).toBe('/p');
    expect(cursor.row.value).toBeNull();
  });

  it('selects one by one, on and on, and a stretch', () => {
    const { cursor } = list('abcde');
    cursor.toggle(['a']);
    cursor.extend(1);
    expect([...cursor.selected.value]).toEqual(['a', 'b']);
    cursor.extendTo('d');
    expect([...cursor.selected.value].sort().join('')).toBe('abcd');
    expect(cursor.active.value).toBe('d');
    cursor.toggle(['a', 'b']);
    expect([...cursor.selected.value].sort().join('')).toBe('cd');
    cursor.clear();
    expect(cursor.selected.value.size).toBe(0);
  });

  it('comes into sight where one goes, and leaves the list at rest when others decide above it', async () => {
    const { cursor, rows } = list('abcd');
    const reveal = vi.fn();
    effectScope(true).run(() => revealed(cursor, reveal));
    cursor.go('c');
    await nextTick();
    await nextTick();
    rows.value = [...'bcd'].map((id) => aRow(id));
    await nextTick();
    await nextTick();
    expect(cursor.active.value).toBe('c');
    expect(reveal.mock.calls).toHaveLength(1);
  });
});
