-- queued → running → completed, failed or skipped; queued → failed or skipped. For everybody, the sidecar included: a
-- retry is a step of its own. A step may be recorded in any status: it may have ended elsewhere.
create or replace function sidecar.step_status_order() returns trigger language plpgsql as $$
begin
    if (coalesce(old.status, 'queued'), coalesce(new.status, 'none')) not in (
        ('queued', 'running'), ('queued', 'failed'), ('queued', 'skipped'), ('running', 'completed'),
        ('running', 'failed'), ('running', 'skipped')) then
        raise exception using errcode = '23514', constraint = 'step_status_order',
            message = format('A step that is %s cannot become %s.', coalesce(old.status, 'queued'),
                             coalesce(new.status, 'nothing'));
    end if;
    return new;
end $$;

create or replace trigger g50_step_status_order before update of status on public.execution_steps for each row
    when (old.status is distinct from new.status)
    execute function sidecar.step_status_order();
alter table public.execution_steps enable always trigger g50_step_status_order;
