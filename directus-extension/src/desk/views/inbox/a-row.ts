import type { InboxRow } from './inbox';

/** A row for tests. */
export function aRow(id: string, given: Partial<InboxRow> = {}): InboxRow {
  return {
    id, project_id: 'p', schema_key: `path.${id}`, version_number: 1, artifact_type: 'image', file: null, excerpt: null, task: null, producer: null,
    date_created: '2026-01-01T00:00:00Z', votes: { given: 0, required: 1 }, own_vote: false, may_decide: true, why_not: null, outdated: false, current: null,
    earlier_feedback: 0, ...given,
  };
}
