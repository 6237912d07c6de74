-- A link between a version and its file is added, sorted, and otherwise kept.
-- The sidecar's role takes the links of a version that has lost its bytes.
-- Inside a trigger (depth above 1) a link may give way to the same link made anew: see after/30_primary_file.sql.
create or replace function sidecar.files_only_added() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_user = 'artifacts_sidecar' and exists (
        select from public.artifact_versions v where v.id = old.artifact_version_id and v.bytes_removed_at is not null) then
        return old;
    end if;
    raise exception using errcode = '23514', constraint = 'files_only_added',
        message = 'Files are only ever added to a version. Submit a new version with the other files.';
end $$;

create or replace trigger g30_files_only_added before update on public.artifact_files for each row
    when ((old.id, old.artifact_version_id, old.directus_files_id)
          is distinct from (new.id, new.artifact_version_id, new.directus_files_id))
    execute function sidecar.files_only_added();
create or replace trigger g60_files_only_added before delete on public.artifact_files for each row
    when (pg_trigger_depth() = 0)
    execute function sidecar.files_only_added();
create or replace trigger g70_files_only_added before truncate on public.artifact_files for each statement
    execute function sidecar.files_only_added();
alter table public.artifact_files enable always trigger g30_files_only_added,
    enable always trigger g60_files_only_added, enable always trigger g70_files_only_added;
