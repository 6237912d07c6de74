/** What a call to the registry needs of the Directus event or flow that causes it. */
export interface Caller {
  /** null: Directus itself is acting. A user of null: nobody is logged in. */
  accountability: { user: string | null; admin: boolean } | null;
  /** The connection of the event; it knows whether Directus holds a transaction open on it. */
  database: { isTransaction?: boolean };
}
