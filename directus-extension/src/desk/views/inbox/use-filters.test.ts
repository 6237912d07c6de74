// @vitest-environment happy-dom
import { mount } from '@vue/test-utils';
import { beforeEach, expect, it } from 'vitest';
import { createMemoryHistory, createRouter, type Router } from 'vue-router';
import { useFilters, type InboxFilters } from './use-filters';

let router: Router;
let found: InboxFilters;

beforeEach(async () => {
  localStorage.clear();
  const page = { template: '<i />', setup: () => void (found = useFilters()) };
  router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: page }] });
  await router.push('/?project_id=spring&at=row');
  mount({ template: '<router-view />' }, { global: { plugins: [router] } });
  await router.isReady();
});
const settled = () => new Promise((resolve) => setTimeout(resolve));

it('keeps the filters in the address, where the back button finds them', async () => {
  await settled();
  expect(found.filters.value).toEqual({ project_id: 'spring' });
  found.set({ artifact_type: 'image' });
  await settled();
  expect(router.currentRoute.value.fullPath).toBe('/?project_id=spring&artifact_type=image');
  found.set({ q: 'la' }, true);
  await settled();
  expect(found.asked.value).toEqual({ project_id: 'spring', artifact_type: 'image', q: 'la' });
  router.back();
  await settled();
  expect(found.filters.value).toEqual({ project_id: 'spring' });
  expect(found.hiding.value).toBe(true);
  found.clear();
  await settled();
  expect(found.hiding.value).toBe(false);
});

it('remembers the order that somebody chose', async () => {
  await settled();
  expect(found.sort.value).toBe('path');
  found.setSort('oldest');
  await settled();
  await router.push('/');
  expect(found.sort.value).toBe('oldest');
  await router.push('/?sort=newest');
  expect(found.sort.value).toBe('newest');
});
