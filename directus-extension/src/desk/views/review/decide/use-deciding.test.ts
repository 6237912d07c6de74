import { describe, expect, it } from 'vitest';
import type { Draft } from './use-draft';
import { decisionsOf } from './use-deciding';

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
