import { computed, type ComputedRef } from 'vue';
import type { Camera, Point } from './use-camera';
import type { Place } from './use-layout';

/** The whole picture in small, and which part of it the stage shows. */
export interface PictureMap {
  /** A point p of the picture is at p · scale + (x, y) of the map. */
  map: ComputedRef<Place & { scale: number }>;
  /** What the stage shows, as far as it lies in the map. */
  frame: ComputedRef<Place>;
  /** All of the picture is on the stage: the map would say nothing. */
  needless: ComputedRef<boolean>;
  /** The camera goes where the map is touched; the frame itself is pulled from where it is held. */
  press: (at: Point) => void;
  pull: (at: Point) => void;
  release: () => void;
}

const [WIDEST, HIGHEST, NARROWEST] = [200, 132, 56];
const MARGIN = 4;
/** So large at least, or nobody sees where they are, or catches it. */
const FRAME = 8;

export function useMap(camera: Pick<Camera, 'width' | 'seen' | 'centre'>, size: () => { width: number; height: number }): PictureMap {
  const map = computed(() => {
    const { width, height } = size();
    const most = Math.min(WIDEST, Math.max(camera.width.value * 0.35, NARROWEST));
    const scale = Math.min((most - 2 * MARGIN) / width, (HIGHEST - 2 * MARGIN) / height);
    const [wide, high] = [Math.max(width * scale + 2 * MARGIN, NARROWEST), Math.max(height * scale + 2 * MARGIN, NARROWEST)];
    return { x: (wide - width * scale) / 2, y: (high - height * scale) / 2, width: wide, height: high, scale };
  });
  const frame = computed(() => {
    const [{ x, y, width, height, scale }, seen] = [map.value, camera.seen.value];
    const [left, wide] = within(seen.x * scale + x, seen.width * scale, width);
    const [top, high] = within(seen.y * scale + y, seen.height * scale, height);
    return { x: left, y: top, width: wide, height: high };
  });
  const needless = computed(() => {
    const [{ x, y, width, height }, all] = [camera.seen.value, size()];
    return x <= 1 && y <= 1 && x + width >= all.width - 1 && y + height >= all.height - 1;
  });

  let held: Point | null = null;
  const pointOf = ({ x, y }: Point): Point => ({ x: (x - map.value.x) / map.value.scale, y: (y - map.value.y) / map.value.scale });
  const show = ({ x, y }: Point) => camera.centre({ x, y, width: 0, height: 0 });
  return {
    map, frame, needless,
    press(at) {
      const [{ x, y, width, height }, inside] = [frame.value, pointOf(at)];
      const middle = { x: camera.seen.value.x + camera.seen.value.width / 2, y: camera.seen.value.y + camera.seen.value.height / 2 };
      const caught = at.x >= x && at.x <= x + width && at.y >= y && at.y <= y + height;
      held = caught ? { x: inside.x - middle.x, y: inside.y - middle.y } : { x: 0, y: 0 };
      if (!caught) show(inside);
    },
    pull(at) {
      if (!held) return;
      const { x, y } = pointOf(at);
      show({ x: x - held.x, y: y - held.y });
    },
    release: () => void (held = null),
  };
}

/** The part of a stretch that lies between 0 and `most`; beyond it, a piece at the border says in which direction it is. */
function within(from: number, size: number, most: number): [from: number, size: number] {
  const start = Math.min(Math.max(from, 0), most - FRAME);
  const end = Math.max(Math.min(from + size, most), start + FRAME);
  return [start, end - start];
}
