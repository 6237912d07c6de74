import type { EventContext, Key } from './event';

/** A field that may hold an item's key; `through`, the key of an item that itself holds the item's key. */
export interface Reference {
  collection: string;
  field: string;
  through?: { collection: string; field: string };
}

/** Whether any row refers to one of the items. Fields that this Directus does not have (yet) refer to nothing. */
export async function anyRefers(references: Reference[], keys: Key[], context: EventContext): Promise<boolean> {
  for (const reference of references.filter((one) => exists(one, context))) {
    if (await refers(reference, keys, context)) return true;
  }
  return false;
}

function exists({ collection, field, through }: Reference, context: EventContext): boolean {
  const known = context.schema?.collections[collection]?.fields[field] !== undefined;
  return known && (!through || exists(through, context));
}

function refers({ collection, field, through }: Reference, keys: Key[], { database }: EventContext): Promise<unknown> {
  const holders = through ? database(through.collection).whereIn(through.field, keys).select('id') : keys;
  // whereIn takes keys or a subquery; its types want to know which.
  return database(collection)
    .whereIn(field, holders as Key[])
    .first(field);
}
