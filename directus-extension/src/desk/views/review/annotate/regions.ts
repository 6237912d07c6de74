/** What a remark is about, as the registry reads it in `feedback.regions`. Shares of a picture count from its upper left corner. */
export interface Place {
  /** Which of the version's files; else its primary one. */
  file_id?: string;
  /** Of a document, counted from 1. */
  page?: number;
  comment?: string;
}

export interface PointRegion extends Place { shape: 'point'; x: number; y: number }
export interface RectRegion extends Place { shape: 'rect'; x: number; y: number; width: number; height: number }
/** Seconds; without an end it is a moment. */
export interface TimeRegion extends Place { shape: 'time'; start: number; end?: number }
/** Characters counted from 0, without the one at `end`. */
export interface TextRegion extends Place { shape: 'text'; pointer?: string; start: number; end: number; quote?: string }
/** A JSON pointer into the value. */
export interface PointerRegion extends Place { shape: 'pointer'; pointer: string }

export type Region = PointRegion | RectRegion | TimeRegion | TextRegion | PointerRegion;
export type DrawnRegion = PointRegion | RectRegion;

/** Smaller rectangles are a slip of the hand: they become pins. */
export const SMALLEST = 0.01;
/** Finer than a pixel of any picture, and short to read. */
const DIGITS = 4;

export function isDrawn(region: Region): region is DrawnRegion {
  return region.shape === 'point' || region.shape === 'rect';
}

/** The mark between two corners, in whatever order they were drawn. */
export function between(from: { x: number; y: number }, to: { x: number; y: number }): DrawnRegion {
  const [left, right] = [share(Math.min(from.x, to.x)), share(Math.max(from.x, to.x))];
  const [top, bottom] = [share(Math.min(from.y, to.y)), share(Math.max(from.y, to.y))];
  if (right - left < SMALLEST || bottom - top < SMALLEST) return { shape: 'point', x: share(to.x), y: share(to.y) };
  return { shape: 'rect', x: left, y: top, width: rounded(right - left), height: rounded(bottom - top) };
}

/** The mark somewhere else; it stays on the picture as a whole. */
export function moved<Drawn extends DrawnRegion>(region: Drawn, dx: number, dy: number): Drawn {
  const { width, height } = sizeOf(region);
  return { ...region, x: rounded(within(region.x + dx, 1 - width)), y: rounded(within(region.y + dy, 1 - height)) };
}

/** The rectangle larger or smaller; a pin has no size. */
export function resized<Drawn extends DrawnRegion>(region: Drawn, dx: number, dy: number): Drawn {
  if (region.shape === 'point') return region;
  const [width, height] = [region.width + dx, region.height + dy];
  return { ...region, width: rounded(Math.min(Math.max(width, SMALLEST), 1 - region.x)), height: rounded(Math.min(Math.max(height, SMALLEST), 1 - region.y)) };
}

export function sizeOf(region: DrawnRegion): { width: number; height: number } {
  return region.shape === 'rect' ? { width: region.width, height: region.height } : { width: 0, height: 0 };
}

/** The feedback that carries these; nothing where there are none. */
export function feedbackOf(regions: readonly Region[]): { regions: Region[] } | undefined {
  if (regions.length === 0) return undefined;
  return { regions: regions.map(({ comment, ...region }) => ({ ...region, ...(comment?.trim() ? { comment: comment.trim() } : {}) })) };
}

/** The regions in somebody's feedback, which may be any JSON. What cannot be drawn is left out. */
export function regionsIn(feedback: unknown): Region[] {
  const found = (feedback as { regions?: unknown } | null | undefined)?.regions;
  return Array.isArray(found) ? found.filter(isRegion) : [];
}

/** What a rejection says where only the marks were commented on, so that the next run reads it. */
export function saidByRegions(regions: readonly Region[]): string {
  const comments = regions.map(({ comment }) => comment?.trim()).filter(Boolean);
  return comments.length > 1 ? comments.map((comment, at) => `${at + 1}. ${comment}`).join('\n') : (comments[0] ?? '');
}

const NUMBERS: Record<string, string[]> = { point: ['x', 'y'], rect: ['x', 'y', 'width', 'height'], time: ['start'], text: ['start', 'end'], pointer: [] };

function isRegion(each: unknown): each is Region {
  if (typeof each !== 'object' || each === null) return false;
  const region = each as Record<string, unknown>;
  const numbers = NUMBERS[String(region['shape'])];
  if (!numbers || (region['shape'] === 'pointer' && typeof region['pointer'] !== 'string')) return false;
  return numbers.every((name) => Number.isFinite(region[name])) && (region['comment'] === undefined || region['comment'] === null || typeof region['comment'] === 'string');
}

function share(value: number): number {
  return rounded(within(value, 1));
}

function within(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most);
}

function rounded(value: number): number {
  return Number(value.toFixed(DIGITS));
}
