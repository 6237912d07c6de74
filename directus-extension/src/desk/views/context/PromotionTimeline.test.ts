// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils';
import { expect, it, vi } from 'vitest';
import { createI18n } from 'vue-i18n';
import PromotionTimeline from './PromotionTimeline.vue';

const asked: { from: number; answer: (changes: unknown[]) => void }[] = [];
vi.mock('../../api/registry', () => ({
  useRegistry: () => ({
    get: (operation: string, _path: string, query: { from: number }) =>
      operation === 'diffContext' ? new Promise((answer) => asked.push({ from: query.from, answer: (data) => answer({ data }) })) : Promise.resolve({ data: [], meta: { next_before: null } }),
  }),
}));

it('shows the difference that was asked for last, and nothing of the one before while it is waited for', async () => {
  const timeline = mount(PromotionTimeline, {
    props: { projectId: 'p', version: 8, from: 1, to: 8, typeOf: () => null },
    global: {
      plugins: [createI18n({ legacy: false, locale: 'en-US' })],
      stubs: { ContextDiff: { template: '<p class="changes">{{ changes }}</p>', props: ['changes'] }, RevertDialog: true, ProblemNotice: true, 'v-button': true, 'v-skeleton-loader': true },
    },
  });
  await flushPromises();
  asked[0]!.answer(['since one']);
  await flushPromises();
  await timeline.setProps({ from: 5 });
  expect(timeline.find('.changes').exists()).toBe(false);
  await timeline.setProps({ from: 7 });
  asked[2]!.answer(['since seven']);
  await flushPromises();
  asked[1]!.answer(['since five']);
  await flushPromises();
  expect(timeline.get('.changes').text()).toContain('since seven');
});
