import { isAnonymous, type EventContext, type Key, type Services } from './event';

export type Action = 'update' | 'delete';

/** Whether the event's caller may do `action` to all of the items, by Directus' own permissions. */
export type Permission = (action: Action, collection: string, keys: Key[], context: EventContext) => Promise<boolean>;

/**
 * Update, create and delete filters run before Directus checks permissions: whoever acts in one asks first.
 * Where the answer is no, the filter leaves the event alone and Directus refuses in its own words.
 */
export function permissionOf(services: Pick<Services, 'PermissionsService'>): Permission {
  return async (action, collection, keys, context) => {
    const { accountability, schema, database } = context;
    if (accountability === null || accountability.admin) return true;
    if (isAnonymous(context) || schema === null) return false;
    const permissions = new services.PermissionsService({ accountability, schema, knex: database });
    for (const key of keys) {
      const item = await permissions.getItemPermissions(collection, String(key));
      if (!item[action].access) return false;
    }
    return true;
  };
}
