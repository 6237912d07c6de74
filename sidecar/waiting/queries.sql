-- replace_wait: whoever waits anew waits no longer as before; a wake that has not come through is of no use either
update sidecar.waits set status = 'replaced', url = null
where status in ('waiting', 'woken') and (execution_id = %(execution_id)s::uuid
                                          or execution_id is null and version_id = %(version_id)s::uuid);

-- add_wait: looked at by the worker at once. A run's versions of before its last wake-up were told about.
insert into sidecar.waits (execution_id, task_id, version_id, project_id, url, condition, expects, since)
values (%(execution_id)s, %(task_id)s, %(version_id)s, %(project_id)s, %(url)s, %(condition)s, %(expects)s,
        coalesce((select max(w.woken_at) from sidecar.waits w
                  where w.execution_id = %(execution_id)s and w.status = 'delivered'), '-infinity'));

-- wait_of: what stands of the wait that a run has now, for a change of a part of it
select url, condition, expects, task_id from sidecar.waits
where status = 'waiting' and execution_id = %(execution_id)s for update;

-- change_wait: its conditions
update sidecar.waits set condition = %(condition)s, expects = %(expects)s, task_id = %(task_id)s, due = true
where status = 'waiting' and execution_id = %(execution_id)s;

-- execution_of_step: the run that an output belongs to
select e.id, e.project_id, e.task_id from public.task_executions e
where e.id = coalesce(%(execution_id)s::uuid, (select execution_id from public.execution_steps where id = %(step_id)s::uuid));

-- due_waits: those that were made or changed since they were looked at, locked against further changes
select id from sidecar.waits where status = 'waiting' and due for update skip locked;

-- decided_waits: those whose condition is met: of those that are due, of some projects, or of all.
-- Of each path the newest version counts, drafts do not.
select w.id, w.execution_id, w.task_id, w.version_id, w.project_id, found.ids
from sidecar.waits w
cross join lateral (
    select array_agg(n.id order by n.schema_key) as ids,
           count(*) filter (where n.decided) as decided, count(*) as known
    from (select distinct on (v.project_id, v.schema_key) v.id, v.schema_key,
                 v.status <> 'pending' or v.review_state is not null as decided
          from public.artifact_versions v
          where v.status <> 'intermediate' and v.id in (
                select w.version_id
                union all
                select l.artifact_version_id from public.execution_artifacts l
                where w.version_id is null and w.task_id is null and l.execution_id = w.execution_id
                  and l.stage <> 'input' and coalesce(l.date_created, 'infinity') > w.since
                union all
                select t.id from public.artifact_versions t
                where t.source_task_id = w.task_id and coalesce(t.date_created, 'infinity') > w.since
                union all
                select l.artifact_version_id from public.task_artifacts l
                join public.artifact_versions t on t.id = l.artifact_version_id
                where l.task_id = w.task_id and coalesce(t.date_created, 'infinity') > w.since)
          order by v.project_id, v.schema_key, v.version_number desc) n
) found
where w.status = 'waiting' and w.url is not null
  and (w.id = any(%(ids)s) or %(all)s or w.project_id is null or w.project_id = any(%(projects)s::uuid[]))
  and case w.condition when 'any' then found.decided >= 1
           else found.decided >= w.expects and found.decided = found.known end
order by w.created_at
for update of w skip locked;

-- looked: they are looked at when something happens from now on
update sidecar.waits set due = false where id = any(%(ids)s);

-- wake: once
update sidecar.waits set status = 'woken', woken_at = now(), due = false where id = %(id)s and status = 'waiting';

-- decisions_told: what a wake tells of versions, each with the record that decided it
select v.id as artifact_version_id, v.schema_key, v.version_number, v.status, v.review_state, v.project_id,
       v.rejection_reason, a.reason, a.feedback, a.actor_label, a.date_created as decided_at
from public.artifact_versions v
left join lateral (
    select r.* from public.artifact_approvals r
    where r.artifact_version_id = v.id and r.action = case
        when v.review_state is not null and v.status = 'pending' then 'request_changes'
        when v.status in ('approved', 'superseded') then 'approve' when v.status = 'rejected' then 'reject'
        when v.status = 'archived' then case when v.approved_at is null then 'archive' else 'withdraw' end end
    order by r.date_created desc, r.id limit 1) a on true
where v.id = any(%(ids)s) order by v.schema_key, v.id;

-- run_told: what a wake tells of the run, and of the project
select p.id as project_id, p.key as project_key, p.context_version, e.id as execution_id, e.engine,
       e.engine_workflow_id, e.engine_run_id, coalesce(%(task_id)s::uuid, e.task_id) as task_id
from (select) one
left join public.projects p on p.id = %(project_id)s::uuid
left join public.task_executions e on e.id = %(execution_id)s::uuid;

-- forget_waits: those that are over, with the log of what was sent
delete from sidecar.waits w
where w.status not in ('waiting', 'woken') and w.created_at < now() - make_interval(days => %(days)s)
  and not exists (select from sidecar.deliveries d where d.wait_id = w.id);

-- decided: which of these versions were decided, or changes of them requested
select id from public.artifact_versions
where id = any(%(ids)s) and (status not in ('intermediate', 'pending') or review_state is not null);

-- tell: to see whether one is heard
select pg_notify('artifacts_decided', '');
