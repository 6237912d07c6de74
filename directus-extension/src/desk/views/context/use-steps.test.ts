import { expect, it } from 'vitest';
import { useSteps } from './use-steps';

it('goes on from the row one was on, also when the list was read again, and from the start when that is gone', () => {
  let rows = [...'abcd'].map((id) => ({ id }));
  const step = useSteps(() => rows);
  expect([step(1), step(1), step(-1), step(-1)]).toEqual([0, 1, 0, 0]);
  step(1);
  rows = [...'xabcd'].map((id) => ({ id }));
  expect(step(1)).toBe(3);
  rows = [...'xy'].map((id) => ({ id }));
  expect([step(1), step(1), step(1)]).toEqual([0, 1, 1]);
});
