-- An approval record is never changed or deleted. Two exceptions: the sidecar may add a reason and feedback to a record
-- that has no reason yet, and a deleted user's id becomes null (their label stays).
create or replace function sidecar.approval_append_only() returns trigger language plpgsql as $$
begin
    raise exception using errcode = '23514', constraint = 'approval_append_only',
        message = 'Approval records are never changed or deleted.';
end $$;

create or replace trigger g30_approval_append_only before update on public.artifact_approvals for each row
    when (not (current_user = 'artifacts_sidecar' and old.reason is null
               and to_jsonb(old) - 'reason' - 'feedback' = to_jsonb(new) - 'reason' - 'feedback')
          and not (pg_trigger_depth() > 0 and new.actor_id is null
                   and to_jsonb(old) - 'actor_id' = to_jsonb(new) - 'actor_id'))
    execute function sidecar.approval_append_only();
create or replace trigger g60_approval_append_only before delete on public.artifact_approvals for each row
    execute function sidecar.approval_append_only();
create or replace trigger g70_approval_append_only before truncate on public.artifact_approvals for each statement
    execute function sidecar.approval_append_only();
alter table public.artifact_approvals enable always trigger g30_approval_append_only,
    enable always trigger g60_approval_append_only, enable always trigger g70_approval_append_only;
