import { getCurrentInstance, onMounted, onUnmounted } from 'vue';

interface Sidebar {
  collapsed: boolean;
  collapse: () => void;
  expand: () => void;
}

/**
 * Folds Directus' own sidebar away while pictures are looked at, and opens it again afterwards: it would take the place of
 * the decision beside the picture. Whoever opens it meanwhile keeps it. Does nothing where Directus has no such store.
 */
export function useRoom(): void {
  const pinia = getCurrentInstance()?.appContext.config.globalProperties['$pinia'] as { _s?: Map<string, Sidebar> } | undefined;
  const sidebar = pinia?._s?.get('sidebar-store');
  let folded = false;
  const open = () => {
    if (folded && sidebar?.collapsed) sidebar.expand();
    folded = false;
  };
  onMounted(() => {
    if (!sidebar || sidebar.collapsed) return;
    folded = true;
    sidebar.collapse();
    // Directus remembers it beyond the page.
    window.addEventListener('pagehide', open);
  });
  onUnmounted(() => {
    window.removeEventListener('pagehide', open);
    open();
  });
}
