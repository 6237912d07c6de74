-- Whoever inserts through Directus starts a version; deciding it is another step.
create or replace function sidecar.version_starts_undecided() returns trigger language plpgsql as $$
begin
    raise exception using errcode = '23514', constraint = 'version_starts_undecided',
        message = 'A new version starts as pending or intermediate: insert it without a decision, then approve or reject it.';
end $$;

create or replace trigger g10_version_starts_undecided before insert on public.artifact_versions for each row
    when (current_user <> 'artifacts_sidecar' and (
        coalesce(new.status, 'pending') not in ('intermediate', 'pending') or new.review_state is not null
        or new.approved_at is not null or new.approved_by is not null or new.promoted_at is not null
        or new.rejection_reason is not null))
    execute function sidecar.version_starts_undecided();
alter table public.artifact_versions enable always trigger g10_version_starts_undecided;
