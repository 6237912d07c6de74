import { describe, expect, it, vi } from 'vitest';
import { aRow } from './a-row';
import { choicesOf, typedPath, useChoices, type Known } from './use-choices';

const NOW = Date.parse('2026-01-05T00:00:00Z');
const rows = [aRow('a', { schema_key: 'scenes[1].cover' }), aRow('b', { schema_key: 'scenes[2]' }), aRow('c', { schema_key: 'brand.logo', date_created: '2026-01-04T23:30:00Z' })];
const meta = {
  next_cursor: null, total: 3, oldest: null, projects: [{ id: 'p', key: 'spring', title: 'Spring', waiting: 3, oldest: null }],
  facets: { artifact_type: { image: 3, audio: 0, video: 0, text: 0, json: 0, document: 0, unknown: 1 }, producer: [{ id: 'u', name: 'Ann', count: 2 }, { id: null, name: null, count: 1 }] },
};
const known: Known = { filters: {}, rows, meta, complete: true, now: NOW };

describe('the choices of a filter', () => {
  it('say how many there are of each', () => {
    expect(choicesOf('project', known)).toEqual([{ set: { project_id: 'spring' }, name: 'Spring', count: 3 }]);
    expect(choicesOf('type', known).map(({ set, count }) => [set.artifact_type, count])).toEqual([['image', 3]]);
    expect(choicesOf('producer', known).map(({ name, count }) => [name, count])).toEqual([['Ann', 2]]);
    expect(choicesOf('path', known).map(({ name, count }) => [name, count])).toEqual([['scenes*', 2], ['brand*', 1]]);
    expect(choicesOf('age', known).map(({ values, count }) => [values?.['hours'], count])).toEqual([[24, 2], [72, 2], [168, 0], [1, 1], [24, 1], [168, 3]]);
  });

  it('count nothing while not all is known', () => {
    expect(choicesOf('path', { ...known, complete: false })[0]?.count).toBeNull();
  });

  it('of a subject that is filtered by are asked for without it', async () => {
    const getFresh = vi.fn(async () => ({ etag: null, answer: { data: [], meta: { ...meta, projects: [...meta.projects, { id: 'q', key: null, title: null, waiting: 9, oldest: null }] } } }));
    const { open, choices } = useChoices({ getFresh } as never, () => ({ ...known, filters: { project_id: 'spring', q: 'ab' } }));
    open('project');
    await vi.waitFor(() => expect(choices.value).toHaveLength(2));
    expect(getFresh.mock.calls[0]).toEqual(['readInbox', '/v1/inbox', { q: 'ab', limit: 1 }, null, expect.anything()]);
    expect(choices.value[1]).toEqual({ set: { project_id: 'q' }, name: 'q', count: 9 });
  });

  it('take what somebody types as the beginning of a path', () => {
    expect([' brand.', 'brand.*', ''].map(typedPath)).toEqual(['brand.*', 'brand.*', null]);
  });
});
