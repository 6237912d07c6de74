-- depends: 0001_service_tokens
-- Every constraint bears the name of the rule it states, which is also the API's error code.
-- Columns that a trigger fills stay nullable for Directus (it refuses NOT NULL without a default before asking the
-- database) and are never null in fact.

alter table public.projects
    add constraint context_set check (context is not null and context_version is not null);

alter table public.artifact_versions
    add constraint version_numbered check (version_number is not null and version_number > 0),
    add constraint version_number_unique unique (project_id, schema_key, version_number),
    add constraint version_status_known check (status is not null and status in
        ('intermediate', 'pending', 'approved', 'superseded', 'rejected', 'archived')),
    add constraint review_state_known check (review_state in ('changes_requested')),
    add constraint artifact_type_known check (artifact_type in ('image', 'audio', 'video', 'text', 'json', 'document')),
    add constraint schema_key_grammar check (
        schema_key is not null and length(schema_key) <= 255 and schema_key !~ '^_meta($|[.[])'
        and schema_key ~ '^[A-Za-z0-9_-]+(\[(0|[1-9][0-9]{0,3})\])?(\.[A-Za-z0-9_-]+(\[(0|[1-9][0-9]{0,3})\])?){0,7}$');

alter table public.artifact_files
    add constraint file_linked_once unique (artifact_version_id, directus_files_id);
alter table public.task_artifacts
    add constraint version_linked_once unique (task_id, artifact_version_id);
alter table public.execution_artifacts
    add constraint stage_linked_once unique (execution_id, artifact_version_id, stage),
    add constraint stage_known check (stage in ('input', 'generated', 'reviewed', 'approved', 'failed'));

alter table public.artifact_relations
    add constraint relation_unique unique (from_version_id, to_version_id, relation_type),
    add constraint relation_not_to_itself check (from_version_id <> to_version_id),
    add constraint relation_type_known check (relation_type in
        ('derived_from', 'variant_of', 'transcoded_from', 'edited_from', 'restored_from'));

alter table public.artifact_approvals
    add constraint approval_action_known check (action in
        ('approve', 'reject', 'supersede', 'request_changes', 'comment', 'archive', 'withdraw', 'lock', 'unlock', 'tag',
         'share', 'import')),
    add constraint actor_type_known check (actor_type in ('human', 'ai', 'system', 'rule'));

alter table public.promotions
    add constraint context_version_unique unique (project_id, context_version);

alter table public.task_executions
    add constraint execution_status_known check (status in ('pending', 'running', 'completed', 'failed', 'cancelled'));
alter table public.execution_steps
    add constraint step_status_known check (status in ('queued', 'running', 'completed', 'failed', 'skipped'));
alter table public.artifact_transfers
    add constraint transfer_status_known check (status in ('pending', 'uploading', 'completed', 'failed'));
