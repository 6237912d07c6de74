// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest';
import { effectScope, type EffectScope } from 'vue';
import { activeShortcuts, useShortcuts, type Shortcut } from './use-shortcuts';

const scopes: EffectScope[] = [];
afterEach(() => scopes.splice(0).forEach((scope) => scope.stop()));

function given(keys: Partial<Shortcut>[], options?: { modal: boolean }): { hits: string[]; stop: () => void } {
  const hits: string[] = [];
  const scope = effectScope();
  scopes.push(scope);
  scope.run(() => useShortcuts(keys.map((each) => ({ key: 'a', does: '', group: '', run: ({ key }) => void hits.push(key), ...each })), options));
  return { hits, stop: () => scope.stop() };
}

function press(key: string, { on = document.body as Element, ...more }: Partial<KeyboardEventInit> & { on?: Element } = {}): KeyboardEvent {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more });
  on.dispatchEvent(event);
  return event;
}

function field(tag: string): Element {
  return document.body.appendChild(document.createElement(tag));
}

describe('a shortcut', () => {
  it('runs, and the browser does nothing else with the key', () => {
    const { hits } = given([{ key: 'j' }]);
    expect([press('j').defaultPrevented, press('k').defaultPrevented, hits]).toEqual([true, false, ['j']]);
  });

  it.each(['input', 'textarea', 'select'])('is text in a field (%s), unless it says otherwise', (tag) => {
    const { hits } = given([{ key: 'j' }, { key: 'Escape', inFields: true }]);
    press('j', { on: field(tag) });
    press('Escape', { on: field(tag) });
    expect(hits).toEqual(['Escape']);
  });

  it.each(['button', 'a', 'summary'])('leaves space and Enter to what has the focus (%s)', (tag) => {
    const { hits } = given([{ key: ' ' }, { key: 'Enter' }, { key: 'j' }]);
    const on = field(tag).appendChild(document.createElement('span'));
    const taken = [' ', 'Enter', 'j'].map((key) => press(key, { on }).defaultPrevented);
    press(' ');
    expect([taken, hits]).toEqual([[false, false, true], ['j', ' ']]);
  });

  it('tells the keys of the browser and of the system apart', () => {
    const { hits } = given([{ key: 'a' }, { key: 'ctrl+Enter' }, { key: '?' }, { key: 'shift+ArrowDown' }]);
    press('a', { ctrlKey: true });
    press('Enter', { ctrlKey: true });
    press('?', { shiftKey: true });
    press('ArrowDown', { shiftKey: true });
    expect(hits).toEqual(['Enter', '?', 'ArrowDown']);
  });

  it('is offered and runs only when it can', () => {
    const { hits } = given([{ key: 'a', when: () => false }]);
    press('a');
    expect([hits, activeShortcuts()]).toEqual([[], []]);
  });

  it('has Escape and ctrl+Enter although Directus takes them, unless something of Directus is open', () => {
    const take = (event: Event) => event.preventDefault();
    document.body.addEventListener('keydown', take);
    document.body.innerHTML = '<div id="menu-outlet"><div></div></div>';
    const { hits } = given([{ key: 'Escape' }, { key: 'ctrl+Enter' }, { key: 'a' }]);
    press('Escape');
    press('Enter', { ctrlKey: true });
    press('a');
    document.querySelector('#menu-outlet > div')!.innerHTML = '<ul></ul>';
    press('Escape');
    document.body.removeEventListener('keydown', take);
    document.body.innerHTML = '';
    expect(hits).toEqual(['Escape', 'Enter']);
  });

  it('acts on nothing that a dialog lies over, wherever the focus is; only the help does', () => {
    document.body.innerHTML = '<div id="dialog-outlet"><span><p>Help</p></span></div>';
    const box = document.querySelector('#dialog-outlet > span')!;
    const { hits } = given([{ key: 'a' }, { key: '?' }]);
    press('a');
    press('?', { shiftKey: true });
    expect(hits).toEqual(['?']);
    box.className = 'dialog-leave-active';
    press('a');
    box.className = '';
    const dialog = given([{ key: 'a' }], { modal: true });
    press('a');
    document.body.innerHTML = '';
    expect([hits, dialog.hits]).toEqual([['?', 'a'], ['a']]);
  });

  it('goes with its component', () => {
    const { hits, stop } = given([{ key: 'a' }]);
    stop();
    press('a');
    expect(hits).toEqual([]);
  });
});

describe('layers', () => {
  it('let what lies on top come first', () => {
    const below = given([{ key: 'a' }, { key: 'b' }]);
    const top = given([{ key: 'a' }]);
    press('a');
    press('b');
    expect([top.hits, below.hits]).toEqual([['a'], ['b']]);
  });

  it('let a dialog keep everything from the page below', () => {
    const below = given([{ key: 'a' }]);
    const dialog = given([{ key: 'b' }], { modal: true });
    press('a');
    press('b');
    expect([below.hits, dialog.hits, activeShortcuts().map(({ key }) => key)]).toEqual([[], ['b'], ['b']]);
  });
});
