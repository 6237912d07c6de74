import type { EventContext, Hook, Services } from '../hooks/event';
import hook from '../hooks';

type Row = Record<string, unknown>;
type Tables = Record<string, Row[]>;
type Filter = (payload: unknown, meta: unknown, context: EventContext) => unknown;

export const REVIEWER = '5b8f1f6a-0000-4000-8000-000000000001';
export interface Person {
  user: string | null;
  admin: boolean;
}

export const administrator: Person = { user: '5b8f1f6a-0000-4000-8000-000000000002', admin: true };
export const reviewer: Person = { user: REVIEWER, admin: false };
export const anonymous: Person = { user: null, admin: false };

/** The bundle's hook in a Directus whose permission service allows `allowed`, such as "update artifact_versions". */
export function givenDirectus({ env = {}, allowed = [] as string[] }) {
  const filters = new Map<string, Filter>();
  const register = { filter: (event: string, filter: Filter) => filters.set(event, filter) };
  const logger = { warn: () => undefined };
  hook(register as unknown as Parameters<Hook>[0], { env, logger, services: servicesThat(allowed) } as unknown as Parameters<Hook>[1]);
  return {
    emit: async (event: string, payload: unknown, context: EventContext, meta: unknown = {}) => filters.get(event)?.(payload, meta, context),
    events: [...filters.keys()],
  };
}

interface Given {
  accountability?: Person | null;
  tables?: Tables;
  inTransaction?: boolean;
}

export function given({ accountability = administrator, tables = {}, inTransaction = false }: Given): EventContext {
  const database = Object.assign((table: string) => new Query(tables[table] ?? []), { isTransaction: inTransaction });
  const collections = Object.fromEntries(Object.entries(tables).map(([name, rows]) => [name, { fields: { ...rows[0] } }]));
  return { accountability, database, schema: { collections } } as unknown as EventContext;
}

function servicesThat(allowed: string[]) {
  class PermissionsService {
    async getItemPermissions(collection: string) {
      return { update: { access: allowed.includes(`update ${collection}`) }, delete: { access: allowed.includes(`delete ${collection}`) } };
    }
  }
  return { PermissionsService } as unknown as Services;
}

/** As much of knex as the hooks use, over rows in memory. */
class Query {
  constructor(
    private rows: Row[],
    private chosen?: string,
  ) {}

  whereIn(field: string, values: unknown[] | Query): Query {
    const among = values instanceof Query ? values.values() : values;
    return new Query(this.rows.filter((row) => among.includes(row[field])));
  }

  whereNot(field: string, value: unknown): Query {
    return new Query(this.rows.filter((row) => row[field] !== value));
  }

  select(...fields: string[]): Query {
    return new Query(this.rows, fields[0]);
  }

  async first(): Promise<Row | undefined> {
    return this.rows[0];
  }

  then(done: (rows: Row[]) => unknown) {
    return Promise.resolve(this.rows).then(done);
  }

  private values(): unknown[] {
    return this.rows.map((row) => row[this.chosen ?? 'id']);
  }
}
