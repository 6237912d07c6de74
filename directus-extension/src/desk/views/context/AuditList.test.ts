// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils';
import { createI18n } from 'vue-i18n';
import { expect, it, vi } from 'vitest';
import AuditList from './AuditList.vue';

let entries = 0;
vi.mock('../../api/registry', () => ({
  useRegistry: () => ({
    get: async (_operation: string, _path: string, { limit, cursor = 0 }: { limit: number; cursor?: number }) => {
      const to = Math.min(cursor + limit, entries);
      return { data: Array.from({ length: to - cursor }, (_, at) => ({ number: cursor + at })), meta: { next_cursor: to < entries ? to : null } };
    },
  }),
}));
const save = vi.hoisted(() => vi.fn());
vi.mock('./csv', () => ({ csvOf: (_columns: unknown, rows: unknown[]) => String(rows.length), save }));

it.each([[10_000, false], [10_001, true]])('a file of %i entries says whether there are more', async (count, cut) => {
  entries = count;
  const list = mount(AuditList, {
    props: { projectId: 'p', projectKey: 'p', version: 1 },
    global: {
      plugins: [createI18n({ legacy: false, locale: 'en-US' })],
      stubs: { 'v-button': { template: '<button><slot /></button>' }, 'v-notice': { template: '<p class="notice"><slot /></p>' }, 'v-input': true, 'v-icon': true, ProblemNotice: true },
    },
  });
  await flushPromises();
  await list.get('.bar button').trigger('click');
  await flushPromises();
  expect(save).toHaveBeenLastCalledWith('audit-p.csv', '10000');
  expect(list.findAll('.notice').map((notice) => notice.text())).toEqual(cut ? [expect.stringContaining('10,000')] : []);
});
