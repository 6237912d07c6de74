// @vitest-environment happy-dom
import { mount } from '@vue/test-utils';
import { expect, it, vi } from 'vitest';
import NoPreview from './NoPreview.vue';
import PictureStage, { type Picture } from './PictureStage.vue';

vi.mock('../../../composables/use-texts', () => ({ useTexts: () => ({ t: (key: string) => key, n: String }) }));

const picture = (given: Partial<Picture> = {}): Picture => ({ id: 'p', label: 'v1', source: '/small', whole: '/whole', download: '/download', width: 40, height: 30, ...given });
const given = (given?: Partial<Picture>) => mount(PictureStage, { props: { pictures: [picture(given)], mode: 'side' }, global: { stubs: { VIcon: true } } });

it('shows the whole picture where Directus makes no small one of it, and says so where there is none', async () => {
  const stage = given();
  expect(stage.get('img').attributes('src')).toBe('/small');
  await stage.get('img').trigger('error');
  expect(stage.get('img').attributes('src')).toBe('/whole');
  await stage.get('img').trigger('error');
  expect(stage.find('img').exists()).toBe(false);
  expect(stage.getComponent(NoPreview).props()).toEqual({ why: 'compare.broken_picture', download: '/download' });
});

it('asks nobody to draw what is too large, however closely it is looked at', async () => {
  const stage = given({ whole: null, width: 12_000, height: 12_000 });
  (stage.vm as unknown as { enlarge: (factor: number) => void }).enlarge(8);
  await stage.vm.$nextTick();
  expect(stage.get('img').attributes('src')).toBe('/small');
  await stage.get('img').trigger('error');
  expect(stage.getComponent(NoPreview).props('why')).toBe('compare.large_picture');
});
