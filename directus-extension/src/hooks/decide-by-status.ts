import type { Registry } from '../registry/client';
import { refusal } from '../registry/refusal';
import type { EventContext, Key } from './event';
import type { Permission } from './permission';

export type Edit = Record<string, unknown>;

interface Reviewed {
  decisions: { artifact_version_id: string; status: string }[];
}

/** What a status asks for. Any other status is left to the database, which refuses it. */
const ACTIONS: Record<string, string> = { approved: 'approve', rejected: 'reject', pending: 'submit', archived: 'archive' };

/** Written by a decision. Beside a status they are understood; the registry writes its own values. */
const DECISION = ['status', 'review_state', 'approved_at', 'approved_by', 'rejection_reason', 'promoted_at'];

/** Makes a plain edit of a version's status, by form or by REST, a decision of the registry. */
export function decideByStatus(registry: Registry, may: Permission) {
  return async (edit: Edit, { keys }: { keys?: Key[] }, context: EventContext): Promise<Edit> => {
    const action = actionOf(edit);
    if (!action || !keys?.length) return edit;
    if (!(await may('update', 'artifact_versions', keys, context))) return edit;
    const refused = notAlone(edit) ?? notByItself(context);
    if (refused) {
      if (await changesNothing(edit, keys, context)) return edit;
      throw refused;
    }
    const { data } = await registry<Reviewed>({ method: 'POST', path: '/v1/reviews', body: review(edit, action, keys) }, context);
    return outcome(edit, data);
  };
}

function actionOf({ status }: Edit): string | undefined {
  return typeof status === 'string' && Object.hasOwn(ACTIONS, status) ? ACTIONS[status] : undefined;
}

function notAlone(edit: Edit) {
  const others = Object.keys(edit).filter((field) => !DECISION.includes(field) || (field === 'review_state' && edit[field] !== null));
  if (others.length === 0) return null;
  const sentence = `Save the change of ${others.join(', ')} first, then the status by itself. Nothing was saved.`;
  return refusal(409, 'decide_separately', sentence, { fields: others });
}

/** Inside a transaction of Directus' the decision would stand even where Directus then rolls back the rest. */
function notByItself({ database }: EventContext) {
  if (!database.isTransaction) return null;
  const sentence = 'A status is not changed together with other items. Use the Review button, or POST /v1/reviews for many at once.';
  return refusal(409, 'decide_through_reviews', sentence, { next: 'POST /v1/reviews' });
}

/** A form, an import or a nested save may repeat the status as it stands: that decides nothing. */
async function changesNothing({ status }: Edit, keys: Key[], { database }: EventContext): Promise<boolean> {
  const other = await database('artifact_versions').whereIn('id', keys).whereNot('status', String(status)).first('id');
  return !other;
}

function review(edit: Edit, action: string, keys: Key[]) {
  const reason = edit['rejection_reason'] || null;
  return { decisions: keys.map((key) => ({ artifact_version_id: key, action, reason })), promote: 'task_done' };
}

/**
 * What is left for Directus to save. The status equals what the registry wrote, so the guard lets it pass, and Directus
 * gets its revision and its event. A vote that leaves the version pending leaves nothing to save.
 */
function outcome({ status }: Edit, { decisions }: Reviewed): Edit {
  return decisions.every((decision) => decision.status === status) ? { status } : {};
}
