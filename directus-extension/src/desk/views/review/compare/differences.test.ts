import { describe, expect, it } from 'vitest';
import { changesOf, folded, isGap, linesOf } from './differences';

const shown = (rows: ReturnType<typeof linesOf>) =>
  rows?.map(({ before, after, same }) => [same, ...[before, after].map((side) => side && `${side.number} ${side.pieces.map(({ text, changed }) => (changed ? `[${text}]` : text)).join('')}`)]);

describe('lines of two texts', () => {
  it('stand beside each other, and what changed within a line is marked by word', () => {
    expect(shown(linesOf('one\nslow tea\nend', 'one\nfast tea\nend'))).toEqual([
      [true, '1 one', '1 one'], [false, '2 [slow] tea', '2 [fast] tea'], [true, '3 end', '3 end'],
    ]);
  });

  it('may stand on one side only', () => {
    expect(shown(linesOf('a\nb\n', 'a\nb\nc\n'))).toEqual([[true, '1 a', '1 a'], [true, '2 b', '2 b'], [false, null, '3 [c]']]);
    expect(shown(linesOf('a\nb\n', 'b\n'))).toEqual([[false, '1 [a]', null], [true, '2 b', '1 b']]);
  });

  it('that are equal but for white space are equal, if one wants', () => {
    expect(linesOf('a  b\n', 'a b\n')!.every(({ same }) => same)).toBe(false);
    expect(linesOf('  a\n', 'a\n', { ignoreWhitespace: true })!.every(({ same }) => same)).toBe(true);
  });

  it('that are equal and far from a difference are folded', () => {
    const text = Array.from({ length: 50 }, (_, at) => `line ${at}`);
    const other = text.with(25, 'another');
    const rows = folded(linesOf(text.join('\n'), other.join('\n'))!);
    expect(rows.filter(isGap)).toEqual([{ hidden: 22, from: 0 }, { hidden: 21, from: 29 }]);
    expect(rows.filter((row) => !isGap(row))).toHaveLength(7);
  });

  it('that nobody would wait for are not compared', () => {
    const text = (word: string) => Array.from({ length: 20_000 }, (_, at) => `${word} ${at}`).join('\n');
    expect(linesOf(text('one'), text('two'), { patience: 20 })).toBe(null);
  });
});

describe('values', () => {
  it('differ by pointer, with before and after', () => {
    expect(changesOf({ a: 1, b: { c: 'x' }, gone: true }, { a: 2, b: { c: 'x' }, fresh: [1] })).toEqual(expect.arrayContaining([
      { pointer: '/a', kind: 'changed', before: 1, after: 2 },
      { pointer: '/gone', kind: 'removed', before: true, after: undefined },
      { pointer: '/fresh', kind: 'added', before: undefined, after: [1] },
    ]));
  });

  it('that are equal differ in nothing, whatever the order of their keys', () => {
    expect([changesOf({ a: 1, b: 2 }, { b: 2, a: 1 }), changesOf('x', 'x'), changesOf(null, null), changesOf([], [])]).toEqual([[], [], [], []]);
  });

  it('of another kind are other values as wholes', () => {
    expect(changesOf('text', { a: 1 })).toEqual([{ pointer: '', kind: 'changed', before: 'text', after: { a: 1 } }]);
    expect(changesOf(null, [1])).toEqual([{ pointer: '', kind: 'added', before: null, after: [1] }]);
  });

  it('in a list are known again by their id: one put in front changes no other', () => {
    const panels = [{ id: 'p1', text: 'one' }, { id: 'p2', text: 'two' }];
    expect(changesOf({ panels }, { panels: [{ id: 'p0', text: 'new' }, ...panels] })).toEqual([
      { pointer: '/panels/0', kind: 'added', before: undefined, after: { id: 'p0', text: 'new' } },
    ]);
  });

  it('show what stood there, also where earlier steps have moved it', () => {
    expect(changesOf([{ p0: 'zero' }, { p1: 'old one' }], [{ p1: 'new one' }])).toEqual([
      { pointer: '/1', kind: 'removed', before: { p1: 'old one' }, after: undefined },
      { pointer: '/0', kind: 'removed', before: { p0: 'zero' }, after: undefined },
      { pointer: '/0', kind: 'added', before: undefined, after: { p1: 'new one' } },
    ]);
    const named = (...texts: string[]) => texts.map((text) => ({ id: text[0], text }));
    expect(changesOf(named('a1', 'b1', 'c1'), named('c2', 'a1'))).toEqual([
      { pointer: '/1', kind: 'removed', before: { id: 'b', text: 'b1' }, after: undefined },
      { pointer: '/0', kind: 'moved', before: { id: 'c', text: 'c1' }, after: { id: 'c', text: 'c1' } },
      { pointer: '/0/text', kind: 'changed', before: 'c1', after: 'c2' },
    ]);
  });

  it('may hold nothing in a list', () => {
    expect(changesOf({ a: [null] }, { a: [{ x: 1 }] })).toEqual(expect.arrayContaining([{ pointer: '/a/0', kind: 'added', before: undefined, after: { x: 1 } }]));
    expect(changesOf([null, 1], [null, 2])).not.toEqual([]);
  });

  it('may have keys that objects have anyway', () => {
    expect(changesOf({ constructor: { a: [1, 2] } }, { constructor: { a: [2, 3] } })).toEqual([
      { pointer: '/constructor/a/0', kind: 'removed', before: 1, after: undefined },
      { pointer: '/constructor/a/1', kind: 'added', before: undefined, after: 3 },
    ]);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('with a key %s hide nothing behind it', (name) => {
    const given = (value: unknown) => JSON.parse(`{"a": 1, "b": {"c": 2${value === undefined ? '' : `, "${name}": ${JSON.stringify(value)}`}}}`) as unknown;
    const pointer = `/b/${name}`;
    expect(changesOf(given(undefined), given({ x: 1 }))).toEqual([{ pointer, kind: 'added', before: undefined, after: { x: 1 } }]);
    expect(changesOf(given('old'), given('new'))).toEqual([{ pointer, kind: 'changed', before: 'old', after: 'new' }]);
    expect(changesOf(given([1]), given(undefined))).toEqual([{ pointer, kind: 'removed', before: [1], after: undefined }]);
    expect(changesOf(given({ x: 1 }), given({ x: 1 }))).toEqual([]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('that were added are shown with the keys they have', () => {
    const [change] = changesOf({}, { sent: JSON.parse('{"__proto__": {"admin": true}}') });
    expect(JSON.stringify(change?.after)).toBe('{"__proto__":{"admin":true}}');
  });

  it('in a very long list are compared place by place', () => {
    const list = Array.from({ length: 20_000 }, (_, at) => ({ at }));
    expect(changesOf({ list }, { list: list.with(17, { at: -1 }) })).toEqual([{ pointer: '/list/17/at', kind: 'changed', before: 17, after: -1 }]);
    expect(changesOf({ list }, { list: list.slice(0, -1) })).toEqual([{ pointer: '/list/19999', kind: 'removed', before: { at: 19_999 }, after: undefined }]);
  });
});
