import { isPicture } from '../../api/addresses';
import type { Version } from '../../api/types';
import { assetOf, SCREEN_WIDTH } from './compare/media';

/** Where the picture of a version is that is shown first; null where it is no picture. */
export function pictureOf({ files, primary_file_id }: Pick<Version, 'files' | 'primary_file_id'>): string | null {
  const file = files.find(({ id }) => id === primary_file_id);
  return file && isPicture(file.type) ? assetOf(file, SCREEN_WIDTH) : null;
}
