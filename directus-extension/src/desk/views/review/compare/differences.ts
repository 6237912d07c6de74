import { diffLines, diffWordsWithSpace } from 'diff';
import { create } from 'jsondiffpatch';
import { format } from 'jsondiffpatch/formatters/jsonpatch';

export interface Piece {
  text: string;
  changed: boolean;
}

/** A line on either side, or on both; `changed` pieces within it differ from the other side. */
export interface LinePair {
  before: { number: number; pieces: Piece[] } | null;
  after: { number: number; pieces: Piece[] } | null;
  same: boolean;
}

export interface Gap {
  /** Equal lines that are left out between two differences. */
  hidden: number;
  from: number;
}

export type Line = LinePair | Gap;

export const isGap = (line: Line): line is Gap => 'hidden' in line;

const AROUND = 3;
/** Comparing word by word takes time; two lines of more characters than this are compared as wholes. */
const LONGEST_LINE = 2000;
/** So long it may take to compare the lines of two texts, and then the words of changed lines. */
const PATIENCE_MS = 700;

/**
 * Two texts as pairs of lines: equal ones beside each other, changed ones compared by word while there is time. Null where
 * they are so large and so different that nobody would wait for it.
 */
export function linesOf(before: string, after: string, { ignoreWhitespace = false, patience = PATIENCE_MS } = {}): LinePair[] | null {
  const parts = diffLines(before, after, { ignoreWhitespace, timeout: patience });
  if (!parts) return null;
  const until = performance.now() + patience;
  const rows: LinePair[] = [];
  let [left, right] = [0, 0];
  let removed: string[] = [];
  const flush = (added: string[]) => {
    for (let at = 0; at < Math.max(removed.length, added.length); at += 1) {
      const [one, other] = words(removed[at], added[at], performance.now() > until);
      rows.push({ before: one && { number: (left += 1), pieces: one }, after: other && { number: (right += 1), pieces: other }, same: false });
    }
    removed = [];
  };
  for (const part of parts) {
    const lines = part.value.replace(/\n$/, '').split('\n');
    if (part.removed) {
      flush([]);
      removed = lines;
    } else if (part.added) flush(lines);
    else {
      flush([]);
      for (const text of lines) rows.push({ before: { number: (left += 1), pieces: [{ text, changed: false }] }, after: { number: (right += 1), pieces: [{ text, changed: false }] }, same: true });
    }
  }
  flush([]);
  return rows;
}

/** The same with long runs of equal lines left out. */
export function folded(rows: LinePair[], around = AROUND): Line[] {
  const near = rows.map((_, at) => rows.slice(Math.max(at - around, 0), at + around + 1).some(({ same }) => !same));
  const shown: Line[] = [];
  rows.forEach((row, at) => {
    const last = shown.at(-1);
    if (near[at]) shown.push(row);
    else if (last && isGap(last)) last.hidden += 1;
    else shown.push({ hidden: 1, from: at });
  });
  return shown;
}

function words(before: string | undefined, after: string | undefined, late: boolean): [Piece[] | null, Piece[] | null] {
  if (before === undefined || after === undefined || late || before.length + after.length > LONGEST_LINE)
    return [before === undefined ? null : [{ text: before, changed: true }], after === undefined ? null : [{ text: after, changed: true }]];
  const parts = diffWordsWithSpace(before, after);
  const side = (without: 'added' | 'removed') => parts.filter((part) => !part[without]).map(({ value, added, removed }) => ({ text: value, changed: Boolean(added || removed) }));
  return [side('added'), side('removed')];
}

export interface ValueChange {
  /** A JSON pointer; '' is the whole value. */
  pointer: string;
  kind: 'added' | 'removed' | 'changed' | 'moved';
  before: unknown;
  after: unknown;
}

/** Things of a longer list are not looked for elsewhere in it: that would take the square of its length. */
const LONGEST_LIST = 1000;

