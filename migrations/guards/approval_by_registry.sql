-- Approval records are written by the sidecar. A record created through Directus has been written by it already when
-- this fires (the extension asked it and passes the row on with its id): then that one stays and Directus' copy is dropped.
create or replace function sidecar.approval_by_registry() returns trigger language plpgsql as $$
begin
    if exists (select from public.artifact_approvals where id = new.id) then
        return null;
    end if;
    raise exception using errcode = '23514', constraint = 'approval_by_registry',
        message = 'Approval records are written by the artifact registry.';
end $$;

create or replace trigger g10_approval_by_registry before insert on public.artifact_approvals for each row
    when (current_user <> 'artifacts_sidecar')
    execute function sidecar.approval_by_registry();
alter table public.artifact_approvals enable always trigger g10_approval_by_registry;
