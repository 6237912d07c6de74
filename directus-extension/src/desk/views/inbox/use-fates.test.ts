import { computed, effectScope, ref } from 'vue';
import { expect, it } from 'vitest';
import type { Act, Settled } from '../../composables/use-decisions';
import { useFates } from './use-fates';

it('says what was decided here, and what somebody else decided', () => {
  const act: Act = { id: '1', decisions: [{ artifact_version_id: 'a', action: 'reject' }], options: { label: '' }, state: 'waiting', until: 0, problem: null, answer: null };
  const acts = ref([act]);
  const gone = ref(new Set(['b']));
  let settled: Settled = () => undefined;
  const underWay = computed(() => new Set(acts.value.flatMap(({ state, decisions }) => (state === 'waiting' ? decisions.map((each) => each.artifact_version_id) : []))));
  const fates = effectScope(true).run(() => useFates({ acts, underWay, onSettled: (then) => ((settled = then), () => undefined) }, () => gone.value))!;
  expect([...fates.value]).toEqual([['b', 'gone'], ['a', 'reject']]);
  acts.value[0]!.state = 'done';
  void settled(acts.value[0]!);
  expect(fates.value.has('a')).toBe(false);
  gone.value = new Set(['a', 'b']);
  acts.value = [];
  expect([...fates.value]).toEqual([['a', 'reject'], ['b', 'gone']]);
});
