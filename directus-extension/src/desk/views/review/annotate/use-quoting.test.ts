import { effectScope, nextTick, ref } from 'vue';
import { expect, it, vi } from 'vitest';
import { useQuoting } from './use-quoting';

it('says that nothing was quoted until something is, or another version is looked at', async () => {
  const id = ref('a');
  const marks = { add: vi.fn() };
  const { notQuoted, quote } = effectScope(true).run(() => useQuoting(marks, () => id.value, () => 'Sail at dawn.'))!;
  quote('at dusk');
  expect(notQuoted.value).toBe(true);
  quote('at dawn');
  expect([notQuoted.value, marks.add.mock.calls]).toEqual([false, [[{ shape: 'text', pointer: '', start: 5, end: 12, quote: 'at dawn' }]]]);
  quote('');
  id.value = 'b';
  await nextTick();
  expect(notQuoted.value).toBe(false);
});
