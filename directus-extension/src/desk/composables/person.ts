import { useStores } from '@directus/extensions-sdk';
import { effectScope, watch } from 'vue';

/** The keys of what the desk keeps in the browser's session begin so. */
export const OURS = 'artifacts:';
const PERSON = `${OURS}person`;

type Then = () => void;
const atLeaving = new Set<Then>();
const atChange = new Set<Then>();
let watched = false;

/** Called when the person logs out. */
export function whenThePersonLeaves(then: Then): void {
  atLeaving.add(then);
}

/** Called before another person sees anything: what modules keep in memory of the one before is theirs alone. */
export function whenAnotherComes(then: Then): void {
  atChange.add(then);
}

/** Directus logs out and in without loading the page anew, and a session's storage outlives both. Call it in a view's setup. */
export function usePerson(): void {
  const users = useStores()['useUserStore']?.() as { currentUser: { id?: string } | null } | undefined;
  if (watched || !users) return;
  watched = true;
  effectScope(true).run(() => watch(() => users.currentUser?.id ?? null, (id) => personIs(id), { immediate: true, flush: 'sync' }));
}

/** Who is there now; null: nobody. Who comes back finds what they left, anybody else finds nothing. */
export function personIs(id: string | null, storage: Storage = sessionStorage): void {
  if (id === storage.getItem(PERSON)) return;
  atLeaving.forEach((then) => then());
  if (id === null) return;
  atChange.forEach((then) => then());
  for (const key of Object.keys(storage)) if (key.startsWith(OURS)) storage.removeItem(key);
  storage.setItem(PERSON, id);
}
