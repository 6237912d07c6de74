-- What a version is, is fixed at insert; its metadata may be completed by the registry (facts about the media), and so
-- may a type that the insert left out, once.
-- Erasing takes value and address away, by the sidecar's role and once; version_erased keeps them away.
-- A deleted user's id becomes null: foreign keys act inside a trigger, where the depth is above 0.
create or replace function sidecar.version_immutable() returns trigger language plpgsql as $$
begin
    raise exception using errcode = '23514', constraint = 'version_immutable',
        message = 'A version never changes. Submit an edited copy as a new version instead.';
end $$;

create or replace trigger g30_version_immutable before update on public.artifact_versions for each row
    when ((old.id, old.project_id, old.schema_key, old.version_number, old.parent_id,
           old.source_task_id, old.execution_id, old.step_id, old.request_id, old.date_created)
          is distinct from
          (new.id, new.project_id, new.schema_key, new.version_number, new.parent_id,
           new.source_task_id, new.execution_id, new.step_id, new.request_id, new.date_created)
       or ((old.value, old.source_url) is distinct from (new.value, new.source_url)
           and not (current_user = 'artifacts_sidecar' and old.erased_at is null and new.erased_at is not null))
       or (new.artifact_type is distinct from old.artifact_type
           and (current_user <> 'artifacts_sidecar' or old.artifact_type is not null))
       or (new.user_created is distinct from old.user_created
           and (pg_trigger_depth() = 0 or new.user_created is not null))
       or (new.metadata is distinct from old.metadata and current_user <> 'artifacts_sidecar')
       -- only the registry says what a content's hash is; a file linked by somebody else takes it away
       or (new.content_hash is distinct from old.content_hash and (new.content_hash is not null or pg_trigger_depth() = 0)
           and current_user <> 'artifacts_sidecar'))
    execute function sidecar.version_immutable();
alter table public.artifact_versions enable always trigger g30_version_immutable;
