-- The first decision seals a version's files: they are what was decided about. Two things may still happen to them, by
-- the sidecar's role and once: a version loses its bytes, or it is erased, with its hash if that is to be forgotten.
create or replace function sidecar.version_sealed() returns trigger language plpgsql as $$
declare
    sealed boolean;
begin
    if tg_table_name = 'artifact_versions' then
        sealed := old.status not in ('intermediate', 'pending') or old.review_state is not null;
    else
        -- FOR SHARE waits for a decision that is being written, and then reads it.
        select v.status not in ('intermediate', 'pending') or v.review_state is not null into sealed
        from public.artifact_versions v where v.id = new.artifact_version_id for share;
    end if;
    if sealed then
        raise exception using errcode = '23514', constraint = 'version_sealed',
            message = 'The files of a decided version are fixed. Submit a new version with the other files.';
    end if;
    return new;
end $$;

create or replace trigger g35_version_sealed before update on public.artifact_versions for each row
    when ((old.primary_file_id, old.content_hash) is distinct from (new.primary_file_id, new.content_hash)
          and not (current_user = 'artifacts_sidecar' and (
              old.status is distinct from new.status
              or (new.primary_file_id is null
                  and (old.bytes_removed_at, old.erased_at) is distinct from (new.bytes_removed_at, new.erased_at)
                  and (new.content_hash is not distinct from old.content_hash
                       or (new.content_hash is null and new.erased_at is not null))))))
    execute function sidecar.version_sealed();
create or replace trigger g10_version_sealed before insert on public.artifact_files for each row
    when (current_user <> 'artifacts_sidecar')
    execute function sidecar.version_sealed();
alter table public.artifact_versions enable always trigger g35_version_sealed;
alter table public.artifact_files enable always trigger g10_version_sealed;
