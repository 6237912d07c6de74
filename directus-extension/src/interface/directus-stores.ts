import { getCurrentInstance } from 'vue';

export interface Stores {
  /** Lets the form on the page read its item again; what somebody has typed there stays. False where Directus cannot. */
  refreshForm: (collection: string) => boolean;
  /** Says something in Directus' own notifications, which outlive the page; false where there are none. */
  notify: (title: string, text: string) => boolean;
}

interface Tools {
  triggerSystemToolResult?: (tool: string, given: { collection: string; action: string }) => unknown;
}

interface Notifications {
  add?: (notification: { title: string; text: string; type: string; dialog: boolean }) => unknown;
}

/**
 * Directus gives interfaces no way to refresh an item. Its form does listen for changes that Directus' own assistant makes
 * to the collection, so the change is announced as one of those. Asks nothing of the assistant, which may be off.
 */
export function useDirectusStores(): Stores {
  const pinia = getCurrentInstance()?.appContext.config.globalProperties['$pinia'] as { _s?: Map<string, unknown> } | undefined;
  return storesOf(pinia?._s);
}

export function storesOf(stores: Map<string, unknown> | undefined): Stores {
  return {
    refreshForm: (collection) => {
      const announce = (stores?.get('ai-tools-store') as Tools | undefined)?.triggerSystemToolResult;
      announce?.('items', { collection, action: 'update' });
      return announce !== undefined;
    },
    notify: (title, text) => {
      const notifications = stores?.get('notificationsStore') as Notifications | undefined;
      notifications?.add?.({ title, text, type: 'error', dialog: true });
      return notifications?.add !== undefined;
    },
  };
}
