-- pending → running → completed, failed or cancelled; failed → running when it is resumed. For everybody, the sidecar
-- included. A run may be recorded in any status: it may have ended elsewhere.
create or replace function sidecar.execution_status_order() returns trigger language plpgsql as $$
begin
    if (coalesce(old.status, 'pending'), coalesce(new.status, 'none')) not in (
        ('pending', 'running'), ('pending', 'failed'), ('pending', 'cancelled'), ('running', 'completed'),
        ('running', 'failed'), ('running', 'cancelled'), ('failed', 'running')) then
        raise exception using errcode = '23514', constraint = 'execution_status_order',
            message = format('An execution that is %s cannot become %s.', coalesce(old.status, 'pending'),
                             coalesce(new.status, 'nothing'));
    end if;
    return new;
end $$;

create or replace trigger g50_execution_status_order before update of status on public.task_executions for each row
    when (old.status is distinct from new.status)
    execute function sidecar.execution_status_order();
alter table public.task_executions enable always trigger g50_execution_status_order;
