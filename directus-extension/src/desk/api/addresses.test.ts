import { afterEach, describe, expect, it, vi } from 'vitest';
import { addressOf, assetAddress, isPicture } from './addresses';

afterEach(() => vi.unstubAllGlobals());

describe('an address', () => {
  it.each([
    ['/admin/artifacts', ''], ['/admin', ''], ['/cms/admin/artifacts/projects/admin', '/cms'], ['/a/b/admin/', '/a/b'], ['/elsewhere', ''],
  ])('of what belongs to %s begins with %j', (pathname, root) => {
    vi.stubGlobal('location', { pathname });
    expect(addressOf('/artifacts/v1/reviews')).toBe(`${root}/artifacts/v1/reviews`);
    expect(assetAddress({ id: 'f' })).toBe(`${root}/assets/f`);
  });

  it('of a file says how large it is wanted, and is another one once the file has changed', () => {
    expect(assetAddress({ id: 'f', changed_at: '2026-01-01T00:00:00+00:00' }, { width: 10, height: 20, fit: 'cover' })).toBe('/assets/f?width=10&height=20&fit=cover&changed=2026-01-01T00%3A00%3A00%2B00%3A00');
  });
});

it('SVG is no picture', () => {
  expect(['image/png', 'IMAGE/JPEG; q=1', 'image/svg+xml', null].map(isPicture)).toEqual([true, true, false, false]);
});
