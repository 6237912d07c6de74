import { describe, expect, it } from 'vitest';
import { between, feedbackOf, moved, regionsIn, resized, saidByRegions, type Region } from './regions';

describe('marks on a picture', () => {
  it('are rectangles between two corners, in whatever order these were drawn', () => {
    const mark = { shape: 'rect', x: 0.2, y: 0.3, width: 0.4, height: 0.1 };
    expect(between({ x: 0.2, y: 0.3 }, { x: 0.6, y: 0.4 })).toEqual(mark);
    expect(between({ x: 0.6, y: 0.4 }, { x: 0.2, y: 0.3 })).toEqual(mark);
  });

  it('end at the edge of the picture', () => {
    expect(between({ x: 0.9, y: 0.9 }, { x: 1.4, y: 2 })).toEqual({ shape: 'rect', x: 0.9, y: 0.9, width: 0.1, height: 0.1 });
    expect(moved({ shape: 'rect', x: 0.8, y: 0.1, width: 0.2, height: 0.2 }, 0.5, -0.5)).toEqual({ shape: 'rect', x: 0.8, y: 0, width: 0.2, height: 0.2 });
    expect(resized({ shape: 'rect', x: 0.8, y: 0.1, width: 0.1, height: 0.2 }, 0.5, -0.5)).toEqual({ shape: 'rect', x: 0.8, y: 0.1, width: 0.2, height: 0.01 });
  });

  it('are pins where nothing was drawn to speak of', () => {
    expect(between({ x: 0.5, y: 0.5 }, { x: 0.505, y: 0.7 })).toEqual({ shape: 'point', x: 0.505, y: 0.7 });
    expect(resized({ shape: 'point', x: 0.5, y: 0.5 }, 0.1, 0.1)).toEqual({ shape: 'point', x: 0.5, y: 0.5 });
  });
});

describe('marks in feedback', () => {
  const pin: Region = { shape: 'point', x: 0.5, y: 0.5, file_id: 'f', comment: ' Too dark. ' };

  it('are sent with what was said of them', () => {
    expect(feedbackOf([pin, { shape: 'time', start: 3, comment: ' ' }])).toEqual({ regions: [{ ...pin, comment: 'Too dark.' }, { shape: 'time', start: 3 }] });
    expect(feedbackOf([])).toBeUndefined();
  });

  it('are read from whatever somebody sent', () => {
    expect(regionsIn({ regions: [pin, null, { shape: 'point', x: 'left', y: 0 }, { shape: 'cloud' }, { shape: 'pointer', pointer: '/a' }] })).toEqual([pin, { shape: 'pointer', pointer: '/a' }]);
    for (const odd of [null, 'text', 3, [], { regions: 'all' }]) expect(regionsIn(odd)).toEqual([]);
  });

  it('say what a rejection without a reason of its own says', () => {
    expect(saidByRegions([pin])).toBe('Too dark.');
    expect(saidByRegions([pin, { shape: 'point', x: 0, y: 0 }, { shape: 'time', start: 1, comment: 'Noise' }])).toBe('1. Too dark.\n2. Noise');
  });
});
