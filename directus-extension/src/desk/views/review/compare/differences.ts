import { diffLines, diffWordsWithSpace } from 'diff';
import { clone, create } from 'jsondiffpatch';
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
/** Comparing takes time by the square of what differs: after so many milliseconds texts are shown as wholes, unmatched. */
const PATIENCE_MS = 500;

/** Two texts as pairs of lines: equal ones beside each other, changed ones compared by word. */
export function linesOf(before: string, after: string, { ignoreWhitespace = false } = {}): LinePair[] {
  const rows: LinePair[] = [];
  const until = performance.now() + 2 * PATIENCE_MS;
  let [left, right] = [0, 0];
  let removed: string[] = [];
  const flush = (added: string[]) => {
    for (let at = 0; at < Math.max(removed.length, added.length); at += 1) {
      const [one, other] = words(removed[at], added[at], performance.now() < until);
      rows.push({ before: one && { number: (left += 1), pieces: one }, after: other && { number: (right += 1), pieces: other }, same: false });
    }
    removed = [];
  };
  const parts = diffLines(before, after, { ignoreWhitespace, timeout: PATIENCE_MS }) ?? [{ value: before, removed: true, added: false }, { value: after, removed: false, added: true }];
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

function words(before: string | undefined, after: string | undefined, patient: boolean): [Piece[] | null, Piece[] | null] {
  if (!patient || before === undefined || after === undefined || before.length + after.length > LONGEST_LINE)
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

const differ = create({ arrays: { detectMove: true }, objectHash: (item) => identity(item as Record<string, unknown> | null) });

/** What differs between two values, in the order of the document. */
export function changesOf(before: unknown, after: unknown): ValueChange[] {
  if (!isDocument(before) || !isDocument(after) || Array.isArray(before) !== Array.isArray(after))
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ pointer: '', kind: before === null ? 'added' : after === null ? 'removed' : 'changed', before, after }];
  const delta = differ.diff(before, after);
  const kinds = { add: 'added', remove: 'removed', replace: 'changed', move: 'moved' } as const;
  // A step's path leads through the document as the steps before it have left it.
  const document = clone(before);
  return (delta === undefined ? [] : format(delta)).map((step) => {
    const was = step.op === 'add' ? undefined : taken(document, step.op === 'move' ? step.from : step.path);
    const is = step.op === 'remove' ? undefined : step.op === 'move' ? was : step.value;
    if (step.op !== 'remove') put(document, step.path, clone(is));
    return { pointer: step.path, kind: kinds[step.op], before: was, after: is };
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

/** Things in a list are known again by what names them, not by their place. */
function identity(item: Record<string, unknown> | null): string {
  const name = item?.['id'] ?? item?.['key'] ?? item?.['name'];
  return typeof name === 'string' || typeof name === 'number' ? `named ${name}` : JSON.stringify(item);
}

function isDocument(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function at(value: unknown, pointer: string): unknown {
  return namesOf(pointer).reduce<unknown>((below, step) => (isDocument(below) ? (below as Record<string, unknown>)[step] : undefined), value);
}

function namesOf(pointer: string): string[] {
  return pointer.split('/').slice(1).map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
}
