import { inject, onScopeDispose, watch } from 'vue';

/** As much of unhead, which Directus gives every component and writes its own titles with, as the desk uses. */
interface Head {
  push(entry: { title: string }): { patch(entry: { title: string }): void; dispose(): void };
}

const HEAD = 'usehead';

/**
 * What the browser's tab says while the component is there; Directus writes the project's name behind it. Null says nothing
 * new: what was said before stays until there is more to say, and `atFirst` until there is anything.
 */
export function useTitle(title: () => string | null, atFirst: string): void {
  const head = inject<Head | null>(HEAD, null);
  let entry: ReturnType<Head['push']> | null = null;
  watch(
    () => title() ?? (entry ? null : atFirst),
    (now) => {
      if (now === null) return;
      if (!head) document.title = now;
      else if (entry) entry.patch({ title: now });
      else entry = head.push({ title: now });
    },
    { immediate: true },
  );
  onScopeDispose(() => entry?.dispose());
}
