-- Versions are never deleted, by nobody.
create or replace function sidecar.version_kept() returns trigger language plpgsql as $$
begin
    raise exception using errcode = '23514', constraint = 'version_kept',
        message = 'Versions are never deleted. Archive the version instead.';
end $$;

create or replace trigger g60_version_kept before delete on public.artifact_versions for each row
    execute function sidecar.version_kept();
create or replace trigger g70_version_kept before truncate on public.artifact_versions for each statement
    execute function sidecar.version_kept();
alter table public.artifact_versions enable always trigger g60_version_kept, enable always trigger g70_version_kept;
