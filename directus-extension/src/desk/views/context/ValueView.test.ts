// @vitest-environment happy-dom
import { mount } from '@vue/test-utils';
import { expect, it, vi } from 'vitest';
import ShowMore from './ShowMore.vue';
import ValueView from './ValueView.vue';

vi.mock('../../composables/use-texts', () => ({ useTexts: () => ({ t: (key: string, { count }: { count: string }) => `${key} ${count}`, n: String }) }));

const nested = (depth: number): unknown => (depth === 0 ? 'the end' : { below: nested(depth - 1) });

it('draws a part of thousands of keys, and more when somebody asks', async () => {
  const value = mount(ValueView, { props: { value: Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`key_${at}`, at])) } });
  expect(value.findAll('dt')).toHaveLength(200);
  expect(value.getComponent(ShowMore).text()).toBe('compare.show_entries 9800');
  await value.getComponent(ShowMore).get('button').trigger('click');
  expect(value.findAll('dt')).toHaveLength(1200);
});

it('draws what is deep when it is unfolded', async () => {
  const value = mount(ValueView, { props: { value: nested(60) } });
  expect(value.findAll('details')).toHaveLength(1);
  const fold = value.get('details');
  fold.element.open = true;
  await fold.trigger('toggle');
  expect(value.findAll('details')).toHaveLength(2);
  expect(value.text()).not.toContain('the end');
});

it('shows the keys that objects have by nature as what they are: keys', () => {
  const value = mount(ValueView, { props: { value: JSON.parse('{"__proto__": {"admin": true}, "constructor": "c"}') as unknown } });
  expect(value.findAll('dt').map((each) => each.text())).toEqual(['__proto__', 'admin', 'constructor']);
});

it('cuts a text without end', async () => {
  const value = mount(ValueView, { props: { value: 'x'.repeat(12_000) } });
  expect(value.text()).toBe(`${'x'.repeat(10_000)} … compare.show_characters 2000`);
  await value.getComponent(ShowMore).get('button').trigger('click');
  expect(value.text()).toBe('x'.repeat(12_000));
});
