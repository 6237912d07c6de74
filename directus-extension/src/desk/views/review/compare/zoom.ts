export interface Point {
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

/** Where a picture lies: enlarged by `scale` from the size at which it fits, its middle moved by `x`, `y` room widths and heights. */
export interface View {
  scale: number;
  x: number;
  y: number;
}

export const FITTING: View = { scale: 1, x: 0, y: 0 };
const LARGEST = 32;

/** Pixels of the screen for one of the picture where the whole picture fits into the room. 0 where a size is not known. */
export function fitOf(picture: Size, room: Size): number {
  return picture.width > 0 && picture.height > 0 ? Math.min(room.width / picture.width, room.height / picture.height) : 0;
}

/** Enlarged by `factor`, so that what lies under `at` (pixels from the middle of the room) stays there. */
export function zoomed(view: View, factor: number, at: Point, room: Size): View {
  const scale = Math.min(Math.max(view.scale * factor, 1), LARGEST);
  const by = scale / view.scale;
  const keep = (middle: number, under: number, length: number) => (length > 0 ? (under - by * (under - middle * length)) / length : 0);
  return kept({ scale, x: keep(view.x, at.x, room.width), y: keep(view.y, at.y, room.height) });
}

/** Moved by pixels of the screen. */
export function panned(view: View, by: Point, room: Size): View {
  return kept({ ...view, x: view.x + by.x / Math.max(room.width, 1), y: view.y + by.y / Math.max(room.height, 1) });
}

/** The scale at which a pixel of the picture is one of the screen. */
export function actualSize(picture: Size, room: Size): number {
  const fit = fitOf(picture, room);
  return fit > 0 ? Math.min(Math.max(1 / fit, 1), LARGEST) : 1;
}

/** Where the picture lies in the room: its upper corner and its size, in pixels of the screen. */
export function placed(view: View, picture: Size, room: Size): Point & Size {
  const fit = fitOf(picture, room) * view.scale;
  const width = picture.width * fit;
  const height = picture.height * fit;
  return { x: (room.width - width) / 2 + view.x * room.width, y: (room.height - height) / 2 + view.y * room.height, width, height };
}

/** The middle never leaves the enlarged picture, so that it is never lost. */
function kept({ scale, x, y }: View): View {
  const most = (scale - 1) / 2;
  const within = (value: number) => Math.min(Math.max(value, -most), most) || 0;
  return { scale, x: within(x), y: within(y) };
}
