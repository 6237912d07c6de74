import type { Edge, Shown } from './graph';
import { overlaps } from './use-camera';
import type { Drawing, Place } from './use-layout';

export interface Inks {
  line: string;
  accent: string;
  warning: string;
  success: string;
  danger: string;
  quiet: string;
  text: string;
  paper: string;
}

export interface Scene {
  drawing: Drawing;
  view: { x: number; y: number; scale: number };
  seen: Place;
  inks: Inks;
  /** Drawn strongly, with the lines that begin or end there. */
  current: string | null;
  faded: (id: string) => boolean;
  /** Boxes stand for nodes that are too small to be read. */
  boxes: boolean;
  labelOf: (edge: Edge) => string;
}

/** How a relation is drawn; the legend shows the same. */
export const DASHES: Record<Edge['type'], readonly number[]> = {
  derived_from: [], generated_by: [], used: [], part_of: [], variant_of: [2, 5], transcoded_from: [10, 4], edited_from: [10, 4, 2, 4], restored_from: [4, 4],
};
export const STRONG: readonly Edge['type'][] = ['derived_from', 'variant_of', 'transcoded_from', 'edited_from', 'restored_from'];

const LABELS_FROM = 0.7;
const ARROWS_FROM = 0.35;

/** Lines, and boxes where nodes are small. Only what is seen, one stroke for each kind of line: 2,000 nodes stay quick. */
export function draw(canvas: CanvasRenderingContext2D, scene: Scene): number {
  const { drawing: { graph, places }, view, seen, inks } = scene;
  const kinds = new Map<string, { path: Path2D; edge: Edge; strong: boolean; faded: boolean }>();
  const labelled: { edge: Edge; x: number; y: number }[] = [];
  let drawn = 0;
  for (const edge of graph.edges) {
    const [from, to] = [places.get(edge.to_id), places.get(edge.from_id)];
    if (!from || !to || !overlaps(between(from, to), seen)) continue;
    const strong = edge.from_id === scene.current || edge.to_id === scene.current;
    const faded = scene.faded(edge.from_id) || scene.faded(edge.to_id);
    const key = `${edge.type} ${strong} ${faded}`;
    const kind = kinds.get(key) ?? { path: new Path2D(), edge, strong, faded };
    kinds.set(key, kind);
    const [x, y] = line(kind.path, from, to, view.scale >= ARROWS_FROM);
    if (view.scale >= LABELS_FROM && STRONG.includes(edge.type)) labelled.push({ edge, x, y });
    drawn += 1;
  }
  canvas.lineJoin = 'round';
  for (const { path, edge, strong, faded } of kinds.values()) {
    canvas.setLineDash([...DASHES[edge.type]]);
    canvas.strokeStyle = strong ? inks.accent : inks.line;
    canvas.globalAlpha = faded ? 0.25 : STRONG.includes(edge.type) || strong ? 1 : 0.7;
    canvas.lineWidth = Math.min((strong ? 2.5 : STRONG.includes(edge.type) ? 1.6 : 1.1) / Math.min(view.scale * 1.6, 1), 8);
    canvas.stroke(path);
  }
  canvas.setLineDash([]);
  canvas.globalAlpha = 1;
  if (scene.boxes) boxes(canvas, scene);
  labels(canvas, labelled, scene);
  return drawn;
}

function boxes(canvas: CanvasRenderingContext2D, { drawing: { graph, places }, seen, inks, current, faded }: Scene): void {
  const paths = new Map<string, Path2D>();
  for (const node of graph.nodes) {
    const place = places.get(node.id);
    if (!place || node.id === current || !overlaps(place, seen)) continue;
    const key = `${faded(node.id) ? 0.25 : 1} ${inkOf(node, inks)}`;
    const path = paths.get(key) ?? new Path2D();
    paths.set(key, path);
    path.rect(place.x, place.y, place.width, place.height);
  }
  for (const [key, path] of paths) {
    const at = key.indexOf(' ');
    canvas.globalAlpha = Number(key.slice(0, at));
    canvas.fillStyle = key.slice(at + 1);
    canvas.fill(path);
  }
  canvas.globalAlpha = 1;
}

function inkOf(node: Shown, inks: Inks): string {
  if (node.kind !== 'version') return inks.line;
  if (node.stale) return inks.warning;
  return { approved: inks.success, pending: inks.accent, rejected: inks.danger }[node.status] ?? inks.quiet;
}

function labels(canvas: CanvasRenderingContext2D, labelled: readonly { edge: Edge; x: number; y: number }[], { inks, labelOf, current }: Scene): void {
  canvas.font = '500 11px Inter, system-ui, sans-serif';
  [canvas.textAlign, canvas.textBaseline] = ['center', 'middle'];
  for (const { edge, x, y } of labelled) {
    // What is derived from what is the usual case: it is said where somebody looks.
    if (edge.type === 'derived_from' && edge.from_id !== current && edge.to_id !== current) continue;
    const text = labelOf(edge);
    const wide = canvas.measureText(text).width + 10;
    canvas.fillStyle = inks.paper;
    canvas.fillRect(x - wide / 2, y - 8, wide, 16);
    canvas.fillStyle = inks.text;
    canvas.fillText(text, x, y);
  }
}

/** Adds the line from a node to what was made from it; answers its middle. */
function line(path: Path2D, from: Place, to: Place, arrow: boolean): [number, number] {
  const [x1, y1, x2, y2] = [from.x + from.width, from.y + from.height / 2, to.x, to.y + to.height / 2];
  const bend = Math.max(Math.abs(x2 - x1) / 2, 30);
  path.moveTo(x1, y1);
  path.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2);
  if (arrow) {
    path.moveTo(x2 - 7, y2 - 4);
    path.lineTo(x2, y2);
    path.lineTo(x2 - 7, y2 + 4);
  }
  return [(x1 + x2) / 2, (y1 + y2) / 2];
}

function between(one: Place, other: Place): Place {
  const [x, y] = [Math.min(one.x, other.x), Math.min(one.y, other.y)];
  return { x, y, width: Math.max(one.x + one.width, other.x + other.width) - x, height: Math.max(one.y + one.height, other.y + other.height) - y };
}
