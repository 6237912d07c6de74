import { describe, expect, it } from 'vitest';
import { colorOf, entryOf, glance, rowsOf } from './context-tree';

const entry = (more: object = {}) => ({ artifact_version_id: 'v1', version: 2, approved_at: '2026-01-01T00:00:00Z', ...more });
const CONTEXT = {
  _meta: { context_version: 4 },
  brand: { logo: entry({ file_id: 'f1', format: 'PNG' }), colors: entry({ primary: '#12403F' }) },
  scenes: [entry({ text: 'one' }), null, entry({ text: 'ten' })],
  tagline: entry({ value: 'Slow tea' }),
};
const NONE = new Set<string>();
const shown = (rows: ReturnType<typeof rowsOf>) => rows.map(({ path, level, size }) => [path, level, size]);

describe('the rows of a context', () => {
  it('are groups and entries, without gaps and without what the registry says of itself', () => {
    expect(shown(rowsOf(CONTEXT, NONE))).toEqual([
      ['brand', 1, 2], ['brand.colors', 2, 1], ['brand.logo', 2, 1],
      ['scenes', 1, 2], ['scenes[0]', 2, 1], ['scenes[2]', 2, 1],
      ['tagline', 1, 1],
    ]);
  });

  it('of a closed group are one, which still says how many it holds', () => {
    expect(shown(rowsOf(CONTEXT, new Set(['brand', 'scenes'])))).toEqual([['brand', 1, 2], ['scenes', 1, 2], ['tagline', 1, 1]]);
  });

  it('that a search finds stand open, by path and by value', () => {
    expect(shown(rowsOf(CONTEXT, new Set(['brand']), 'LOGO'))).toEqual([['brand', 1, 1], ['brand.logo', 2, 1]]);
    expect(shown(rowsOf(CONTEXT, NONE, 'slow'))).toEqual([['tagline', 1, 1]]);
    expect(rowsOf(CONTEXT, NONE, 'nothing like it')).toEqual([]);
  });

  it('are none where there is no context', () => {
    expect([rowsOf(null, NONE), rowsOf({}, NONE), rowsOf({ _meta: {} }, NONE)]).toEqual([[], [], []]);
  });
});

describe('an entry', () => {
  it('tells the value from what the registry adds', () => {
    expect(entryOf(CONTEXT.brand.logo)).toEqual({ versionId: 'v1', versionNumber: 2, fileId: 'f1', approvedAt: '2026-01-01T00:00:00Z', value: { format: 'PNG' } });
    expect([entryOf({ a: 1 }), entryOf([]), entryOf(null), entryOf('x')]).toEqual([null, null, null, null]);
  });

  it('at a glance is its first plain values', () => {
    expect(glance({ deep: {}, primary: '#12403F', size: 3, gone: null, more: 'a', last: 'b' })).toEqual([
      { key: 'primary', text: '#12403F', color: '#12403F' },
      { key: 'size', text: '3', color: null },
      { key: 'more', text: 'a', color: null },
    ]);
  });

  it.each(['red', '#12', '#12403F;background:url(//x)', 12, null])('takes no colour from %j', (value) => {
    expect(colorOf(value)).toBeNull();
  });
});
