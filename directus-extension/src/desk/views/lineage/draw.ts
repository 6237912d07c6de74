import type { Edge, Shown } from './graph';
import { trace } from './route';
import { overlaps } from './use-camera';
import type { Drawing, Line, Place } from './use-layout';

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

export const LABEL_FONT = '500 11px Inter, system-ui, sans-serif';
const LABELS_FROM = 0.7;
const ARROWS_FROM = 0.35;

/** Lines, and boxes where nodes are small. Only what is seen, one stroke for each kind of line: 2,000 nodes stay quick. */
export function draw(canvas: CanvasRenderingContext2D, scene: Scene): number {
  const { drawing: { lines }, view, seen } = scene;
  const kinds = new Map<string, { path: Path2D; edge: Edge; strong: boolean; faded: boolean }>();
  const near = view.scale >= ARROWS_FROM;
  const shown = lines.filter(({ box }) => overlaps(box, seen));
  for (const { edge, points } of shown) {
    const strong = edge.from_id === scene.current || edge.to_id === scene.current;
    const faded = scene.faded(edge.from_id) || scene.faded(edge.to_id);
    const key = `${edge.type} ${strong} ${faded}`;
    const kind = kinds.get(key) ?? { path: new Path2D(), edge, strong, faded };
    kinds.set(key, kind);
    trace(kind.path, points, { bends: near, arrow: near });
  }
  stroke(canvas, [...kinds.values()].sort((one, other) => Number(one.strong) - Number(other.strong)), scene);
  if (scene.boxes) boxes(canvas, scene);
  if (view.scale >= LABELS_FROM) labels(canvas, shown, scene);
  return shown.length;
}

/** Those somebody looks at come last, so that they lie above the others. */
function stroke(canvas: CanvasRenderingContext2D, kinds: readonly { path: Path2D; edge: Edge; strong: boolean; faded: boolean }[], { inks, view }: Scene): void {
  canvas.lineJoin = 'round';
  for (const { path, edge, strong, faded } of kinds) {
    canvas.setLineDash([...DASHES[edge.type]]);
    canvas.strokeStyle = strong ? inks.accent : inks.line;
    canvas.globalAlpha = faded ? 0.25 : STRONG.includes(edge.type) || strong ? 1 : 0.7;
    canvas.lineWidth = Math.min((strong ? 2.5 : STRONG.includes(edge.type) ? 1.6 : 1.1) / Math.min(view.scale * 1.6, 1), 8);
    canvas.stroke(path);
  }
  canvas.setLineDash([]);
  canvas.globalAlpha = 1;
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

export function inkOf(node: Shown, inks: Inks): string {
  if (node.kind !== 'version') return inks.line;
  if (node.stale) return inks.warning;
  return { approved: inks.success, pending: inks.accent, rejected: inks.danger }[node.status] ?? inks.quiet;
}

/** The whole picture in small: every node as a box, those that say something in their colour. */
export function drawMap(canvas: CanvasRenderingContext2D, { drawing: { graph, places }, map: { x, y, scale }, inks, root, faded }: { drawing: Drawing; map: Place & { scale: number }; inks: Inks; root: string; faded: (id: string) => boolean }): void {
  const paths = new Map<string, Path2D>();
  for (const node of graph.nodes) {
    const place = places.get(node.id);
    if (!place) continue;
    const ink = node.id === root ? inks.accent : faded(node.id) ? inks.quiet : inkOf(node, inks);
    const path = paths.get(ink) ?? new Path2D();
    paths.set(ink, path);
    path.rect(place.x * scale + x, place.y * scale + y, Math.max(place.width * scale, 1), Math.max(place.height * scale, 1));
  }
  for (const [ink, path] of paths) {
    canvas.fillStyle = ink;
    canvas.fill(path);
  }
}

function labels(canvas: CanvasRenderingContext2D, lines: readonly Line[], { inks, labelOf, current }: Scene): void {
  canvas.font = LABEL_FONT;
  [canvas.textAlign, canvas.textBaseline] = ['center', 'middle'];
  for (const { edge, label } of lines) {
    // What is derived from what is the usual case: it is said where somebody looks.
    if (!label || (edge.type === 'derived_from' && edge.from_id !== current && edge.to_id !== current)) continue;
    canvas.fillStyle = inks.paper;
    canvas.fillRect(label.x, label.y, label.width, label.height);
    canvas.fillStyle = inks.text;
    canvas.fillText(labelOf(edge), label.x + label.width / 2, label.y + label.height / 2);
  }
}
