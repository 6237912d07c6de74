import { expect, it } from 'vitest';
import type { Edge } from './graph';
import { layout } from './layout';
import { neighbourOf } from './neighbours';
import { drawingOf } from './use-layout';

const LINES = [['brief', 'logo', 0], ['brief', 'text', 0], ['logo', 'poster', 0], ['text', 'poster', 0]] as const;
const nodes = ['brief', 'logo', 'text', 'poster'].map((id) => ({ id, width: 200, height: 60 }));
const edges = LINES.map(([before, after]): Edge => ({ id: null, from_id: after, to_id: before, type: 'derived_from', metadata: null }));
const task = { nodes, edges: LINES };
const drawing = drawingOf({ nodes: [], edges }, task, edges, layout(task));

it('time runs from left to right, and nothing lies on anything else', () => {
  const place = (id: string) => drawing.places.get(id)!;
  expect(place('brief').x).toBeLessThan(place('logo').x);
  expect(place('logo').x).toBeLessThan(place('poster').x);
  expect(Math.abs(place('logo').y - place('text').y)).toBeGreaterThanOrEqual(60);
});

it('arrow keys go along the lines, and up and down within a column', () => {
  const [upper, lower] = drawing.places.get('logo')!.y < drawing.places.get('text')!.y ? ['logo', 'text'] : ['text', 'logo'];
  expect(neighbourOf(drawing, 'poster', 'left')).toMatch(/logo|text/);
  expect(neighbourOf(drawing, 'logo', 'left')).toBe('brief');
  expect(neighbourOf(drawing, 'logo', 'right')).toBe('poster');
  expect(neighbourOf(drawing, upper!, 'down')).toBe(lower);
  expect(neighbourOf(drawing, upper!, 'up')).toBeNull();
  expect(neighbourOf(drawing, 'brief', 'left')).toBeNull();
});
