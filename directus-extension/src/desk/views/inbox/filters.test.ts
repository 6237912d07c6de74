import { describe, expect, it } from 'vitest';
import { asked, filtersOf, listOf, sortOf, withFilters } from './filters';

describe('the filters in the address', () => {
  it('are the known ones that say something', () => {
    expect(filtersOf({ project_id: 'spring', q: '', at: 'x', artifact_type: ['image', 'text'], foo: '1' })).toEqual({ project_id: 'spring' });
  });

  it('ask the registry for two letters or more', () => {
    expect(asked({ q: ' a ' })).toEqual({});
    expect(asked({ q: ' ab ', producer: 'p' })).toEqual({ producer: 'p', q: 'ab' });
  });

  it('are changed one by one, and forget which row was looked at', () => {
    expect(withFilters({ project_id: 'a', q: 'x', at: '1', sort: 'newest' }, { q: null, artifact_type: 'image' })).toEqual({ project_id: 'a', artifact_type: 'image', sort: 'newest' });
  });

  it('go to the review page without the order', () => {
    expect(listOf({ schema_key: 'brand.*', q: 'a' })).toBe('schema_key=brand.*');
    expect(sortOf({ sort: 'oldest' })).toBe('oldest');
    expect(sortOf({ sort: 'sideways' })).toBeNull();
  });
});
