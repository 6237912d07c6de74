-- Status and decision are written by the sidecar's role only.
create or replace function sidecar.version_decided_by_registry() returns trigger language plpgsql as $$
begin
    raise exception using errcode = '23514', constraint = 'version_decided_by_registry',
        message = 'Status and decision of a version are set by approving or rejecting it.';
end $$;

create or replace trigger g40_version_decided_by_registry before update on public.artifact_versions for each row
    when (current_user <> 'artifacts_sidecar' and (
        (old.status, old.review_state, old.approved_at, old.rejection_reason, old.promoted_at)
        is distinct from (new.status, new.review_state, new.approved_at, new.rejection_reason, new.promoted_at)
        or (new.approved_by is distinct from old.approved_by
            and (pg_trigger_depth() = 0 or new.approved_by is not null))))
    execute function sidecar.version_decided_by_registry();
alter table public.artifact_versions enable always trigger g40_version_decided_by_registry;
