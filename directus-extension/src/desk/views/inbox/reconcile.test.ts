import { describe, expect, it } from 'vitest';
import { reconcile } from './reconcile';

const rows = (ids: string) => [...ids].map((id) => ({ id }));
const names = (list: { id: string }[]) => list.map(({ id }) => id).join('');

describe('a newer list', () => {
  it('leaves what is gone where it was', () => {
    const found = reconcile(rows('abcde'), rows('bd'), { insert: false });
    expect(names(found.rows)).toBe('abcde');
    expect([...found.gone]).toEqual(['a', 'c', 'e']);
  });

  it('holds back what is new until it may come in', () => {
    const held = reconcile(rows('ac'), rows('abcd'), { insert: false });
    expect(names(held.rows)).toBe('ac');
    expect(names(held.news)).toBe('bd');
    expect(names(reconcile(rows('ac'), rows('abcd'), { insert: true }).rows)).toBe('abcd');
  });

  it('brings the newer state of what stays, in the newer order', () => {
    const found = reconcile([{ id: 'a', votes: 0 }, { id: 'x', votes: 0 }, { id: 'b', votes: 0 }], [{ id: 'b', votes: 1 }, { id: 'a', votes: 0 }], { insert: false });
    expect(found.rows).toEqual([{ id: 'b', votes: 1 }, { id: 'a', votes: 0 }, { id: 'x', votes: 0 }]);
  });
});
