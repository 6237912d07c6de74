import type { Fresh, Registry } from '../../api/registry';
import type { Operations, Schemas, Version } from '../../api/types';

/** What GET /v1/artifacts/{id}/sheet answers: all that a decision needs. */
export interface Sheet {
  version: Version;
  project: { id: string; key: string | null; title: string | null; context_version: number };
  task: { id: string; title: string | null; description: string | null; status: string | null } | null;
  producer: { id: string | null; name: string | null } | null;
  run: { id: string; name: string | null; status: string | null } | null;
  step: { id: string; step_name: string | null; attempt: number | null } | null;
  approved: Version | null;
  candidates: Version[];
  history: Past[];
  history_truncated: boolean;
  rule: Rule | null;
  rule_broken: string | null;
  violations: Violation[];
  votes: { given: number; required: number; by: { actor_id: string | null; label: string | null; date: string | null }[] };
  own_vote: boolean;
  may_decide: boolean;
  why_not: 'own_work' | 'already_voted' | 'not_allowed' | 'not_pending' | null;
  outdated: boolean;
  records: Record_[];
  earlier_feedback: Earlier[];
  reasons: { action: string; reason: string; count: number }[];
  lock: Schemas['Lock'] | null;
}

export interface Past {
  id: string;
  version_number: number;
  status: string;
  review_state: string | null;
  date_created: string | null;
  rejection_reason: string | null;
  producer: string | null;
}

export interface Rule {
  title: string | null;
  description: string | null;
  artifact_type: string | null;
  mime_types: string[] | null;
  max_bytes: number | null;
  approvals_required: number;
  producer_may_approve: boolean;
  promote: string;
  auto_approve: string | null;
  schema: unknown;
}

export interface Violation {
  pointer: string;
  rule: string;
  message: string;
  schema_path?: string | null;
}

export interface Record_ {
  id: string;
  action: string;
  actor_id: string | null;
  actor_type: string | null;
  actor_label: string | null;
  reason: string | null;
  feedback: unknown;
  date_created: string | null;
}

export interface Earlier extends Record_ {
  artifact_version_id: string;
  version_number: number;
}

const READ = 'readReviewSheet' as keyof Operations as 'getArtifact';

export async function askSheet(registry: Registry, id: string, known: string | null, signal?: AbortSignal): Promise<Fresh<Sheet> | null> {
  const fresh = await registry.getFresh(READ, `/v1/artifacts/${id}/sheet`, {} as never, known, signal);
  return fresh && { etag: fresh.etag, answer: (fresh.answer as unknown as { data: Sheet }).data };
}
