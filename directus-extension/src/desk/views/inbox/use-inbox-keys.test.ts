// @vitest-environment happy-dom
import { effectScope, type EffectScope } from 'vue';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { aRow } from './a-row';
import { useInboxKeys } from './use-inbox-keys';
import { useLines, type Lines } from './use-lines';

vi.mock('../../composables/use-texts', () => ({ useTexts: () => ({ t: (key: string) => key }) }));

const doing = { act: vi.fn(), open: vi.fn(), preview: vi.fn(), group: vi.fn(), search: vi.fn(), filter: vi.fn(), selectAll: vi.fn(), news: vi.fn(), escape: vi.fn(), can: (action: string) => action !== 'approve', hasNews: () => false };
let scope: EffectScope;
let lines: Lines;
const press = (...keys: string[]) => keys.forEach((key) => window.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })));

beforeEach(() => {
  vi.clearAllMocks();
  scope = effectScope();
  scope.run(() => {
    lines = useLines(() => [...'abc'].map((id) => aRow(id)), () => 'path', () => new Set());
    useInboxKeys({ ...doing, cursor: lines.cursor });
  });
});
afterEach(() => {
  scope.stop();
  document.body.innerHTML = '';
});

it('moves, selects and decides', () => {
  press('j', 'j', 'k', 'x', 'J', '*', 'e', '/');
  expect(lines.cursor.active.value).toBe('c');
  expect([...lines.cursor.selected.value]).toEqual(['b', 'c']);
  expect([doing.selectAll, doing.group, doing.search].map(({ mock }) => mock.calls.length)).toEqual([1, 1, 1]);
  press('a', 'r', '.');
  expect(doing.act.mock.calls).toEqual([['reject']]);
  expect(doing.news).not.toHaveBeenCalled();
});

it('leaves a button what is a button’s, and what lies under a dialog or a menu alone', () => {
  document.body.innerHTML = '<button id="one">1</button><div id="dialog-outlet"></div><div id="menu-outlet"><div></div></div>';
  document.getElementById('one')?.focus();
  press('Enter', ' ', 'ArrowDown', 'j');
  expect([doing.open, doing.preview].map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
  expect(lines.cursor.active.value).toBe('b');
  // The focus stays where it was.
  for (const outlet of ['dialog-outlet', 'menu-outlet']) {
    document.getElementById(outlet)!.innerHTML = '<div><p>Open.</p></div>';
    press('j', 'r', 'Escape');
    document.getElementById(outlet)!.innerHTML = '';
  }
  expect(lines.cursor.active.value).toBe('b');
  expect([doing.act, doing.escape].map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
});
