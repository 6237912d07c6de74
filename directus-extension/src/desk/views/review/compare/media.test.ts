import { describe, expect, it } from 'vitest';
import { assetOf, counterpartOf, downloadOf, filesOf, isBearable, isDrawable, kindOf, pixelsOf, wholeOf } from './media';

const file = (id: string, filename_download: string | null = null) => ({ id, filename_download, changed_at: null, type: 'image/png' }) as never;

describe('how something is looked at', () => {
  it.each([
    ['image/png', 'picture'], ['IMAGE/JPEG', 'picture'], ['image/svg+xml', 'svg'], ['video/mp4', 'video'], ['audio/wav', 'audio'],
    ['application/pdf', 'pdf'], ['text/html; charset=utf-8', 'html'], ['text/markdown', 'text'], ['application/ld+json', 'text'],
    ['application/zip', 'none'], [null, 'none'], ['image/x-unknown', 'none'],
  ])('%s is %s', (type, kind) => {
    expect(kindOf(type)).toBe(kind);
  });
});

it('only what lies under a layer can be drawn on', () => {
  expect((['picture', 'svg', 'video', 'audio', 'html', 'text', 'none'] as const).filter(isDrawable)).toEqual(['picture']);
});

describe('files', () => {
  it('come with the primary one first, the others in their order', () => {
    expect(filesOf({ files: [file('a'), file('b'), file('c')], primary_file_id: 'c' }).map(({ id }: { id: string }) => id)).toEqual(['c', 'a', 'b']);
  });

  it('of another version are matched by name, else by place', () => {
    const others = [file('x', 'back.png'), file('y', 'front.png')];
    expect([counterpartOf(file('a', 'front.png'), 0, others), counterpartOf(file('a', 'other.png'), 0, others), counterpartOf(file('a'), 5, others)]).toEqual([others[1], others[0], null]);
  });

  it('are shown whole as they are, but TIFFs as what browsers show', () => {
    expect(['image/png', 'image/tiff', 'IMAGE/TIFF', null].map((type) => wholeOf({ id: 'f', changed_at: null, type }))).toEqual(['/assets/f', '/assets/f?format=webp', '/assets/f?format=webp', '/assets/f']);
  });

  it('are shown with all their pixels while these are not too many to be drawn', () => {
    expect([[6000, 8000], [12_000, 12_000], [0, 0]].map(([width, height]) => isBearable({ width: width!, height: height! }))).toEqual([true, false, false]);
  });

  it('are saved by their number, which the registry counts from 1', () => {
    expect(downloadOf({ id: 'v', files: [file('a'), file('b')] }, { id: 'b' })).toBe('/artifacts/v1/artifacts/v/download?n=2');
  });

  it('have the size that somebody measured', () => {
    const version = { metadata: { media: { f: { width: 12_000, height: 9000 } } } };
    const unknown = { id: 'f', width: null, height: null };
    expect([pixelsOf(version, { id: 'f', width: 40, height: 30 }), pixelsOf(version, unknown), pixelsOf({ metadata: null }, unknown)]).toEqual([
      { width: 40, height: 30 }, { width: 12_000, height: 9000 }, { width: 0, height: 0 },
    ]);
  });

  it('that were replaced have another address', () => {
    const replaced = { id: 'f', changed_at: '2026-01-01T00:00:00+00:00' };
    expect([assetOf(replaced), assetOf({ id: 'f', changed_at: null }, 100)]).toEqual([
      '/assets/f?changed=2026-01-01T00%3A00%3A00%2B00%3A00',
      '/assets/f?width=100&withoutEnlargement=true&format=webp&quality=85',
    ]);
  });
});
