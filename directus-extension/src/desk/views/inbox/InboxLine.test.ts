// @vitest-environment happy-dom
import { mount } from '@vue/test-utils';
import { nextTick } from 'vue';
import { createI18n } from 'vue-i18n';
import { expect, it } from 'vitest';
import { aRow } from './a-row';
import type { GroupItem } from './groups';
import InboxGroup from './InboxGroup.vue';
import InboxLine from './InboxLine.vue';

const global = { plugins: [createI18n({ legacy: false, locale: 'en-US' })], stubs: { 'v-icon': true, 'router-link': true, FileThumb: true } };
type Mounted = { get: (name: string) => { element: Element; trigger: (event: string, given?: object) => Promise<void> } };
const boxOf = (shown: Mounted) => shown.get('input').element as HTMLInputElement;

it('a row that stays selected keeps its tick, whatever key is held', async () => {
  const line = mount(InboxLine, { props: { row: aRow('a'), to: '/', depth: 0, active: false, selected: true, fate: null, now: 0 }, global });
  await line.get('input').trigger('click', { shiftKey: true });
  await nextTick();
  expect([line.emitted('select')?.length, boxOf(line).checked]).toEqual([1, true]);
});

it('a group in which nothing waits takes no tick', async () => {
  const group: GroupItem = { kind: 'task', key: '/p/t', label: 'T', depth: 1, count: 0, oldest: 0, open: true, ids: [], first: aRow('a') };
  const heading = mount(InboxGroup, { props: { group, title: null, active: false, selected: false, now: 0 }, global });
  await heading.get('input').trigger('click');
  await nextTick();
  expect(boxOf(heading).checked).toBe(false);
});
