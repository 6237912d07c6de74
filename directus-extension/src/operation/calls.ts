import { refusal } from '../registry/refusal';

/** What a flow designer fills in. Texts may hold {{…}}, which Directus has replaced by now. */
export interface Options {
  method?: string | null;
  path?: string | null;
  /** An object, or JSON text. */
  body?: unknown;
  /** A list, or JSON text: one call for each item, which stands for "$item" in path and body. */
  repeat?: unknown;
}

export interface Call {
  method: string;
  path: string;
  body: unknown;
  /** The item of `repeat` this call is for. */
  item?: unknown;
}

const ITEM = '$item';

/** The calls that the options ask for, in order. Raises 400 operation_invalid where they cannot be read. */
export function callsOf(options: Options): { calls: Call[]; repeated: boolean } {
  const call = { method: (options.method || 'POST').toUpperCase(), path: options.path ?? '', body: emptied(jsonOf('body', options.body)) };
  const items = emptied(jsonOf('repeat', options.repeat));
  if (items === undefined || items === null) return { calls: [call], repeated: false };
  if (!Array.isArray(items)) throw invalid('repeat is not a list.');
  const calls = items.map((item) => ({ ...call, item, path: pathFor(call.path, item), body: bodyFor(call.body, item) }));
  return { calls, repeated: true };
}

function pathFor(path: string, item: unknown): string {
  if (!path.includes(ITEM)) return path;
  if (typeof item !== 'string' && typeof item !== 'number') throw invalid('$item stands in the path, but an item of repeat is no text or number.');
  return path.replaceAll(ITEM, () => encodeURIComponent(item));
}

function bodyFor(body: unknown, item: unknown): unknown {
  return mapped(body, (value) => (value === ITEM ? item : value));
}

/** Forms of Directus send "" for a field that was emptied; {{…}} of one that was left alone becomes the text "undefined". */
function emptied(value: unknown): unknown {
  return mapped(value, (leaf) => (leaf === '' || leaf === 'undefined' ? null : leaf));
}

function mapped(value: unknown, change: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => mapped(each, change));
  if (typeof value !== 'object' || value === null) return change(value);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapped(each, change)]));
}

function jsonOf(option: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (value.trim() === '') return undefined;
  try {
    return JSON.parse(value);
  } catch {
    throw invalid(`${option} is not valid JSON.`);
  }
}

function invalid(sentence: string) {
  return refusal(400, 'operation_invalid', `The flow is set up wrongly: ${sentence}`);
}
