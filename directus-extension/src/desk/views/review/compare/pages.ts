import { addressOf } from '../../../api/addresses';
import { problemOf } from '../../../api/problem';
import type { FileOfVersion } from '../../../api/types';
import type { Size } from './zoom';

/** A PDF of a version. */
export interface Paged {
  versionId: string;
  file: Pick<FileOfVersion, 'id' | 'changed_at'>;
}

/** Pixels across: as a screen shows a page, and for small print looked at closely. */
export const ON_SCREEN = 1600;
export const CLOSELY = 2400;
/** A registry that is busy with other pages is asked again so often. */
const TRIES = 6;
const BUSY = 503;

/** What a document is known by: the same file may belong to several versions. */
export function nameOf({ versionId, file }: Paged): string {
  return `${versionId}/${file.id}`;
}

/** Where the number of pages is told, as a path of the registry. */
export function pagesPath({ versionId, file }: Paged): string {
  return `/v1/artifacts/${versionId}/files/${file.id}/pages`;
}

/** A page as a picture, for `<img>`: it runs nothing. Replaced bytes have another address. */
export function pageAddress(document: Paged, page: number, width: number): string {
  const changed = document.file.changed_at ? `&changed=${encodeURIComponent(document.file.changed_at)}` : '';
  return addressOf(`/artifacts${pagesPath(document)}/${page}?width=${width}${changed}`);
}

/** The page that there is; any, where nobody knows how many there are. */
export function within(page: number, pages: number | null): number {
  const whole = Number.isFinite(page) ? Math.trunc(page) : 1;
  return Math.max(1, pages === null ? whole : Math.min(whole, pages));
}

/** Fetches a picture, which the browser keeps, and answers its size. Throws a Problem: `<img>` would not say what is wrong. */
export async function lookAt(address: string, signal: AbortSignal): Promise<Size> {
  for (let tries = 1; ; tries += 1) {
    const answer = await fetch(address, { signal });
    if (answer.ok) return sizeOf(await answer.blob());
    if (answer.status !== BUSY || tries === TRIES) throw problemOf({ response: { status: answer.status, data: await answer.json().catch(() => null) } });
    await pause(Number(answer.headers.get('Retry-After')) || 1, signal);
  }
}

async function sizeOf(picture: Blob): Promise<Size> {
  const bitmap = await createImageBitmap(picture);
  const { width, height } = bitmap;
  bitmap.close();
  return { width, height };
}

function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => (clearTimeout(timer), reject(signal.reason));
    const timer = setTimeout(() => (signal.removeEventListener('abort', stop), resolve()), seconds * 1000);
    signal.addEventListener('abort', stop, { once: true });
  });
}
