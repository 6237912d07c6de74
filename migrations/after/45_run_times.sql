-- When a run or a step started and ended, whoever says so. Times given with a row are kept: it may record what happened
-- elsewhere. clock_timestamp(): a transaction may have waited for the row since it began.
create or replace function sidecar.keep_run_times() returns trigger language plpgsql as $$
begin
    if tg_table_name = 'execution_steps' then
        new.status := coalesce(new.status, case tg_op when 'INSERT' then 'queued' end);
        new.attempt := coalesce(new.attempt, 1);
        new.queued_at := coalesce(new.queued_at, clock_timestamp());
    else
        new.status := coalesce(new.status, case tg_op when 'INSERT' then 'pending' end);
    end if;
    if new.status = 'running' then
        new.started_at := coalesce(new.started_at, clock_timestamp());
        new.completed_at := null;
    elsif new.status in ('completed', 'failed', 'cancelled', 'skipped') then
        new.started_at := coalesce(new.started_at, case new.status when 'completed' then clock_timestamp() end);
        new.completed_at := coalesce(new.completed_at, clock_timestamp());
    end if;
    return new;
end $$;

create or replace trigger u60_keep_run_times_added before insert on public.task_executions for each row
    execute function sidecar.keep_run_times();
create or replace trigger u60_keep_run_times before update of status on public.task_executions for each row
    when (old.status is distinct from new.status)
    execute function sidecar.keep_run_times();
create or replace trigger u60_keep_run_times_added before insert on public.execution_steps for each row
    execute function sidecar.keep_run_times();
create or replace trigger u60_keep_run_times before update of status on public.execution_steps for each row
    when (old.status is distinct from new.status)
    execute function sidecar.keep_run_times();
alter table public.task_executions enable always trigger u60_keep_run_times_added;
alter table public.task_executions enable always trigger u60_keep_run_times;
alter table public.execution_steps enable always trigger u60_keep_run_times_added;
alter table public.execution_steps enable always trigger u60_keep_run_times;
