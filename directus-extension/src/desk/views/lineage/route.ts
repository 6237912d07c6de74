/** A node as dagre leaves it: its middle, its size, and the column it stands in. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
  rank: number;
}

export interface Column {
  left: number;
  right: number;
}

/** How far each column of nodes reaches: between two columns there is no node. */
export function columnsOf(boxes: readonly Box[]): ReadonlyMap<number, Column> {
  const columns = new Map<number, Column>();
  for (const { x, width, rank } of boxes) {
    const { left, right } = columns.get(rank) ?? { left: Infinity, right: -Infinity };
    columns.set(rank, { left: Math.min(left, x - width / 2), right: Math.max(right, x + width / 2) });
  }
  return columns;
}

interface Way {
  from: Box;
  to: Box;
  /** Where dagre keeps room for the line, a point for each column between the two nodes. */
  passed: readonly { x: number; y: number }[];
  columns: ReadonlyMap<number, Column>;
  /** The middle of its label, and how wide that is. */
  label?: { x: number; width: number } | undefined;
}

/**
 * The points of a line: x, y, x, y …, joined by `trace`. It goes level where there are nodes and where its label stands,
 * in the room kept for it, and bends only between; so it passes under no node, and its label stands where no node is.
 */
export function routeOf({ from, to, passed, columns, label }: Way): number[] {
  const ahead = to.x >= from.x ? 1 : -1;
  const points: number[] = [];
  function go(x: number, y: number): void {
    const [last, before] = [points.length - 2, points.length - 4];
    if (points[last] === x && points[last + 1] === y) return;
    if (before >= 0 && points[last + 1] === y && points[before + 1] === y) points.length = last;
    points.push(x, y);
  }
  const edge = ({ rank }: Box, side: 'near' | 'far') => {
    const { left, right } = columns.get(rank)!;
    return (side === 'far') === (ahead === 1) ? right : left;
  };
  go(from.x + (ahead * from.width) / 2, from.y);
  go(edge(from, 'far'), from.y);
  passed.forEach(({ x, y }, at) => {
    const own = x === label?.x ? { left: x - label.width / 2, right: x + label.width / 2 } : null;
    const level = columns.get(from.rank + ahead * (at + 1)) ?? own;
    if (!level) return;
    go(ahead === 1 ? level.left : level.right, y);
    go(ahead === 1 ? level.right : level.left, y);
  });
  go(edge(to, 'near'), to.y);
  go(to.x - (ahead * to.width) / 2, to.y);
  return points;
}

/** As much of a canvas' path as is used. */
export type Pen = Pick<Path2D, 'moveTo' | 'lineTo' | 'bezierCurveTo'>;

/** Draws a line through its points: level into each of them. From far away nobody sees the bends. */
export function trace(pen: Pen, points: ArrayLike<number>, { bends, arrow }: { bends: boolean; arrow: boolean }): void {
  let [x, y] = [points[0]!, points[1]!];
  let ahead = 1;
  pen.moveTo(x, y);
  for (let at = 2; at < points.length; at += 2) {
    const [toX, toY] = [points[at]!, points[at + 1]!];
    const middle = (x + toX) / 2;
    if (bends && toY !== y) pen.bezierCurveTo(middle, y, middle, toY, toX, toY);
    else pen.lineTo(toX, toY);
    ahead = toX < x ? -1 : 1;
    [x, y] = [toX, toY];
  }
  if (!arrow) return;
  pen.moveTo(x - 7 * ahead, y - 4);
  pen.lineTo(x, y);
  pen.lineTo(x - 7 * ahead, y + 4);
}
