// @vitest-environment happy-dom
import { mount } from '@vue/test-utils';
import { nextTick, ref } from 'vue';
import { createI18n } from 'vue-i18n';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Act, Settled } from '../composables/use-decisions';
import DecisionsBar from './DecisionsBar.vue';

const acts = ref<Act[]>([]);
let settle: Settled = () => undefined;
vi.mock('vue-router', () => ({ useRouter: () => ({}) }));
vi.mock('../composables/use-decisions', () => ({
  useDecisions: () => ({ acts, onSettled: (then: Settled) => ((settle = then), () => undefined), undo: () => undefined, dismiss: (id: string) => void (acts.value = acts.value.filter((act) => act.id !== id)) }),
}));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function done(id: string): Promise<void> {
  const act: Act = { id, decisions: [], options: { label: id }, state: 'done', until: 0, problem: null, answer: null };
  acts.value.push(act);
  await settle(act);
  await nextTick();
}

it('stays while somebody looks at it, and goes by itself also after it went from under the pointer', async () => {
  const bar = mount(DecisionsBar, { global: { plugins: [createI18n({ legacy: false, locale: 'en-US' })], stubs: { DecisionsBarAct: true } } });
  await done('one');
  await bar.get('section').trigger('mouseenter');
  await vi.advanceTimersByTimeAsync(20_000);
  expect(acts.value).toHaveLength(1);
  acts.value = [];
  await nextTick();
  await done('two');
  await vi.advanceTimersByTimeAsync(16_000);
  expect(acts.value).toEqual([]);
});
