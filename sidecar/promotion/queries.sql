-- lock_project: excludes other decisions in the project; rows that refer to it can still be inserted (NO KEY)
select id, key, context, context_version from public.projects where id = %(project_id)s for no key update;

-- project_of_task: where a task's outputs go
select id, project_id from public.tasks where id = %(task_id)s;

-- projects_of_task_versions: the projects of a task's approved outputs, for a task without a project
select distinct v.project_id from public.artifact_versions v
where v.source_task_id = %(task_id)s
   or v.id in (select artifact_version_id from public.task_artifacts where task_id = %(task_id)s);

-- versions_of_task: the task's approved outputs in this project, its own and those linked to it, locked in one order
select v.* from public.artifact_versions v
where v.project_id = %(project_id)s and v.status = 'approved'
  and (v.source_task_id = %(task_id)s
       or v.id in (select artifact_version_id from public.task_artifacts where task_id = %(task_id)s))
order by v.id for no key update;

-- versions_by_id: the named versions, locked in one order so that two requests cannot wait for each other
select v.* from public.artifact_versions v where v.id = any(%(ids)s) order by v.id for no key update;

-- versions_awaiting_in_project: approved, not in the context yet
select v.* from public.artifact_versions v
where v.project_id = %(project_id)s and v.status = 'approved' and v.promoted_at is null
order by v.id for no key update;

-- projects_of_versions: which projects must be locked
select id, project_id from public.artifact_versions where id = any(%(ids)s);

-- write_context: the new document under its new number; the row is locked, so the old number still holds
update public.projects set context = %(context)s, context_version = %(context_version)s where id = %(project_id)s;

-- mark_promoted: these versions are in the context now
update public.artifact_versions set promoted_at = now() where id = any(%(ids)s);

-- add_promotion: one row per context version, enough to rebuild it
insert into public.promotions
    (id, project_id, context_version, actor_id, actor_label, reason, changes, request_id)
values (%(id)s, %(project_id)s, %(context_version)s, %(actor_id)s, %(actor_label)s, %(reason)s, %(changes)s,
        %(request_id)s);

-- versions_with_numbers: what the context held before, for the answer
select id, schema_key, version_number from public.artifact_versions where id = any(%(ids)s) order by schema_key;

-- stale_downstream: approved versions made from ones that are superseded now, however far away
with recursive downstream as (
    select r.from_version_id as id, 1 as depth from public.artifact_relations r where r.to_version_id = any(%(ids)s)
    union
    select r.from_version_id, d.depth + 1 from public.artifact_relations r join downstream d on r.to_version_id = d.id
    where d.depth < 50
)
select distinct v.id, v.schema_key, v.version_number from public.artifact_versions v join downstream d on d.id = v.id
where v.status = 'approved' order by v.schema_key;

-- now_text: the transaction's time as the context writes it, so that every row of a promotion agrees
select to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at;

-- set_promotion_error: what people see on the task; written only when it changes
update public.tasks set promotion_error = %(error)s
where id = %(task_id)s and promotion_error is distinct from %(error)s;

-- tasks_awaiting_promotion: done, and approved outputs not in the context (source or link)
select distinct t.id from public.tasks t
join public.artifact_versions v on v.source_task_id = t.id
where t.status = 'done' and v.status = 'approved' and v.promoted_at is null
union
select distinct t.id from public.tasks t
join public.task_artifacts l on l.task_id = t.id
join public.artifact_versions v on v.id = l.artifact_version_id
where t.status = 'done' and v.status = 'approved' and v.promoted_at is null
limit 500;
