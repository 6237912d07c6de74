import { describe, expect, it } from 'vitest';
import { actualSize, FITTING, panned, placed, zoomed, type View } from './zoom';

const ROOM = { width: 400, height: 200 };
const PICTURE = { width: 800, height: 800 };

/** Which share of the picture lies under a point of the screen, from the middle of the room. */
function under(view: View, x: number, y: number) {
  const { x: left, y: top, width, height } = placed(view, PICTURE, ROOM);
  return { x: (ROOM.width / 2 + x - left) / width, y: (ROOM.height / 2 + y - top) / height };
}

describe('a picture', () => {
  it('fits into its room and lies in the middle', () => {
    expect(placed(FITTING, PICTURE, ROOM)).toEqual({ x: 100, y: 0, width: 200, height: 200 });
    expect(placed(FITTING, { width: 0, height: 0 }, ROOM)).toMatchObject({ width: 0, height: 0 });
  });

  it('is enlarged around what is pointed at', () => {
    const before = under(FITTING, 30, 20);
    const after = under(zoomed(FITTING, 4, { x: 30, y: 20 }, ROOM), 30, 20);
    expect(after.x).toBeCloseTo(before.x, 9);
    expect(after.y).toBeCloseTo(before.y, 9);
  });

  it('is never smaller than it fits, nor larger than is of use, nor lost beside the room', () => {
    expect(zoomed(FITTING, 0.1, { x: 9, y: 9 }, ROOM)).toEqual(FITTING);
    expect(zoomed(FITTING, 1e6, { x: 0, y: 0 }, ROOM).scale).toBe(32);
    expect(panned({ scale: 2, x: 0, y: 0 }, { x: 10_000, y: -10_000 }, ROOM)).toEqual({ scale: 2, x: 0.5, y: -0.5 });
    expect(panned(FITTING, { x: 50, y: 50 }, ROOM)).toEqual(FITTING);
  });

  it('shows one pixel as one', () => {
    const scale = actualSize(PICTURE, ROOM);
    expect(placed({ scale, x: 0, y: 0 }, PICTURE, ROOM).width).toBe(PICTURE.width);
    expect(actualSize({ width: 10, height: 10 }, ROOM)).toBe(1);
  });
});
