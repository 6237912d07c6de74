// @vitest-environment happy-dom
import { mount } from '@vue/test-utils';
import { createI18n } from 'vue-i18n';
import { describe, expect, it } from 'vitest';
import PagePicker from './PagePicker.vue';

const given = (props: InstanceType<typeof PagePicker>['$props']) =>
  mount(PagePicker, { props, global: { plugins: [createI18n({ legacy: false, locale: 'en-US' })], stubs: { IconButton: { emits: ['click'], props: ['label', 'disabled'], template: '<button :aria-label="label" :disabled="disabled" @click="$emit(\'click\')" />' } } } });

describe('the page of a document', () => {
  it('is typed, or turned to one by one', async () => {
    const picker = given({ page: 2, pages: 9 });
    const field = picker.get('input');
    await field.setValue('7');
    await picker.get('[aria-label="Next page"]').trigger('click');
    await picker.get('[aria-label="Previous page"]').trigger('click');
    await field.trigger('keydown', { key: 'PageDown' });
    await field.trigger('keydown', { key: 'PageUp' });
    expect(picker.emitted('turn')).toEqual([[7], [3], [1], [3], [1]]);
    expect(picker.text()).toContain('of 9');
  });

  it('stays as it is for what is no page', async () => {
    const picker = given({ page: 2, pages: null });
    for (const typed of ['0', '-3', '1.5', '']) {
      await picker.get('input').setValue(typed);
      expect(picker.get('input').element.value).toBe('2');
    }
    expect(picker.emitted('turn')).toBeUndefined();
  });

  it('has none before the first and after the last', () => {
    const ends = (page: number, pages: number | null) => ['Previous page', 'Next page'].map((name) => given({ page, pages }).get(`[aria-label="${name}"]`).attributes('disabled') !== undefined);
    expect([ends(1, 3), ends(2, 3), ends(3, 3), ends(3, null)]).toEqual([[true, false], [false, false], [false, true], [false, false]]);
  });
});
