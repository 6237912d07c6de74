// @vitest-environment happy-dom
import { mount } from '@vue/test-utils';
import { reactive } from 'vue';
import { createI18n } from 'vue-i18n';
import { describe, expect, it } from 'vitest';
import DecisionBox from './DecisionBox.vue';
import type { Deciding } from './use-deciding';
import type { Draft } from './use-draft';

function given(allowed: string[], { refused = false, candidates = 0 } = {}) {
  const draft = reactive<Draft>({ reason: '', chosen: null, regions: [], rejectOthers: false, reasonForOthers: '' });
  const deciding = { can: (action: string) => allowed.includes(action), said: (action: string) => action === 'approve' || draft.reason !== '' } as unknown as Deciding;
  const box = mount(DecisionBox, {
    props: { sheet: { candidates: Array(candidates).fill({}), reasons: [] } as never, draft, deciding, refused },
    global: { plugins: [createI18n({ legacy: false, locale: 'en-US' })], stubs: { 'v-button': { template: '<button :disabled="disabled"><slot /></button>', props: ['disabled'] }, 'v-icon': true } },
    attachTo: document.body,
  });
  return { draft, box, press: (name: string) => box.findAll('button').find((button) => button.text().startsWith(name))!.trigger('click') };
}

describe('the box that decides', () => {
  it('offers what the registry allows, and nothing else', () => {
    expect(given(['approve', 'comment']).box.findAll('.action').map((button) => button.text().split(' ')[0])).toEqual(['Approve', 'Comment']);
    expect(given([]).box.findAll('button')).toHaveLength(0);
  });

  it('asks for words before it rejects, and sends with them', async () => {
    const { box, draft, press } = given(['approve', 'reject']);
    await press('Reject');
    expect(box.emitted('decide')).toBeUndefined();
    expect([draft.chosen, box.get('[role=alert]').text(), document.activeElement?.className]).toEqual(['reject', 'Say why first, here or at a mark.', 'reason']);
    await box.get('textarea').setValue('Too dark.');
    expect(box.get('[role=alert]').text()).toBe('');
    await press('Reject');
    expect(box.emitted('decide')).toEqual([['reject']]);
  });

  it('does not approve where the registry would refuse, by key neither', async () => {
    const { box, press } = given(['approve'], { refused: true });
    await press('Approve');
    (box.vm as unknown as { press: (action: string) => void }).press('approve');
    expect(box.emitted('decide')).toBeUndefined();
  });

  it('asks what others are told only where there are others and they are to be rejected', async () => {
    expect(given(['approve']).box.find('.others').exists()).toBe(false);
    const { box } = given(['approve'], { candidates: 2 });
    expect(box.find('.told').exists()).toBe(false);
    await box.get('input[type=checkbox]').setValue(true);
    expect(box.find('.told').exists()).toBe(true);
  });
});
