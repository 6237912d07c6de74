import type { Version } from '../../api/types';
import { ON_SCREEN, pageAddress } from './compare/pages';

/** What Directus makes smaller pictures of. */
const PICTURES = ['image/png', 'image/jpeg', 'image/webp', 'image/avif', 'image/gif', 'image/tiff'];
const WIDTH = 1600;

/** Where the picture of a version is that is shown first: of a PDF its first page; null where it is no picture. */
export function pictureOf({ id: versionId, files, primary_file_id }: Pick<Version, 'id' | 'files' | 'primary_file_id'>): string | null {
  const file = files.find(({ id }) => id === primary_file_id);
  if (file?.type === 'application/pdf') return pageAddress({ versionId, file }, 1, ON_SCREEN);
  if (!file || !PICTURES.includes(file.type ?? '')) return null;
  const changed = file.changed_at ? `&changed=${encodeURIComponent(file.changed_at)}` : '';
  return `/assets/${file.id}?width=${WIDTH}&withoutEnlargement=true&format=webp&quality=85${changed}`;
}
