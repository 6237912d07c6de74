// @vitest-environment happy-dom
import { createApp, nextTick, ref } from 'vue';
import { expect, it, vi } from 'vitest';
import { useTitle } from './use-title';

function given(provided: boolean) {
  const [title, entry] = [ref<string | null>(null), { patch: vi.fn(), dispose: vi.fn() }];
  const push = vi.fn(() => entry);
  const app = createApp({ setup: () => (useTitle(() => title.value, 'Review desk'), () => null) });
  if (provided) app.provide('usehead', { push });
  app.mount(document.createElement('div'));
  const says = async (now: string | null) => ((title.value = now), nextTick());
  return { app, push, entry, says };
}

it('says in the tab what is shown, and what was said before while nothing is known', async () => {
  const { app, push, entry, says } = given(true);
  await says('brand.logo v1');
  await says(null);
  await says('brand.logo v2');
  expect([...push.mock.calls, ...entry.patch.mock.calls]).toEqual(['Review desk', 'brand.logo v1', 'brand.logo v2'].map((each) => [{ title: each }]));
  expect(entry.dispose).not.toHaveBeenCalled();
  app.unmount();
  expect(entry.dispose).toHaveBeenCalledOnce();
});

it('writes the title itself where nobody else does', async () => {
  const { app, says } = given(false);
  await says('Inbox');
  expect(document.title).toBe('Inbox');
  app.unmount();
});
