-- depends: 0002_constraints
-- Only what a statement needs; each line says which.

-- The rule itself: two approvals of one path cannot both stand.
create unique index idx_one_approved_per_path on public.artifact_versions (project_id, schema_key)
    where status = 'approved';

-- One approval per person and version; promoting records approvals with ON CONFLICT DO NOTHING.
create unique index approval_once_per_actor on public.artifact_approvals (artifact_version_id, actor_id)
    where action = 'approve';

-- promote_candidates and the reconciler's tasks_awaiting_promotion: approved, not yet in the context.
create index versions_awaiting_promotion on public.artifact_versions (project_id, source_task_id)
    where status = 'approved' and promoted_at is null;

-- "Waiting for review" in Directus and GET /v1/artifacts?status=pending, oldest first.
create index versions_waiting_for_review on public.artifact_versions (date_created, id) where status = 'pending';

-- A task's versions: GET /v1/artifacts?task_id, the refusal to delete a task, the foreign key.
create index versions_of_task on public.artifact_versions (source_task_id) where source_task_id is not null;

-- The other direction of each junction: where is this file, this version used? (The foreign keys ask on delete.)
create index artifact_files_of_file on public.artifact_files (directus_files_id);
create index versions_of_primary_file on public.artifact_versions (primary_file_id) where primary_file_id is not null;
create index task_artifacts_of_version on public.task_artifacts (artifact_version_id);

-- The approvals of a version (item form, GET …/approvals) and a project's audit trail, newest first.
create index approvals_of_version on public.artifact_approvals (artifact_version_id, date_created);
create index approvals_of_project on public.artifact_approvals (project_id, date_created desc);

-- GET /v1/artifacts, newest first, within a project.
create index versions_of_project on public.artifact_versions (project_id, date_created desc, id desc);
