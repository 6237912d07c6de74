import type { defineHook } from '@directus/extensions-sdk';

/** What defineHook takes and returns as it is. Calling it would bundle all of Directus' extension schemas (60 kB). */
export type Hook = Parameters<typeof defineHook>[0];
type FilterHandler = Parameters<Parameters<Hook>[0]['filter']>[1];
export type EventContext = Parameters<FilterHandler>[2];
export type Services = Parameters<Hook>[1]['services'];
export type Key = string | number;

/** Filters run before Directus checks permissions: an event may come from somebody who is not logged in. */
export function isAnonymous({ accountability }: Pick<EventContext, 'accountability'>): boolean {
  return accountability !== null && !accountability.user;
}

/** The key in a many-to-one field: the key itself, or an object that holds it. */
export function keyOf(value: unknown): Key | null {
  const key = typeof value === 'object' && value !== null ? (value as { id?: unknown }).id : value;
  return typeof key === 'string' || typeof key === 'number' ? key : null;
}
