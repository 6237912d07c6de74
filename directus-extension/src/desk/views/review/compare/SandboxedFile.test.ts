// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils';
import { createI18n } from 'vue-i18n';
import { afterEach, expect, it, vi } from 'vitest';
import SandboxedFile from './SandboxedFile.vue';

afterEach(() => vi.unstubAllGlobals());

it.each([[0, 200], [2_000_000, 206]])('a text of %i bytes is read, a long one in part', async (filesize, status) => {
  // As Directus answers: an empty file has no part to give.
  const fetched = vi.fn(async (_address: string, { headers }: { headers: Record<string, string> }) => new Response(filesize ? 'Sail.' : '', { status: 'Range' in headers ? (filesize ? 206 : 416) : 200 }));
  vi.stubGlobal('fetch', fetched);
  const file = { id: 'f', type: 'text/plain', filesize, changed_at: null } as never;
  const shown = mount(SandboxedFile, {
    props: { file, other: null, label: 'v1', otherLabel: '', download: '' } as never,
    global: { plugins: [createI18n({ legacy: false, locale: 'en-US' })], stubs: { 'v-icon': true, 'v-progress-circular': true, 'v-button': true, NoPreview: { template: '<p class="failed" />' } } },
  });
  await flushPromises();
  expect((await fetched.mock.results[0]!.value as Response).status).toBe(status);
  expect([shown.find('.failed').exists(), shown.find('ol').exists()]).toEqual([false, true]);
});
