import { effectScope, nextTick, reactive, ref } from 'vue';
import { expect, it } from 'vitest';
import type { Draft } from '../decide/use-draft';
import { useMarks } from './use-marks';

it('marks nothing, and leaves what is marked, while a decision with these marks is on its way', async () => {
  const draft = reactive<Draft>({ reason: '', chosen: null, regions: [], rejectOthers: false, reasonForOthers: '' });
  const locked = ref(false);
  const marks = effectScope(true).run(() => useMarks(draft, () => 'a', () => locked.value))!;
  marks.add({ shape: 'point', x: 0.1, y: 0.1 });
  marks.tool.value = 'rect';
  locked.value = true;
  await nextTick();
  expect(marks.tool.value).toBeNull();
  marks.add({ shape: 'point', x: 0.5, y: 0.5 });
  marks.change(0, { shape: 'point', x: 0.9, y: 0.9 });
  marks.remove(0);
  expect(draft.regions).toEqual([{ shape: 'point', x: 0.1, y: 0.1 }]);
  locked.value = false;
  marks.remove(0);
  expect(draft.regions).toEqual([]);
});
