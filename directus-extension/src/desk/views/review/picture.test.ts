import { describe, expect, it } from 'vitest';
import { pictureOf } from './picture';

const version = (type: string | null) => ({ id: 'v', primary_file_id: 'f', files: [{ id: 'other', type: 'image/png' }, { id: 'f', type, changed_at: null }] }) as never;

describe('the picture that is fetched before somebody comes to it', () => {
  it.each([
    ['image/png', '/assets/f?width=1600&withoutEnlargement=true&format=webp&quality=85'],
    ['application/pdf', '/artifacts/v1/artifacts/v/files/f/pages/1?width=1600'],
    ['text/html', null],
    [null, null],
  ])('of %s is %s', (type, address) => {
    expect(pictureOf(version(type))).toBe(address);
  });
});
