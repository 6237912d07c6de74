// @vitest-environment happy-dom
import { mount } from '@vue/test-utils';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const settled = () => new Promise((done) => setTimeout(done));
const at = () => document.activeElement?.id ?? '';

function given(...homes: string[]) {
  document.body.innerHTML = '<main id="main"><div id="list" tabindex="0"></div><button id="button"></button></main>';
  const views = homes.map((home) => mount({ setup: () => useFocusHome(() => document.getElementById(home)), render: () => null }));
  const [button] = document.querySelectorAll('button');
  return { views, button: button! };
}

let { focusHome, isFocusFree, useFocusHome } = await import('./use-focus');
beforeEach(async () => {
  // As on a page that was just opened: nothing has had the focus.
  vi.resetModules();
  ({ focusHome, isFocusFree, useFocusHome } = await import('./use-focus'));
});

let open: { unmount: () => void }[] = [];
afterEach(() => {
  open.forEach((view) => view.unmount());
  open = [];
});

it('goes home when what had it is gone, and to the list where there is one', async () => {
  const { views, button } = given('main');
  open = views;
  button.focus();
  button.remove();
  await settled();
  expect(at()).toBe('main');
  expect(isFocusFree()).toBe(true);
});

it('goes to the innermost home', async () => {
  const { views, button } = given('main', 'list');
  open = views;
  button.focus();
  button.remove();
  await settled();
  expect(at()).toBe('list');
  views.pop()!.unmount();
  document.getElementById('list')?.remove();
  await settled();
  expect(at()).toBe('main');
});

it('is left alone where somebody put it, and nowhere before anybody did', async () => {
  const { views, button } = given('main');
  open = views;
  await settled();
  expect(document.activeElement).toBe(document.body);
  button.focus();
  document.getElementById('list')?.remove();
  await settled();
  expect(at()).toBe('button');
  expect(isFocusFree()).toBe(false);
  button.blur();
  document.body.append(document.createElement('p'));
  await settled();
  expect(document.activeElement).toBe(document.body);
  focusHome();
  expect(at()).toBe('main');
});

it('goes to the next view when one is left', async () => {
  const { views, button } = given('main');
  button.focus();
  views[0]!.unmount();
  button.remove();
  open = [mount({ setup: () => useFocusHome(() => document.getElementById('main')), render: () => null })];
  await settled();
  expect(at()).toBe('main');
});
