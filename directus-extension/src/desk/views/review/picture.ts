import { isPicture } from '../../api/addresses';
import type { Version } from '../../api/types';
import { assetOf, SCREEN_WIDTH } from './compare/media';
import { ON_SCREEN, pageAddress } from './compare/pages';

/** Where the picture of a version is that is shown first: of a PDF its first page; null where it is no picture. */
export function pictureOf({ id: versionId, files, primary_file_id }: Pick<Version, 'id' | 'files' | 'primary_file_id'>): string | null {
  const file = files.find(({ id }) => id === primary_file_id);
  if (file?.type === 'application/pdf') return pageAddress({ versionId, file }, 1, ON_SCREEN);
  return file && isPicture(file.type) ? assetOf(file, SCREEN_WIDTH) : null;
}
