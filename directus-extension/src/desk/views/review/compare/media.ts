import { addressOf, assetAddress, isPicture } from '../../../api/addresses';
import type { FileOfVersion, Version } from '../../../api/types';

/** How something is looked at. What nobody knows is shown by its facts. */
export type Kind = 'picture' | 'svg' | 'video' | 'audio' | 'pdf' | 'html' | 'text' | 'none';

const TEXTS = ['application/json', 'application/xml', 'application/yaml', 'application/x-yaml', 'application/x-ndjson', 'application/javascript', 'image/svg+xml'];
/** A picture on a screen needs no more; zoomed in, the whole one is fetched. */
export const SCREEN_WIDTH = 1600;

export function kindOf(type: string | null | undefined): Kind {
  const bare = (type ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (isPicture(bare)) return 'picture';
  if (bare === 'image/svg+xml') return 'svg';
  if (bare.startsWith('video/')) return 'video';
  if (bare.startsWith('audio/')) return 'audio';
  if (bare === 'application/pdf') return 'pdf';
  if (bare === 'text/html' || bare === 'application/xhtml+xml') return 'html';
  if (bare.startsWith('text/') || TEXTS.includes(bare) || bare.endsWith('+json') || bare.endsWith('+xml')) return 'text';
  return 'none';
}

/** What lies under a layer of marks on the stage. */
export function isDrawable(kind: Kind): boolean {
  return kind === 'picture' || kind === 'pdf';
}

/** The files of a version, the primary one first. */
export function filesOf({ files, primary_file_id }: Pick<Version, 'files' | 'primary_file_id'>): FileOfVersion[] {
  return [...files].sort((a, b) => Number(b.id === primary_file_id) - Number(a.id === primary_file_id));
}

/** The bytes of a file, for `<img>`, `<video>` and `<audio>`: these run nothing. A changed file has another address. */
export function assetOf({ id, changed_at }: Pick<FileOfVersion, 'id' | 'changed_at'>, width?: number): string {
  return assetAddress({ id, changed_at }, width ? { width, withoutEnlargement: true, format: 'webp', quality: 85 } : {});
}

/** A picture with all of its pixels. No browser shows a TIFF. */
export function wholeOf({ id, changed_at, type }: Pick<FileOfVersion, 'id' | 'changed_at' | 'type'>): string {
  return assetAddress({ id, changed_at }, type?.toLowerCase().startsWith('image/tiff') ? { format: 'webp' } : {});
}

/** A browser takes four bytes for each of a picture's pixels, however few bytes it has on the way: past this, pages stand still. */
const MOST_PIXELS = 50_000_000;

export interface Pixels {
  width: number;
  height: number;
}

/** What Directus measured or, where it could not, the registry's worker; 0 where nobody could. */
export function pixelsOf({ metadata }: Pick<Version, 'metadata'>, { id, width, height }: Pick<FileOfVersion, 'id' | 'width' | 'height'>): Pixels {
  const measured = (metadata as { media?: Record<string, Partial<Pixels>> } | null)?.media?.[id];
  return { width: width ?? measured?.width ?? 0, height: height ?? measured?.height ?? 0 };
}

/** Whether all of its pixels may be shown. Of what nobody could measure nobody knows. */
export function isBearable({ width, height }: Pixels): boolean {
  return width > 0 && height > 0 && width * height <= MOST_PIXELS;
}

/** A saved copy of a file: never opened as a page. The registry counts the files of a version from 1. */
export function downloadOf({ id, files }: Pick<Version, 'id' | 'files'>, file: Pick<FileOfVersion, 'id'>): string {
  return addressOf(`/artifacts/v1/artifacts/${id}/download?n=${files.findIndex((each) => each.id === file.id) + 1}`);
}

/** Which file of another version stands for one: of the same name, else at the same place. */
export function counterpartOf(file: FileOfVersion | null, at: number, others: readonly FileOfVersion[]): FileOfVersion | null {
  return others.find((other) => file !== null && other.filename_download !== null && other.filename_download === file.filename_download) ?? others[at] ?? null;
}
