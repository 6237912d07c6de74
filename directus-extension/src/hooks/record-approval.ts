import type { Registry } from '../registry/client';
import { refusal } from '../registry/refusal';
import { keyOf, type EventContext, type Key } from './event';
import type { Permission } from './permission';
import { sentenceOf } from './sentences';

type Row = Record<string, unknown>;

const ASKED = ['action', 'reason', 'feedback', 'actor_id', 'actor_type', 'task_id', 'project_id'];
const REFERENCES = ['actor_id', 'task_id', 'project_id'];

/**
 * Lets the registry write an approval record that is created in Directus, and hands the stored row back with its id:
 * a trigger skips Directus' own copy, and Directus answers with the row that is there.
 */
export function recordApproval(registry: Registry, may: Permission) {
  return async (record: Row, _meta: unknown, context: EventContext): Promise<Row> => {
    const version = keyOf(record['artifact_version_id']);
    if (!(await may('update', 'artifact_versions', version === null ? [] : [version], context))) return record;
    if (version === null) throw refusal(400, 'version_required', 'An approval record names its version in artifact_version_id.');
    if (typeof record['action'] !== 'string') throw refusal(422, 'approval_action_known', sentenceOf('approval_action_known'));
    refuseNested(record['artifact_version_id']);
    const path = `/v1/artifacts/${encodeURIComponent(version)}/approvals`;
    const { data } = await registry<Row>({ method: 'POST', path, body: asked(record) }, context);
    return data;
  };
}

/** Directus would save a version that is written out inside the record: that is an edit of its own. */
function refuseNested(version: unknown): void {
  const others = Object.keys(Object(version)).filter((field) => field !== 'id');
  if (typeof version !== 'object' || others.length === 0) return;
  throw refusal(409, 'decide_separately', `Change ${others.join(', ')} of the version by itself, then record the approval.`, { fields: others });
}

function asked(record: Row): Row {
  const given = ASKED.filter((field) => record[field] !== undefined);
  return Object.fromEntries(given.map((field) => [field, REFERENCES.includes(field) ? reference(record[field]) : record[field]]));
}

function reference(value: unknown): Key | null {
  return value === null ? null : keyOf(value);
}
