import { describe, expect, it } from 'vitest';
import { aRow } from './a-row';
import { groupsAround, itemsOf, type Item } from './groups';

const nothing = { sort: 'path' as const, closed: new Set<string>(), away: new Set<string>() };
const shown = (items: Item[]) => items.map((item) => `${'  '.repeat(item.depth)}${item.kind === 'row' ? item.row.id : `${item.kind} ${item.label} ${item.count}`}`);
const task = { id: 't', title: 'Logo' };
const rows = [
  aRow('a', { schema_key: 'x' }),
  aRow('b', { task, schema_key: 'y', date_created: '2026-01-03T00:00:00Z' }),
  aRow('c', { task, schema_key: 'y', date_created: '2026-01-02T00:00:00Z' }),
  aRow('d', { project_id: 'q', date_created: '2025-12-01T00:00:00Z' }),
];

describe('the groups of the inbox', () => {
  it('are project, task, and path where several versions compete', () => {
    expect(shown(itemsOf(rows, nothing))).toEqual(['project p 3', '  task null 1', '    a', '  task Logo 2', '    path y 2', '      b', '      c', 'project q 1', '  d']);
  });

  it('are one line when closed, and count what still waits', () => {
    const closed = new Set([groupsAround(rows[1]!)[0]!, '/q']);
    expect(shown(itemsOf(rows, { ...nothing, closed, away: new Set(['c']) }))).toEqual(['project p 2', '  task null 1', '    a', '  task Logo 1', '    path y 1', 'project q 1']);
  });

  it('come oldest or newest first, each with what is in it', () => {
    const order = (sort: 'oldest' | 'newest') => itemsOf(rows, { ...nothing, sort }).flatMap((item) => (item.kind === 'row' ? item.row.id : [])).join('');
    expect(order('oldest')).toBe('dacb');
    expect(order('newest')).toBe('bcad');
  });
});
