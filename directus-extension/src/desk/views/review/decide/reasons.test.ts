import { describe, expect, it } from 'vitest';
import { templatesFor } from './reasons';

const said = [
  { action: 'reject', reason: 'Too dark', count: 4 },
  { action: 'reject', reason: 'The horizon tilts.', count: 7 },
  { action: 'request_changes', reason: 'Crop it tighter.', count: 9 },
  { action: 'approve', reason: 'Good.', count: 20 },
];
const texts = (...given: Parameters<typeof templatesFor>) => templatesFor(...given).map(({ text }) => text);

describe('reasons to choose from', () => {
  it('begin with what was said most often for this action; praise is no reason to reject', () => {
    expect(texts(said, ['Off brand.'], 'reject')).toEqual(['The horizon tilts.', 'Too dark', 'Crop it tighter.', 'Off brand.']);
  });

  it('are there once, however they were written', () => {
    expect(templatesFor(said, ['too  dark.'], 'reject').filter(({ text }) => /dark/i.test(text))).toEqual([{ text: 'Too dark', count: 4 }]);
  });

  it('fit every word of the search', () => {
    expect(texts(said, ['Off brand.'], 'reject', 'TILT horiz')).toEqual(['The horizon tilts.']);
    expect(texts(said, [], 'reject', 'nothing')).toEqual([]);
  });
});
