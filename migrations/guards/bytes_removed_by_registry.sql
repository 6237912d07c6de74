-- Which versions have lost their bytes, and which were erased, is written by the sidecar's role, once, and of archived
-- versions only: never of one that is approved or waits for review.
create or replace function sidecar.bytes_removed_by_registry() returns trigger language plpgsql as $$
begin
    raise exception using errcode = '23514', constraint = 'bytes_removed_by_registry',
        message = 'Whether a version has lost its bytes or was erased is written by the artifact registry.';
end $$;

create or replace trigger g15_bytes_removed_by_registry before insert on public.artifact_versions for each row
    when (new.bytes_removed_at is not null or new.erased_at is not null)
    execute function sidecar.bytes_removed_by_registry();
create or replace trigger g42_bytes_removed_by_registry before update on public.artifact_versions for each row
    when ((old.bytes_removed_at, old.erased_at) is distinct from (new.bytes_removed_at, new.erased_at)
          and not (current_user = 'artifacts_sidecar' and new.status = 'archived'
                   and (old.bytes_removed_at is null or old.bytes_removed_at is not distinct from new.bytes_removed_at)
                   and (old.erased_at is null or old.erased_at is not distinct from new.erased_at)))
    execute function sidecar.bytes_removed_by_registry();
alter table public.artifact_versions enable always trigger g15_bytes_removed_by_registry,
    enable always trigger g42_bytes_removed_by_registry;
