-- lock_projects: excludes other decisions in these projects; rows that refer to them can still be inserted (NO KEY).
-- Always in the order of ids.
select p.id, p.key, p.context_version, t.context_schema
from public.projects p left join public.project_templates t on t.id = p.template_id
where p.id = any(%(ids)s) order by p.id for no key update of p;

-- lock_projects_of_versions: the same for the projects of some versions
select p.id, p.key, p.context_version, t.context_schema
from public.projects p left join public.project_templates t on t.id = p.template_id
where p.id in (select v.project_id from public.artifact_versions v where v.id = any(%(ids)s))
order by p.id for no key update of p;

-- project_of_task: where a task's outputs go
select id, project_id from public.tasks where id = %(task_id)s;

-- projects_of_task_versions: the projects of a task's approved outputs, for a task without a project
select distinct v.project_id from public.artifact_versions v
where v.id in (
    select id from public.artifact_versions where source_task_id = %(task_id)s
    union all
    select artifact_version_id from public.task_artifacts where task_id = %(task_id)s);

-- projects_of_versions: which projects must be locked
select id, project_id from public.artifact_versions where id = any(%(ids)s);

-- versions_of_task: the task's approved outputs in this project, its own and those linked to it, locked in one order.
-- `replaces` is the version whose entry stands at the path in the context.
select v.*, p.context #>> ((sidecar.path_steps(v.schema_key)).way || 'artifact_version_id'::text) as replaces
from public.artifact_versions v join public.projects p on p.id = v.project_id
where v.project_id = %(project_id)s and v.status = 'approved' and v.id in (
    select id from public.artifact_versions where source_task_id = %(task_id)s
    union all
    select artifact_version_id from public.task_artifacts where task_id = %(task_id)s)
order by v.id for no key update of v;

-- versions_by_id: the named versions, locked in one order so that two requests cannot wait for each other
select v.*, p.context #>> ((sidecar.path_steps(v.schema_key)).way || 'artifact_version_id'::text) as replaces
from public.artifact_versions v join public.projects p on p.id = v.project_id
where v.id = any(%(ids)s) order by v.id for no key update of v;

-- versions_awaiting_in_project: approved, not in the context yet
select v.*, p.context #>> ((sidecar.path_steps(v.schema_key)).way || 'artifact_version_id'::text) as replaces
from public.artifact_versions v join public.projects p on p.id = v.project_id
where v.project_id = %(project_id)s and v.status = 'approved' and v.promoted_at is null
order by v.id for no key update of v;

-- write_promotion: the document under its next number, the versions that are in it now, the row to rebuild it from, and
-- the approval records of the same decision (as sidecar/audit.py writes them). One statement, because the project's
-- lock is held meanwhile. The document stays in the database: sidecar.context_after places the changes.
-- The clock, not now(): now() was before the wait for the lock, and times would run against the numbers.
with moment as materialized (
    select clock_timestamp() as at
), written as (
    update public.projects
    set context = sidecar.context_after(context, %(changes)s, context_version + 1, moment.at),
        context_version = context_version + 1
    from moment
    where id = %(project_id)s
    returning context_version
), promoted as (
    update public.artifact_versions set promoted_at = now() where id = any(%(ids)s) and promoted_at is null
), recorded as (
    insert into public.artifact_approvals
        (artifact_version_id, project_id, task_id, action, actor_id, actor_type, actor_label, reason, feedback,
         promotion_id, request_id)
    select r.artifact_version_id, r.project_id, r.task_id, r.action, %(actor_id)s, %(actor_type)s, %(actor_label)s,
           r.reason, nullif(r.feedback, 'null'), %(id)s, %(request_id)s
    from jsonb_to_recordset(%(records)s) as r(
        artifact_version_id uuid, project_id uuid, task_id uuid, action text, reason text, feedback jsonb)
    on conflict do nothing
)
insert into public.promotions
    (id, project_id, context_version, actor_id, actor_label, reason, changes, request_id, date_created)
select %(id)s, %(project_id)s, written.context_version, %(actor_id)s, %(actor_label)s, %(reason)s, %(changes)s,
       %(request_id)s, moment.at
from written, moment
returning context_version;

-- versions_with_numbers: how the answer names versions
select id, schema_key, version_number from public.artifact_versions where id = any(%(ids)s) order by schema_key;

-- say_reverting: the promotion of this transaction is told as context.reverted
select set_config('artifacts.reverting', 'on', true);

-- entries_at: what the context holds at some paths, for the answer of a dry run
select path, p.context #> (sidecar.path_steps(path)).way as entry
from public.projects p, unnest(%(paths)s::text[]) path where p.id = %(project_id)s;

-- stale_downstream: approved versions made from ones that are superseded now, however far away
select v.id, v.schema_key, v.version_number
from sidecar.affected_by(%(ids)s) a join public.artifact_versions v on v.id = a.id
where v.status = 'approved' order by v.schema_key, v.id;

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

-- history: a project's promotions, newest first
select context_version, actor_id, actor_label, reason, changes, request_id, date_created
from public.promotions
where project_id = %(project_id)s and (%(before)s::integer is null or context_version < %(before)s::integer)
order by context_version desc limit %(limit)s;

-- versions_named: what shows the versions of some changes
select v.id, v.version_number, v.artifact_type, v.primary_file_id, f.type as primary_file_type
from public.artifact_versions v left join public.directus_files f on f.id = v.primary_file_id
where v.id = any(%(ids)s);

