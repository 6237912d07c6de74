import { describe, expect, it } from 'vitest';
import { linesOf } from './changes';

describe('what a promotion would change', () => {
  it('is told leaf by leaf, without what every promotion writes', () => {
    const before = { mood: 'calm', palette: { a: '#000', b: '#111' }, version: 1, artifact_version_id: 'x', approved_at: 'then' };
    const after = { mood: 'calm', palette: { a: '#fff' }, tags: ['new'], version: 2, artifact_version_id: 'y', approved_at: 'now' };
    expect(linesOf({ before, after })).toEqual([
      { key: 'palette.a', kind: 'changed', before: '#000', after: '#fff' },
      { key: 'palette.b', kind: 'removed', before: '#111', after: null },
      { key: 'tags[0]', kind: 'added', before: null, after: 'new' },
    ]);
  });

  it('is everything where nothing stood, and nothing where it is the same', () => {
    expect(linesOf({ before: null, after: { value: 'Sail' } })).toEqual([{ key: 'value', kind: 'added', before: null, after: 'Sail' }]);
    expect(linesOf({ before: { value: 1 }, after: { value: 1 } })).toEqual([]);
  });

  it('shows the beginning of long texts', () => {
    const [line] = linesOf({ before: null, after: { text: 'x'.repeat(1000) } });
    expect(line?.after).toHaveLength(160);
  });
});
