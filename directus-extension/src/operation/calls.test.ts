import { describe, expect, it } from 'vitest';
import { callsOf } from './calls';

describe('the calls of an operation', () => {
  it('are one POST with the body as an object or as JSON text', () => {
    const call = { method: 'POST', path: '/v1/reviews', body: { action: 'approve' } };
    expect(callsOf({ path: '/v1/reviews', body: { action: 'approve' } })).toEqual({ calls: [call], repeated: false });
    expect(callsOf({ path: '/v1/reviews', body: '{"action":"approve"}', repeat: '' })).toEqual({ calls: [call], repeated: false });
  });

  it('send null for what was left empty in a form, at any depth', () => {
    const [call] = callsOf({ path: '/v1/x', body: { reason: '', feedback: { note: 'undefined', tags: ['', 'a'] }, n: 0 } }).calls;
    expect(call?.body).toEqual({ reason: null, feedback: { note: null, tags: [null, 'a'] }, n: 0 });
  });

  it('are one for each item, which stands for $item', () => {
    const { calls, repeated } = callsOf({ path: '/v1/tasks/$item/artifacts', body: { id: '$item', ids: ['$item'], note: 'of $item' }, repeat: ['a/b', 7] });
    expect(repeated).toBe(true);
    expect(calls.map(({ path, body }) => ({ path, body }))).toEqual([
      { path: '/v1/tasks/a%2Fb/artifacts', body: { id: 'a/b', ids: ['a/b'], note: 'of $item' } },
      { path: '/v1/tasks/7/artifacts', body: { id: 7, ids: [7], note: 'of $item' } },
    ]);
  });

  it('take the list as JSON text, and may be none', () => {
    expect(callsOf({ path: '/v1/x', repeat: '["a"]' }).calls).toHaveLength(1);
    expect(callsOf({ path: '/v1/x', repeat: [] })).toEqual({ calls: [], repeated: true });
  });

  it('do not read an item for a replacement pattern', () => {
    expect(callsOf({ path: '/v1/$item', repeat: ['$&'] }).calls[0]?.path).toBe('/v1/%24%26');
  });

  it.each([
    [{ body: '{' }, 'body is not valid JSON'],
    [{ repeat: 'undefined' }, 'repeat is not valid JSON'],
    [{ repeat: { a: 1 } }, 'repeat is not a list'],
    [{ path: '/v1/$item', repeat: [{}] }, 'no text or number'],
  ])('are refused where they cannot be read: %j', (options, sentence) => {
    expect(() => callsOf({ path: '/v1/x', ...options })).toThrow(sentence);
  });
});
