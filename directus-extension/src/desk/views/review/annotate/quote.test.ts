import { describe, expect, it } from 'vitest';
import { pointersOf } from './pointers';
import { hasText, quoteIn } from './quote';

describe('a quotation', () => {
  it('is found where it stands in the value', () => {
    expect(quoteIn('Sail at dawn.', ' at dawn ')).toEqual({ pointer: '', start: 5, end: 12, quote: 'at dawn' });
    expect(quoteIn({ panels: [{ 'a/b': 'The harbour wakes.' }] }, 'wakes')).toEqual({ pointer: '/panels/0/a~1b', start: 12, end: 17, quote: 'wakes' });
  });

  it('is none where the words come from elsewhere', () => {
    expect(quoteIn({ text: 'Sail' }, 'Approve')).toBeNull();
    expect(quoteIn('Sail', '  ')).toBeNull();
  });

  it('is offered where there is text', () => {
    expect([hasText('Sail'), hasText({ a: [{ b: 'x' }] }), hasText({ a: 1 }), hasText(null)]).toEqual([true, true, false, false]);
  });
});

describe('fields of a value', () => {
  it('are named by pointers, outer ones first', () => {
    expect(pointersOf({ a: { 'b~c': 1 }, d: [2] })).toEqual(['/a', '/d', '/a/b~0c', '/d/0']);
    expect(pointersOf('text')).toEqual([]);
    expect(pointersOf(Array.from({ length: 1000 }, () => ({})))).toHaveLength(200);
  });
});
