import { describe, expect, it } from 'vitest';
import { LABEL_HEIGHT, layout, type Task } from './layout';
import { trace } from './route';

/** The same numbers each time, so that a picture that goes wrong goes wrong again. */
function dice(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** Versions of several sizes in the order they were made, each from some before it; some twice, some long ago. */
function madeUp(seed: number, count: number): Task {
  const roll = dice(seed);
  const pick = (most: number) => Math.floor(roll() * most);
  const nodes = Array.from({ length: count }, (_, at) => ({ id: String(at), ...[{ width: 236, height: 64 }, { width: 300, height: 82 }, { width: 190, height: 48 }][pick(3)]! }));
  const edges = nodes.slice(1).flatMap(({ id }, at) => Array.from({ length: 1 + pick(3) }, (): [string, string, number] => [String(pick(at + 1)), id, [0, 84, 112][pick(3)]!]));
  return { nodes, edges };
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}
const overlap = (one: Box, other: Box) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
const around = (x: number, y: number, width: number, height: number): Box => ({ left: x - width / 2, right: x + width / 2, top: y - height / 2, bottom: y + height / 2 });

function laid(task: Task) {
  const { middles, points, starts, labels } = layout(task);
  return {
    boxes: task.nodes.map(({ id, width, height }, at) => ({ id, ...around(middles[at * 2]!, middles[at * 2 + 1]!, width, height) })),
    lines: task.edges.map(([from, to, label], at) => ({ from, to, points: points.slice(starts[at], starts[at + 1]), label: label ? around(labels[at * 2]!, labels[at * 2 + 1]!, label, LABEL_HEIGHT) : null })),
  };
}

/** Points along the line as it is drawn. */
function along(points: Float64Array): { x: number; y: number }[] {
  const seen: { x: number; y: number }[] = [];
  let [x, y] = [0, 0];
  const to = (nextX: number, nextY: number) => ([x, y] = [nextX, nextY]);
  const bend = (...[ax, ay, bx, by, nextX, nextY]: [number, number, number, number, number, number]) => {
    const parts = 24 + Math.ceil(Math.abs(nextX - x) / 8);
    for (let part = 0; part <= 1; part += 1 / parts) {
      const rest = 1 - part;
      const of = (p0: number, p1: number, p2: number, p3: number) => rest ** 3 * p0 + 3 * rest * rest * part * p1 + 3 * rest * part * part * p2 + part ** 3 * p3;
      seen.push({ x: of(x, ax, bx, nextX), y: of(y, ay, by, nextY) });
    }
    to(nextX, nextY);
  };
  const level = (nextX: number, nextY: number) => bend(x + (nextX - x) / 3, y + (nextY - y) / 3, x + (2 * (nextX - x)) / 3, y + (2 * (nextY - y)) / 3, nextX, nextY);
  trace({ moveTo: to, lineTo: level, bezierCurveTo: bend }, points, { bends: true, arrow: false });
  return seen;
}

describe.each([1, 2, 3, 4, 5, 6])('the lines of a lineage (%i)', (seed) => {
  const { boxes, lines } = laid(madeUp(seed, 12 + seed * 6));

  it('have their labels where no node and no other label is', () => {
    const labels = lines.flatMap(({ label }) => (label ? [label] : []));
    expect(labels.length).toBeGreaterThan(3);
    for (const label of labels) {
      expect(boxes.filter((box) => overlap(box, label))).toEqual([]);
      expect(labels.filter((other) => other !== label && overlap(other, label))).toEqual([]);
    }
  });

  it('go through their labels', () => {
    for (const { points, label } of lines) {
      if (label) expect(along(points).some(({ x, y }) => x > label.left && x < label.right && Math.abs(y - (label.top + label.bottom) / 2) < 1)).toBe(true);
    }
  });

  it('begin and end at their nodes and pass under no other', () => {
    for (const { from, to, points } of lines) {
      const [start, end] = [boxes.find(({ id }) => id === from)!, boxes.find(({ id }) => id === to)!];
      expect([points[0], points.at(-2)]).toEqual([start.right, end.left]);
      const under = boxes.filter((box) => along(points).some(({ x, y }) => x > box.left + 0.01 && x < box.right - 0.01 && y > box.top && y < box.bottom));
      expect(under).toEqual([]);
    }
  });

  it('never rise above the picture', () => {
    expect(Math.min(...lines.flatMap(({ points }) => along(points).map(({ y }) => y)), ...boxes.map(({ top }) => top))).toBeGreaterThanOrEqual(0);
  });
});

it('groups that were made from each other have lines both ways', () => {
  const nodes = ['a', 'b'].map((id) => ({ id, width: 200, height: 60 }));
  const { boxes: [a, b], lines: [there, back] } = laid({ nodes, edges: [['a', 'b', 84], ['b', 'a', 84]] });
  expect([there!.points[0], there!.points.at(-2)]).toEqual([a!.right, b!.left]);
  expect([back!.points[0], back!.points.at(-2)]).toEqual([b!.left, a!.right]);
  expect(overlap(there!.label!, back!.label!)).toBe(false);
});
