import { effectScope, ref } from 'vue';
import { describe, expect, it, vi } from 'vitest';
import type { Act, Settled } from '../../../composables/use-decisions';
import type { Sheet } from '../sheet';
import type { Draft } from './use-draft';
import { decisionsOf, useDeciding } from './use-deciding';

const acts = ref<Act[]>([]);
let settle: Settled = () => undefined;
vi.mock('../../../composables/use-texts', () => ({ useTexts: () => ({ t: (key: string) => key }) }));
vi.mock('../../../composables/use-decisions', () => ({
  useDecisions: () => ({
    acts,
    onSettled: (then: Settled) => ((settle = then), () => undefined),
    decide: (decisions: Act['decisions'], options: Act['options']) => acts.value.push({ id: '1', decisions, options, state: 'waiting', until: 0, problem: null, answer: null }),
  }),
}));

const draft = (given: Partial<Draft> = {}): Draft => ({ reason: '', chosen: null, regions: [], rejectOthers: false, reasonForOthers: '', ...given });

describe('a decision', () => {
  it('says what was typed and marked', () => {
    const regions = [{ shape: 'point' as const, x: 0.1, y: 0.2, comment: 'Here.' }];
    expect(decisionsOf({ id: 'v' }, 'reject', draft({ reason: ' Too dark. ', regions }), [])).toEqual([{ artifact_version_id: 'v', action: 'reject', reason: 'Too dark.', feedback: { regions } }]);
  });

  it('takes its reason from the marks where none was typed, but an approval needs none', () => {
    const regions = [{ shape: 'point' as const, x: 0.1, y: 0.2, comment: 'Here.' }];
    expect(decisionsOf({ id: 'v' }, 'reject', draft({ regions }), [])[0]?.reason).toBe('Here.');
    expect(decisionsOf({ id: 'v' }, 'approve', draft({ regions }), [])[0]).toEqual({ artifact_version_id: 'v', action: 'approve', feedback: { regions } });
  });

  it('names the other candidates only where they are told something', () => {
    expect(decisionsOf({ id: 'v' }, 'approve', draft(), [{ id: 'o' }])).toHaveLength(1);
    expect(decisionsOf({ id: 'v' }, 'approve', draft({ reasonForOthers: 'The other light was better.' }), [{ id: 'o' }])[1]).toEqual({ artifact_version_id: 'o', action: 'reject', reason: 'The other light was better.' });
  });
});

it('a decision is on its way until it is done or refused, and what was said goes with it', async () => {
  const said = draft({ reason: 'Look here.' });
  const sheet = { version: { id: 'v', schema_key: 'logo', version_number: 1, allowed_actions: ['comment'] } } as unknown as Sheet;
  const deciding = effectScope(true).run(() => useDeciding({ sheet: () => sheet, draft: said, place: () => '', settled: () => undefined }))!;
  expect([deciding.decide('comment'), deciding.moving.value, deciding.decide('comment')]).toEqual([true, true, false]);
  acts.value[0]!.state = 'sending';
  expect(deciding.moving.value).toBe(true);
  acts.value[0]!.state = 'refused';
  expect([deciding.moving.value, said.reason]).toEqual([false, 'Look here.']);
  acts.value[0]!.state = 'done';
  await settle(acts.value[0]!);
  expect([deciding.moving.value, said.reason]).toEqual([false, '']);
});
