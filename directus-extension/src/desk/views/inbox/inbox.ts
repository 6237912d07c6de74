import type { Fresh, Registry } from '../../api/registry';
import type { AnswerOf, QueryOf, Schemas } from '../../api/types';

/** A version that waits for a decision. */
export type InboxRow = Schemas['InboxRow'];
export type WaitingProject = Schemas['WaitingProject'];
/** What all that waits comes to. Pages after the first one say only where the next begins. */
export type InboxMeta = Schemas['InboxMeta'];
export type InboxPage = AnswerOf<'readInbox'>;

export async function askInbox(registry: Pick<Registry, 'getFresh'>, query: Record<string, string | number>, known: string | null, signal?: AbortSignal): Promise<Fresh<InboxPage> | null> {
  // The address holds texts only; the registry reads them.
  return registry.getFresh('readInbox', '/v1/inbox', query as unknown as QueryOf<'readInbox'>, known, signal);
}

export type Decided = 'approve' | 'reject' | 'request_changes';

/** What the registry offers for a row. `may_decide` speaks of approving; the right to review alone is enough for the rest. */
export function offered(row: Pick<InboxRow, 'may_decide' | 'why_not'>, action: Decided): boolean {
  return action === 'approve' ? row.may_decide : row.why_not !== 'not_allowed';
}
