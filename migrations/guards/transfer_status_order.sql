-- pending → uploading → completed or failed; uploading → pending to be tried again; failed → pending when somebody asks for
-- it; pending → failed. For everybody, the sidecar included. A transfer may be recorded in any status: it may have ended
-- elsewhere.
create or replace function sidecar.transfer_status_order() returns trigger language plpgsql as $$
begin
    if (coalesce(old.status, 'pending'), coalesce(new.status, 'none')) not in (
        ('pending', 'uploading'), ('pending', 'failed'), ('uploading', 'completed'), ('uploading', 'failed'),
        ('uploading', 'pending'), ('failed', 'pending')) then
        raise exception using errcode = '23514', constraint = 'transfer_status_order',
            message = format('A transfer that is %s cannot become %s.', coalesce(old.status, 'pending'),
                             coalesce(new.status, 'nothing'));
    end if;
    return new;
end $$;

create or replace trigger g50_transfer_status_order before update of status on public.artifact_transfers for each row
    when (old.status is distinct from new.status)
    execute function sidecar.transfer_status_order();
alter table public.artifact_transfers enable always trigger g50_transfer_status_order;
