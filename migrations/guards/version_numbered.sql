-- Numbers count up by one per path. A number sent by the caller is replaced.
-- One advisory lock per project, held to the end of the transaction: producers that name several paths in any order
-- cannot deadlock, and a transaction never needs more than one. Each statement below sees what the lock waited for
-- (READ COMMITTED), so there is no gap and no duplicate.
create or replace function sidecar.version_numbered() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('artifacts/number/' || new.project_id::text, 0));
    select coalesce(max(version_number), 0) + 1 into new.version_number
    from public.artifact_versions where project_id = new.project_id and schema_key = new.schema_key;
    new.status := coalesce(new.status, 'pending');
    if new.parent_id is null and new.version_number > 1 then
        select id into new.parent_id from public.artifact_versions
        where project_id = new.project_id and schema_key = new.schema_key and version_number = new.version_number - 1;
    end if;
    if current_user <> 'artifacts_sidecar' then
        new.content_hash := null; -- only the registry says what a content's hash is
    end if;
    return new;
end $$;

create or replace trigger g20_version_numbered before insert on public.artifact_versions for each row
    when (new.project_id is not null and new.schema_key is not null)
    execute function sidecar.version_numbered();
alter table public.artifact_versions enable always trigger g20_version_numbered;
