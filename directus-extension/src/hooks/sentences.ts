/**
 * What people read for the refusals that Directus does not get from the registry or from a guard: deletions and plain
 * CHECK constraints. The codes are those of sidecar/errors.py (a test holds that they exist there).
 */
const SENTENCES: Record<string, string> = {
  version_kept: 'Versions are never deleted. Archive the version instead.',
  approval_append_only: 'Approval records are never changed or deleted. Add a comment to the version instead.',
  promotion_append_only: 'Promotion records are never changed or deleted. Promote another version instead.',
  project_has_versions: 'This project has artifact versions, which are kept. Archive the project instead.',
  task_has_versions: 'This task has artifact versions, which are kept. Cancel the task instead.',
  execution_has_versions: 'This execution has artifact versions, which are kept. Leave it, or cancel it.',
  step_has_versions: 'This step has artifact versions, which are kept.',
  relation_kept: 'The relations of a decided version are kept. Add another relation instead.',
  file_in_use: 'Artifact versions refer to this file, so it is kept. Archive the versions if nobody should use it.',
  version_sealed: 'The files of a decided version are fixed. Submit a new version with the other files.',
  files_only_added: 'Files are only ever added to a version. Submit a new version with the other files.',

  schema_key_grammar:
    'The path must be dot-separated segments of letters, digits, _ and -, each with an optional [n]; at most 255 characters and 8 deep; not beginning with _meta.',
  version_status_known: 'This is no status of a version: use pending, approved, rejected or archived.',
  review_state_known: 'This is no review state: use changes_requested or nothing.',
  artifact_type_known: 'This is no artifact type: use image, audio, video, text, json or document.',
  relation_not_to_itself: 'A version cannot be its own source.',
  relation_type_known: 'This is no type of relation: use derived_from, variant_of, transcoded_from, edited_from or restored_from.',
  approval_action_known: 'This is no action of an approval record: use approve, reject, request_changes or comment.',
  actor_type_known: 'This is no type of actor: use human, ai, system or rule.',
  project_key_known: 'A project key is made of lower-case letters, digits, - and _, at most 100 characters.',
  execution_status_known: 'This is no status of an execution: use pending, running, completed, failed or cancelled.',
  step_status_known: 'This is no status of a step: use queued, running, completed, failed or skipped.',
  stage_known: 'This is no stage: use input, generated, reviewed, approved or failed.',
  transfer_status_known: 'This is no status of a transfer: use pending, uploading, completed or failed.',
};

export const CODES = Object.keys(SENTENCES);

/** The sentence of a code; for a constraint of somebody else's, one made of its name. */
export function sentenceOf(code: string): string {
  return SENTENCES[code] ?? `A value breaks the rule "${code.replaceAll('_', ' ')}" of the database.`;
}
