// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils';
import { beforeEach, expect, it, vi } from 'vitest';
import { createI18n } from 'vue-i18n';
import RevertDialog from './RevertDialog.vue';

interface Sent {
  to: number;
  key: string | undefined;
  answer: (changes: unknown[]) => void;
  fail: (problem: unknown) => void;
}
const sent: Sent[] = [];
vi.mock('../../api/registry', async (original) => ({
  ...(await original<object>()),
  useRegistry: () => ({
    send: (_id: string, _method: string, _path: string, body: { to_version: number }, { key }: { key?: string }) =>
      new Promise((answer, fail) => sent.push({ to: body.to_version, key, answer: (changes) => answer({ data: { changes, context_version: 9 } }), fail })),
  }),
}));

beforeEach(() => void sent.splice(0));

function given() {
  return mount(RevertDialog, {
    props: { projectId: 'p', to: null as number | null, current: 8, typeOf: () => null },
    global: {
      plugins: [createI18n({ legacy: false, locale: 'en-US' })],
      stubs: {
        ...Object.fromEntries(['v-dialog', 'v-card', 'v-card-title', 'v-card-text', 'v-card-actions', 'v-notice'].map((name) => [name, { template: '<div><slot /></div>' }])),
        'v-button': { template: '<button :disabled="disabled"><slot /></button>', props: ['disabled'] },
        'v-textarea': true, 'v-skeleton-loader': { template: '<i class="waiting" />' },
        ContextDiff: { template: '<p class="changes">{{ changes }}</p>', props: ['changes'] },
        ProblemNotice: { template: '<p class="problem">{{ problem.code }}</p>', props: ['problem'] },
      },
    },
  });
}

it('shows what going back to this version changes, not the late answer of another', async () => {
  const dialog = given();
  for (const to of [5, null, 3]) await dialog.setProps({ to });
  expect(sent.map(({ to }) => to)).toEqual([5, 3]);
  sent[1]!.answer(['three']);
  await flushPromises();
  sent[0]!.answer(['five']);
  await flushPromises();
  expect(dialog.get('.changes').text()).toContain('three');
});

it('keeps the late refusal of another version to itself', async () => {
  const dialog = given();
  for (const to of [5, null, 3]) await dialog.setProps({ to });
  sent[0]!.fail({ code: 'context_version_conflict', status: 409, details: {} });
  await flushPromises();
  expect([dialog.find('.problem').exists(), dialog.emitted('moved')]).toEqual([false, undefined]);
});

it('goes back under a key of its own each time', async () => {
  const dialog = given();
  for (const to of [5, 3]) {
    await dialog.setProps({ to });
    sent.at(-1)!.answer(['one']);
    await flushPromises();
    await dialog.findAll('button').at(-1)!.trigger('click');
    sent.at(-1)!.answer(['one']);
    await flushPromises();
    await dialog.setProps({ to: null });
  }
  expect(dialog.emitted('reverted')).toEqual([[9], [9]]);
  expect(new Set(sent.flatMap(({ key }) => key ?? [])).size).toBe(2);
});
