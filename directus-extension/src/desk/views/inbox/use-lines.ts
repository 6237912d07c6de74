import { computed, shallowRef, type ComputedRef } from 'vue';
import type { Sort } from './filters';
import { groupsAround, groupsUpFrom, itemsOf, type Item } from './groups';
import type { InboxRow } from './inbox';
import { useCursor, type Cursor } from './use-cursor';

/** The lines of the list, where one is among them, and what is selected. */
export interface Lines {
  items: ComputedRef<readonly Item[]>;
  cursor: Cursor;
  /** Rows that still wait. */
  left: ComputedRef<readonly InboxRow[]>;
  selected: ComputedRef<readonly InboxRow[]>;
  /** Whether all that is shown is selected; null where some of it is. */
  all: ComputedRef<boolean | null>;
  /** What can be selected at all: rows in open groups. */
  shown: ComputedRef<readonly string[]>;
  /** The selection, or else the row one is on. */
  meant: ComputedRef<readonly InboxRow[]>;
  selectAll: () => void;
  toggle: (key: string) => void;
  /** Opens or closes the innermost group around the cursor; without `open`, the other way round. */
  group: (open?: boolean) => void;
}

export function useLines(rows: () => readonly InboxRow[], sort: () => Sort, away: () => ReadonlySet<string>): Lines {
  const closed = shallowRef<ReadonlySet<string>>(new Set());
  const items = computed(() => itemsOf(rows(), { sort: sort(), closed: closed.value, away: away() }));
  const cursor = useCursor(() => items.value, away);
  const left = computed(() => rows().filter(({ id }) => !away().has(id)));
  const selected = computed(() => (cursor.selected.value.size === 0 ? [] : left.value.filter(({ id }) => cursor.selected.value.has(id))));
  const shown = computed(() => items.value.flatMap((item) => (item.kind === 'row' && !away().has(item.key) ? [item.key] : [])));
  const all = computed(() => (selected.value.length === 0 ? false : shown.value.every((id) => cursor.selected.value.has(id)) ? true : null));

  function set(key: string, open: boolean): void {
    closed.value = new Set(open ? [...closed.value].filter((each) => each !== key) : [...closed.value, key]);
    const at = items.value.findIndex((item) => item.key === key);
    const inside = open ? items.value.slice(at + 1).find((item) => item.kind === 'row' || !item.open) : null;
    cursor.go(inside?.key ?? key);
  }

  return {
    items,
    cursor,
    left,
    selected,
    shown,
    all,
    meant: computed(() => {
      const { value: row } = cursor.row;
      return selected.value.length > 0 ? selected.value : row && !away().has(row.id) ? [row] : [];
    }),
    selectAll: () => (all.value === true ? cursor.clear() : cursor.select(shown.value)),
    toggle: (key) => set(key, closed.value.has(key)),
    group: (open) => {
      const around = cursor.row.value ? groupsAround(cursor.row.value) : cursor.active.value ? groupsUpFrom(cursor.active.value) : [];
      const key = around.find((each) => items.value.some((item) => item.key === each) && (open === undefined || closed.value.has(each) === open));
      if (key) set(key, open ?? closed.value.has(key));
    },
  };
}
