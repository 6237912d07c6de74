// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from 'vitest';
import { reactive } from 'vue';
import { usePerson, whenAnotherComes, whenThePersonLeaves } from './person';

const users = reactive({ currentUser: { id: 'ann' } as { id?: string } | null });
vi.mock('@directus/extensions-sdk', () => ({ useStores: () => ({ useUserStore: () => users }) }));
afterEach(() => sessionStorage.clear());

it('leaves a person what is theirs, and the next one nothing of it', () => {
  const told: string[] = [];
  whenThePersonLeaves(() => told.push('left'));
  whenAnotherComes(() => told.push('another'));
  usePerson();
  told.splice(0);
  sessionStorage.setItem('artifacts:draft:a', '{}');
  sessionStorage.setItem('others', '1');

  users.currentUser = { id: 'ann' };
  expect(told).toEqual([]);
  users.currentUser = null;
  users.currentUser = { id: 'ann' };
  expect([told, sessionStorage.getItem('artifacts:draft:a')]).toEqual([['left'], '{}']);

  users.currentUser = null;
  users.currentUser = { id: 'bob' };
  expect(told).toEqual(['left', 'left', 'left', 'another']);
  expect(Object.keys(sessionStorage).sort()).toEqual(['artifacts:person', 'others']);
});
