import type { Drawing, Place } from './use-layout';

export type Way = 'left' | 'right' | 'up' | 'down';

/**
 * Where an arrow key leads: left to what it was made from, right to what was made from it, up and down to what stands
 * beside it. Null where there is nothing that way.
 */
export function neighbourOf({ graph, places }: Drawing, id: string, way: Way): string | null {
  const here = places.get(id);
  if (!here) return null;
  const ids = way === 'left' ? graph.edges.filter((edge) => edge.from_id === id).map((edge) => edge.to_id)
    : way === 'right' ? graph.edges.filter((edge) => edge.to_id === id).map((edge) => edge.from_id)
    : [...places.keys()].filter((each) => each !== id && beside(here, places.get(each)!, way));
  const score = way === 'left' || way === 'right' ? (place: Place) => Math.abs(middle(place) - middle(here)) : (place: Place) => Math.abs(middle(place) - middle(here)) + Math.abs(place.x - here.x) / 4;
  let best: { id: string; far: number } | null = null;
  for (const each of ids) {
    const place = places.get(each);
    const far = place ? score(place) : Infinity;
    if (far < (best?.far ?? Infinity)) best = { id: each, far };
  }
  return best?.id ?? null;
}

/** In the same column, or nearly: nodes of other widths share one. */
function beside(here: Place, there: Place, way: Way): boolean {
  const overlap = Math.min(here.x + here.width, there.x + there.width) - Math.max(here.x, there.x);
  return overlap > 0 && (way === 'up' ? middle(there) < middle(here) : middle(there) > middle(here));
}

function middle({ y, height }: Place): number {
  return y + height / 2;
}
