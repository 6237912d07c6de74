import { computed, nextTick, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue';
import type { Item } from './groups';
import type { InboxRow } from './inbox';

/** Where one is in the list, and what is selected. Both are kept by key: the same version, wherever it moves. */
export interface Cursor {
  active: Ref<string | null>;
  activeIndex: ComputedRef<number>;
  /** The row one is on; null on a closed group. */
  row: ComputedRef<InboxRow | null>;
  selected: ShallowRef<ReadonlySet<string>>;
  go: (key: string) => void;
  move: (by: 1 | -1) => void;
  /** To the first or the last line. */
  edge: (last: boolean) => void;
  toggle: (ids: readonly string[]) => void;
  /** Selects from where one is to the next. */
  extend: (by: 1 | -1) => void;
  /** Selects from where one is to there. */
  extendTo: (key: string) => void;
  select: (ids: Iterable<string>) => void;
  clear: () => void;
}

/** `away` are rows that are being decided: one steps over them, and they cannot be selected anew. */
export function useCursor(items: () => readonly Item[], away: () => ReadonlySet<string>): Cursor {
  const active = ref<string | null>(null);
  const selected = shallowRef<ReadonlySet<string>>(new Set());
  const places = computed(() => new Map(items().map(({ key }, index) => [key, index])));
  const activeIndex = computed(() => (active.value === null ? -1 : (places.value.get(active.value) ?? -1)));
  const row = computed(() => {
    const item = items()[activeIndex.value];
    return item?.kind === 'row' ? item.row : null;
  });
  /** A closed group stands for its rows; an open one is only a heading. */
  const canStand = (item: Item) => (item.kind === 'row' ? !away().has(item.key) : !item.open);
  const selectable = (item: Item | undefined): string[] => (item?.kind === 'row' && !away().has(item.key) ? [item.key] : []);

  function nextFrom(index: number, by: 1 | -1): number {
    const list = items();
    let at = index + by;
    while (list[at] && !canStand(list[at]!)) at += by;
    return list[at] ? at : -1;
  }

  function move(by: 1 | -1): void {
    const to = nextFrom(activeIndex.value, by);
    if (to >= 0) active.value = items()[to]!.key;
  }

  function select(ids: Iterable<string>): void {
    selected.value = new Set([...selected.value, ...ids]);
  }

  // What goes leaves the cursor to what comes after it, or else before it.
  let was = 0;
  watch([items, activeIndex], () => {
    if (activeIndex.value >= 0) return void (was = activeIndex.value);
    if (active.value === null && items().length > 0) return move(1);
    const at = [nextFrom(Math.min(was, items().length) - 1, 1), nextFrom(Math.min(was, items().length), -1)].find((each) => each >= 0);
    active.value = at === undefined ? null : items()[at]!.key;
  }, { immediate: true });

  return {
    active,
    activeIndex,
    row,
    selected,
    move,
    select,
    go: (key) => (active.value = key),
    edge: (last) => {
      const to = last ? nextFrom(items().length, -1) : nextFrom(-1, 1);
      if (to >= 0) active.value = items()[to]!.key;
    },
    toggle: (ids) => {
      const all = ids.length > 0 && ids.every((id) => selected.value.has(id));
      const others = [...selected.value].filter((id) => !ids.includes(id));
      selected.value = new Set(all ? others : [...others, ...ids]);
    },
    extend: (by) => {
      const from = items()[activeIndex.value];
      move(by);
      select([...selectable(from), ...selectable(items()[activeIndex.value])]);
    },
    extendTo: (key) => {
      const to = places.value.get(key) ?? -1;
      const [start, end] = [Math.min(activeIndex.value, to), Math.max(activeIndex.value, to)];
      if (start >= 0) select(items().slice(start, end + 1).flatMap(selectable));
      active.value = key;
    },
    clear: () => (selected.value = new Set()),
  };
}

/** Brings what one is on into sight when one goes there; not when only its place changes because others decide elsewhere. */
export function revealed({ active, activeIndex }: Pick<Cursor, 'active' | 'activeIndex'>, reveal: (index: number) => void): void {
  watch(active, async () => {
    await nextTick();
    if (activeIndex.value >= 0) reveal(activeIndex.value);
  });
}