-- version_at_time: which version the context had at a moment; 0 before the first promotion
select coalesce(max(context_version), 0) as context_version from public.promotions
where project_id = %(project_id)s and date_created <= %(at)s;

-- context_as_of: the document as of a version, as Postgres prints it
select sidecar.context_as_of(%(project_id)s, %(number)s)::text as context;

-- diff: the paths whose entry differs between two versions of the context, with both entries
with sides as (
    select distinct on (side.number, c ->> 'schema_key') side.number, c ->> 'schema_key' as schema_key,
           nullif(c -> 'entry', 'null') as entry, (c ->> 'to_version_id')::uuid as version_id
    from (values (%(from)s::integer), (%(to)s::integer)) side(number)
    join public.promotions p on p.project_id = %(project_id)s and p.context_version between 1 and side.number
    cross join lateral jsonb_array_elements(p.changes) c
    order by side.number, c ->> 'schema_key', p.context_version desc
)
select coalesce(a.schema_key, b.schema_key) as schema_key, a.entry as before, b.entry as after,
       a.version_id as from_version_id, b.version_id as to_version_id
from (select * from sides where number = %(from)s) a
full join (select * from sides where number = %(to)s) b on b.schema_key = a.schema_key
where a.entry is distinct from b.entry
order by 1;

-- adopted_entries: what the context held at some paths when the registry came (promotion 0)
select path, p.changes #> '{0,entry}' #> (sidecar.path_steps(path)).way as entry
from public.promotions p, unnest(%(paths)s::text[]) path
where p.project_id = %(project_id)s and p.context_version = 0;

-- gone: versions of which something is gone that a copy would need
select id, schema_key, version_number, erased_at, bytes_removed_at from public.artifact_versions
where id = any(%(ids)s) and (erased_at is not null or bytes_removed_at is not null) order by schema_key;

-- copy_version: an old version as the newest of its path; the trigger numbers it
insert into public.artifact_versions
    (project_id, schema_key, status, artifact_type, value, metadata, primary_file_id, source_url, content_hash, parent_id,
     source_task_id, tags, request_id, user_created)
select project_id, schema_key, 'pending', artifact_type, value, metadata, primary_file_id, source_url, content_hash, id,
       source_task_id, tags, %(request_id)s, %(user_created)s
from public.artifact_versions where id = %(id)s
returning *;

-- copy_files: the files of the version it copies
insert into public.artifact_files (artifact_version_id, directus_files_id, sort)
select %(to_id)s, directus_files_id, sort from public.artifact_files where artifact_version_id = %(from_id)s
order by sort nulls last, id;

-- restored: which of these versions are copies of an earlier one
select from_version_id, to_version_id from public.artifact_relations
where from_version_id = any(%(ids)s) and relation_type = 'restored_from';

-- relate_restored: where a copy comes from
insert into public.artifact_relations (from_version_id, to_version_id, relation_type)
values (%(from_version_id)s, %(to_version_id)s, 'restored_from')
on conflict on constraint relation_unique do nothing;

-- approved_at_paths: the approved versions of some paths, locked in one order
select v.*, p.context #>> ((sidecar.path_steps(v.schema_key)).way || 'artifact_version_id'::text) as replaces
from public.artifact_versions v join public.projects p on p.id = v.project_id
where v.project_id = %(project_id)s and v.schema_key = any(%(paths)s) and v.status = 'approved'
order by v.id for no key update of v;

-- withdraw: approved versions without a successor
update public.artifact_versions set status = 'archived'
where id = any(%(ids)s) and status = 'approved'
returning *;

-- context_as_it_stands: the stored document beside the one that its promotions give
select context = sidecar.context_as_of(id, context_version) as agrees from public.projects where id = %(project_id)s;

-- rebuild_differences: where the promotions' last entries and the approved, promoted versions disagree
with folded as (
    select distinct on (c ->> 'schema_key') c ->> 'schema_key' as schema_key,
           (c ->> 'to_version_id')::uuid as version_id
    from public.promotions p, jsonb_array_elements(p.changes) c
    where p.project_id = %(project_id)s and p.context_version >= 1
    order by c ->> 'schema_key', p.context_version desc
), standing as (
    select schema_key, id from public.artifact_versions
    where project_id = %(project_id)s and status = 'approved' and promoted_at is not null
), awaited as (
    -- a path whose approved version awaits promotion keeps the entry it has
    select schema_key from public.artifact_versions
    where project_id = %(project_id)s and status = 'approved' and promoted_at is null
)
select coalesce(f.schema_key, s.schema_key) as schema_key, f.version_id as from_version_id, s.id as to_version_id
from folded f full join standing s on s.schema_key = f.schema_key
where f.version_id is distinct from s.id
  and coalesce(f.schema_key, s.schema_key) not in (select schema_key from awaited)
  and not (f.version_id is null and s.id is null)
order by 1;

-- write_folded: put the document right that no longer equals its promotions, under a new number
with written as (
    update public.projects set context_version = context_version + 1 where id = %(project_id)s
    returning context_version
), recorded as (
    insert into public.promotions
        (id, project_id, context_version, actor_id, actor_label, reason, changes, request_id, date_created)
    select %(id)s, %(project_id)s, written.context_version, %(actor_id)s, %(actor_label)s, %(reason)s, '[]',
           %(request_id)s, clock_timestamp()
    from written
)
select context_version from written;

-- place_folded: the document as its promotions give it
update public.projects set context = sidecar.context_as_of(id, context_version) where id = %(project_id)s;
