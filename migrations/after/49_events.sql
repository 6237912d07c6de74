-- What happened is noted in the transaction that does it, whoever does it: the API, Directus, the database's own
-- triggers. With the rights of whoever writes: Directus' role may add, and does not see it (after/90_grants.sql).
-- Older data that is imported is no news: the import says artifacts.quiet.
create or replace function sidecar.announce_version() returns trigger language plpgsql as $$
begin
    insert into sidecar.happened (project_id, type, subject)
    values (new.project_id, case new.status when 'pending' then 'version.submitted' else 'version.' || new.status end, new.id);
    return null;
end $$;

create or replace trigger u60_announce_added after insert on public.artifact_versions for each row
    when (new.status not in ('intermediate', 'archived')
          and coalesce(current_setting('artifacts.quiet', true), '') <> 'on')
    execute function sidecar.announce_version();
create or replace trigger u60_announce_decided after update of status on public.artifact_versions for each row
    when (old.status is distinct from new.status and new.status <> 'archived'
          and coalesce(current_setting('artifacts.quiet', true), '') <> 'on')
    execute function sidecar.announce_version();
alter table public.artifact_versions enable always trigger u60_announce_added;
alter table public.artifact_versions enable always trigger u60_announce_decided;

-- Changes can be requested again, with other words, of a version whose state stays: each record is an event.
create or replace function sidecar.announce_request() returns trigger language plpgsql as $$
begin
    insert into sidecar.happened (project_id, type, subject, record)
    values (new.project_id, 'version.changes_requested', new.artifact_version_id, new.id);
    return null;
end $$;

create or replace trigger u60_announce_request after insert on public.artifact_approvals for each row
    when (new.action = 'request_changes' and coalesce(current_setting('artifacts.quiet', true), '') <> 'on')
    execute function sidecar.announce_request();
alter table public.artifact_approvals enable always trigger u60_announce_request;

-- Promotion 0 is what was there when the registry came. A way back says artifacts.reverting (promotion/history.py).
create or replace function sidecar.announce_promotion() returns trigger language plpgsql as $$
begin
    insert into sidecar.happened (project_id, type, subject)
    values (new.project_id, case when coalesce(current_setting('artifacts.reverting', true), '') = 'on'
                                 then 'context.reverted' else 'context.promoted' end, new.id);
    return null;
end $$;

create or replace trigger u60_announce_promotion after insert on public.promotions for each row
    when (new.context_version > 0 and coalesce(current_setting('artifacts.quiet', true), '') <> 'on')
    execute function sidecar.announce_promotion();
alter table public.promotions enable always trigger u60_announce_promotion;

-- The sentence is the event: it is written only when it changes.
create or replace function sidecar.announce_task() returns trigger language plpgsql as $$
begin
    insert into sidecar.happened (project_id, type, subject) values (new.project_id, 'task.promotion_failed', new.id);
    return null;
end $$;

create or replace trigger u60_announce_promotion_error after update of promotion_error on public.tasks for each row
    when (new.promotion_error is not null and new.promotion_error is distinct from old.promotion_error)
    execute function sidecar.announce_task();
alter table public.tasks enable always trigger u60_announce_promotion_error;

create or replace function sidecar.announce_transfer() returns trigger language plpgsql as $$
begin
    insert into sidecar.happened (project_id, type, subject)
    select v.project_id, 'transfer.failed', new.id from public.artifact_versions v where v.id = new.artifact_version_id;
    return null;
end $$;

create or replace trigger u60_announce_failed after update of status on public.artifact_transfers for each row
    when (new.status = 'failed' and old.status is distinct from new.status)
    execute function sidecar.announce_transfer();
alter table public.artifact_transfers enable always trigger u60_announce_failed;

-- A run that is recorded after its end has finished, too.
create or replace function sidecar.announce_execution() returns trigger language plpgsql as $$
begin
    insert into sidecar.happened (project_id, type, subject) values (new.project_id, 'execution.finished', new.id);
    return null;
end $$;

create or replace trigger u60_announce_recorded after insert on public.task_executions for each row
    when (new.status in ('completed', 'failed', 'cancelled')
          and coalesce(current_setting('artifacts.quiet', true), '') <> 'on')
    execute function sidecar.announce_execution();
create or replace trigger u60_announce_finished after update of status on public.task_executions for each row
    when (new.status in ('completed', 'failed', 'cancelled') and old.status is distinct from new.status)
    execute function sidecar.announce_execution();
alter table public.task_executions enable always trigger u60_announce_recorded;
alter table public.task_executions enable always trigger u60_announce_finished;
