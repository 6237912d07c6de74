import type { Version } from '../../api/types';

/** What Directus makes smaller pictures of. */
const PICTURES = ['image/png', 'image/jpeg', 'image/webp', 'image/avif', 'image/gif', 'image/tiff'];
const WIDTH = 1600;

/** Where the picture of a version is that is shown first; null where it is no picture. */
export function pictureOf({ files, primary_file_id }: Pick<Version, 'files' | 'primary_file_id'>): string | null {
  const file = files.find(({ id }) => id === primary_file_id);
  if (!file || !PICTURES.includes(file.type ?? '')) return null;
  const changed = file.changed_at ? `&changed=${encodeURIComponent(file.changed_at)}` : '';
  return `/assets/${file.id}?width=${WIDTH}&withoutEnlargement=true&format=webp&quality=85${changed}`;
}
