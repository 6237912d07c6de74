// @vitest-environment happy-dom
import { effectScope, ref } from 'vue';
import { beforeEach, describe, expect, it } from 'vitest';
import { personIs } from '../../composables/person';
import type { Act } from '../../composables/use-decisions';
import { useReasons, type Reasons } from './use-reasons';

const anAct = (id: string, reason: string): Act => ({ id, decisions: [{ artifact_version_id: 'a', action: 'reject', reason }], options: { label: '' }, state: 'waiting', until: 0, problem: null, answer: null });
const acts = ref<Act[]>([]);
let reasons: Reasons;

beforeEach(() => {
  acts.value = [];
  reasons = effectScope(true).run(() => useReasons(acts))!;
  reasons.drafts.value = { reject: 'Too dark.' };
  reasons.sent('reject');
  acts.value.push(anAct('1', 'Too dark.'));
});

describe('a reason', () => {
  it('is gone from the field once sent, and can be taken again', () => {
    expect(reasons.drafts.value.reject).toBe('');
    expect(reasons.given.value).toEqual(['Too dark.']);
    acts.value[0]!.state = 'done';
    acts.value = [];
    expect(reasons.drafts.value.reject).toBe('');
  });

  it('comes back when the decision is refused', () => {
    acts.value[0]!.state = 'sending';
    acts.value[0]!.state = 'refused';
    expect(reasons.drafts.value.reject).toBe('Too dark.');
  });

  it('comes back when it is undone, and writes over nothing', () => {
    reasons.drafts.value = { reject: 'Something newer.' };
    acts.value = [];
    expect(reasons.drafts.value.reject).toBe('Something newer.');
    acts.value = [anAct('2', 'Blurred.')];
    reasons.drafts.value = {};
    acts.value = [];
    expect(reasons.drafts.value.reject).toBe('Blurred.');
  });

  it('is that of the person who gave it', () => {
    personIs('ann');
    reasons.drafts.value = { reject: 'Half a sent' };
    reasons.sent('approve');
    personIs('bob');
    expect([reasons.drafts.value, reasons.given.value]).toEqual([{}, []]);
  });
});
