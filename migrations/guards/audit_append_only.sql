-- The log behind the records is added to, by nobody changed. Who may add is a matter of grants: the sidecar alone.
create or replace function sidecar.audit_append_only() returns trigger language plpgsql as $$
begin
    raise exception using errcode = '23514', constraint = 'audit_append_only',
        message = 'The audit log is never changed or deleted.';
end $$;

create or replace trigger g60_audit_append_only before update or delete on sidecar.audit_log for each row
    execute function sidecar.audit_append_only();
create or replace trigger g70_audit_append_only before truncate on sidecar.audit_log for each statement
    execute function sidecar.audit_append_only();
alter table sidecar.audit_log enable always trigger g60_audit_append_only, enable always trigger g70_audit_append_only;
