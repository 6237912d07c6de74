/** The filters of the inbox by the registry's own names, so that the address, the request and the review page agree. */
export const FILTERS = ['project_id', 'task_id', 'schema_key', 'artifact_type', 'producer', 'older_than_hours', 'younger_than_hours', 'decidable', 'q'] as const;
export type Filter = (typeof FILTERS)[number];
export type Filters = Partial<Record<Filter, string>>;

export const SORTS = ['path', 'oldest', 'newest'] as const;
export type Sort = (typeof SORTS)[number];

type Query = Record<string, unknown>;

/** What an address asks for. What it says of other things is left out. Pure. */
export function filtersOf(query: Query): Filters {
  const found = FILTERS.flatMap((name) => {
    const value = query[name];
    return typeof value === 'string' && value !== '' ? [[name, value] as const] : [];
  });
  return Object.fromEntries(found);
}

/** What is asked of the registry: it searches for two letters or more. */
export function asked({ q, ...filters }: Filters): Filters {
  return q && q.trim().length >= 2 ? { ...filters, q: q.trim() } : filters;
}

export function sortOf(query: Query): Sort | null {
  return SORTS.find((sort) => sort === query['sort']) ?? null;
}

/** The address with some filters changed; null takes one away. What else it says stays, except where the list was. */
export function withFilters(query: Query, changes: Partial<Record<Filter | 'sort', string | null>>): Query {
  const { at: _, ...rest } = query;
  return Object.fromEntries(Object.entries({ ...rest, ...changes }).filter(([, value]) => value !== null && value !== ''));
}

/** As the review page takes it in `from`. */
export function listOf(filters: Filters): string {
  return new URLSearchParams(asked(filters)).toString();
}
