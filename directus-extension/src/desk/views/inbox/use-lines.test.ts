import { effectScope, ref } from 'vue';
import { describe, expect, it } from 'vitest';
import { aRow } from './a-row';
import { useLines } from './use-lines';

function look() {
  const rows = [aRow('a', { task: { id: 't', title: 'T' } }), aRow('b', { task: { id: 't', title: 'T' } }), aRow('c', { project_id: 'q' })];
  const away = ref<ReadonlySet<string>>(new Set());
  return { away, lines: effectScope(true).run(() => useLines(() => rows, () => 'path', () => away.value))! };
}

describe('the lines of the list', () => {
  it('mean the selection, else the row one is on, and nothing that is being decided', () => {
    const { lines, away } = look();
    expect(lines.meant.value.map(({ id }) => id)).toEqual(['a']);
    lines.cursor.toggle(['b', 'c']);
    expect(lines.meant.value.map(({ id }) => id)).toEqual(['b', 'c']);
    away.value = new Set(['a', 'b', 'c']);
    expect(lines.meant.value).toEqual([]);
    // A refusal brings the selection back.
    away.value = new Set();
    expect(lines.selected.value.map(({ id }) => id)).toEqual(['b', 'c']);
  });

  it('select all that is shown, and none of it again', () => {
    const { lines } = look();
    lines.toggle('/q');
    lines.selectAll();
    expect(lines.all.value).toBe(true);
    expect(lines.selected.value.map(({ id }) => id)).toEqual(['a', 'b']);
    lines.selectAll();
    expect(lines.all.value).toBe(false);
  });

  it('close group by group from the inside, and open again', () => {
    const { lines } = look();
    const shown = () => lines.items.value.map(({ key }) => key);
    lines.group(false);
    expect(shown()).toEqual(['/p', '/p/t', '/q', 'c']);
    expect(lines.cursor.active.value).toBe('/p/t');
    lines.group(false);
    expect(shown()).toEqual(['/p', '/q', 'c']);
    lines.group(true);
    lines.group(true);
    expect(lines.cursor.active.value).toBe('a');
    expect(shown()).toContain('b');
  });
});