const differ = create({ arrays: { detectMove: true }, objectHash: (item) => identity(item as Record<string, unknown> | null) });

/** What differs between two values, in the order of the document. */
export function changesOf(before: unknown, after: unknown): ValueChange[] {
  if (!isDocument(before) || !isDocument(after) || Array.isArray(before) !== Array.isArray(after))
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ pointer: '', kind: before === null ? 'added' : after === null ? 'removed' : 'changed', before, after }];
  const originals = new Map<unknown, unknown>();
  // A step's path leads through the document as the steps before it have left it.
  const document = comparable(before, after, originals);
  const delta = differ.diff(document, comparable(after, before, originals));
  const original = (value: unknown) => (originals.has(value) ? originals.get(value) : value);
  const kinds = { add: 'added', remove: 'removed', replace: 'changed', move: 'moved' } as const;
  return (delta === undefined ? [] : format(delta)).map((step) => {
    const was = step.op === 'add' ? undefined : taken(document, step.op === 'move' ? step.from : step.path);
    const is = step.op === 'remove' ? undefined : step.op === 'move' ? was : step.value;
    if (step.op !== 'remove') put(document, step.path, is);
    return { pointer: said(step.path), kind: kinds[step.op], before: original(was), after: original(is) };
  });
}

// The library's own `patch` refuses keys that a value may have, `constructor` for one.
function taken(document: unknown, pointer: string): unknown {
  const [holder, name] = placeOf(document, pointer);
  if (Array.isArray(holder)) return holder.splice(Number(name), 1)[0];
  const value = at(document, pointer);
  if (isDocument(holder)) Reflect.deleteProperty(holder, name);
  return value;
}

function put(document: unknown, pointer: string, value: unknown): void {
  const [holder, name] = placeOf(document, pointer);
  if (Array.isArray(holder)) holder.splice(Number(name), 0, value);
  else if (isDocument(holder)) Reflect.set(holder, name, value);
}

function placeOf(document: unknown, pointer: string): [holder: unknown, name: string] {
  return [at(document, pointer.slice(0, pointer.lastIndexOf('/'))), namesOf(pointer).at(-1) ?? ''];
}

/** No key of a value holds it: the registry takes no such text. */
const MARK = '\u0000';
const said = (pointer: string) => pointer.replaceAll(MARK, '');

/**
 * A value as the differ can be trusted with: it takes a key that every object inherits (`constructor`) for one that is there
 * already, and `__proto__` for no key at all; an agent could hide a change behind either.
 */
function comparable(value: unknown, beside: unknown, originals: Map<unknown, unknown>): unknown {
  if (!isDocument(value)) return value;
  const below = (key: string) => (isDocument(beside) && Object.hasOwn(beside, key) ? (beside as Record<string, unknown>)[key] : undefined);
  const entries = Object.entries(value).map(([key, each]) => [key, comparable(each, below(key), originals)] as const);
  const short = Array.isArray(value) && Math.max(value.length, Array.isArray(beside) ? beside.length : 0) <= LONGEST_LIST;
  const copy = short ? entries.map(([, each]) => each) : (Object.create(null) as Record<string, unknown>);
  if (!Array.isArray(copy)) for (const [key, each] of entries) copy[key === '__proto__' ? `${MARK}${key}` : key] = each;
  originals.set(copy, value);
  return copy;
}

/** Things in a list are known again by what names them, not by their place. */
function identity(item: Record<string, unknown> | null): string {
  const name = item?.['id'] ?? item?.['key'] ?? item?.['name'];
  return typeof name === 'string' || typeof name === 'number' ? `named ${name}` : JSON.stringify(item);
}

function isDocument(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function at(value: unknown, pointer: string): unknown {
  return namesOf(pointer).reduce<unknown>((below, step) => (isDocument(below) && Object.hasOwn(below, step) ? (below as Record<string, unknown>)[step] : undefined), value);
}

function namesOf(pointer: string): string[] {
  return pointer.split('/').slice(1).map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
}
