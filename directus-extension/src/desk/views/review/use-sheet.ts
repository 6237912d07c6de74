import { useRegistry, type Fresh, type Registry } from '../../api/registry';
import { whenAnotherComes } from '../../composables/person';
import { useFresh, type Kept } from '../../composables/use-fresh';
import { askSheet, type Sheet } from './sheet';

export interface Sheets extends Kept<Sheet> {
  /** Reads a sheet that somebody will look at soon, and its picture. */
  prefetch: (id: string, pictureOf: (sheet: Sheet) => string | null) => void;
}

/** So many candidates are kept ready, the last ones looked at included. */
const READY = 12;
/** What was read longer ago is read again before it is shown. */
const OLD_MS = 60_000;

const ready = new Map<string, { fresh: Fresh<Sheet>; at: number }>();
// A sheet says what its reader may do.
whenAnotherComes(() => ready.clear());

/** The sheet of the version on the page. One that was prefetched is there at once and is asked again behind it. */
export function useSheet(id: () => string): Sheets {
  const registry = useRegistry();
  let again: ReturnType<typeof setTimeout> | undefined;

  const kept = useFresh<Sheet>(
    async (known, signal) => {
      const asked = id();
      clearTimeout(again);
      const known_ = known === null ? readyNow(asked) : null;
      if (known_) {
        again = setTimeout(() => asked === id() && void kept.refresh(), 0);
        return known_;
      }
      const fresh = await askSheet(registry, asked, known, signal);
      if (fresh) keep(asked, fresh);
      return fresh;
    },
    { question: id },
  );
  return { ...kept, prefetch: (next, pictureOf) => void prefetch(registry, next, pictureOf) };
}

/** What was decided is no longer as it was read. */
export function forget(id: string): void {
  ready.delete(id);
}

async function prefetch(registry: Registry, id: string, pictureOf: (sheet: Sheet) => string | null): Promise<void> {
  let fresh = readyNow(id);
  if (!fresh) {
    // Nobody waits for it yet: whoever comes to it asks again and is told what is wrong.
    fresh = await askSheet(registry, id, null).catch(() => null);
    if (!fresh) return;
    keep(id, fresh);
  }
  const address = pictureOf(fresh.answer);
  if (address) new Image().src = address;
}

function readyNow(id: string): Fresh<Sheet> | null {
  const found = ready.get(id);
  return found && Date.now() - found.at < OLD_MS ? found.fresh : null;
}

function keep(id: string, fresh: Fresh<Sheet>): void {
  ready.delete(id);
  ready.set(id, { fresh, at: Date.now() });
  for (const oldest of ready.keys()) {
    if (ready.size <= READY) break;
    ready.delete(oldest);
  }
}
