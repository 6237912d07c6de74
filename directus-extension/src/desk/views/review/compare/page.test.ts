// @vitest-environment happy-dom
import { expect, it } from 'vitest';
import { pageOf } from './page';

it('stands under our policy, whatever it says of itself', () => {
  const page = pageOf('<!doctype html><html><head><title>Menu</title><base href="https://there.example"><link rel="preconnect" href="https://there.example"></head><body><meta http-equiv="refresh" content="0;url=https://there.example"><p style="color: red">Tea</p><a href="#more" target="_self" ping="https://there.example">More</a><iframe src="https://there.example"></iframe><script>alert(1)</script></body></html>');
  expect(page).toMatch(/^<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'none';/);
  expect(page).toContain('<p style="color: red">Tea</p>');
  expect(page).toContain('<a href="#more">More</a>');
  expect(page).not.toMatch(/there\.example|alert/);
});
