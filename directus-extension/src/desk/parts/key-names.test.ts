import { expect, it } from 'vitest';
import { partsOf } from './key-names';

it('are those on the keyboard', () => {
  expect(['+', '-', ' ', 'j', 'J', 'ctrl+Enter', 'shift+ArrowDown', 'Escape'].map((key) => partsOf(key).join(' '))).toEqual(['+', '-', 'Space', 'j', 'J', 'Ctrl Enter', 'Shift ↓', 'Esc']);
});
