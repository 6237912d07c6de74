-- find_project: by id
select id, key, title, kind, status, template_id, context_version, planning_locked from public.projects where id = %(id)s;

-- find_project_by_key: by its slug
select id, key, title, kind, status, template_id, context_version, planning_locked from public.projects where key = %(key)s;

-- template_of: what the project's template asks of its paths
select t.context_schema from public.projects p join public.project_templates t on t.id = p.template_id
where p.id = %(id)s;

-- find_template: by its name; by id when the name reads like one
select id from public.project_templates where id = %(id)s::uuid or name = %(name)s
order by id is not distinct from %(id)s::uuid desc limit 1;

-- add_project: a key that exists already is found, not made again; a trigger gives a new one its template's tasks
insert into public.projects (key, title, kind, parent_id, template_id, status, user_created)
values (%(key)s, %(title)s, %(kind)s, %(parent_id)s, %(template_id)s, %(status)s, %(user_created)s)
on conflict (key) do nothing
returning id, key, title, kind, status, template_id, context_version, planning_locked;

-- list_projects: by title, optionally only those whose context holds an approved artifact at a path
select p.id, p.key, p.title, p.kind, p.status, p.template_id, p.context_version, p.planning_locked
from public.projects p
where (%(has_approved)s::text is null or exists (
        select from public.artifact_versions v
        where v.project_id = p.id and v.schema_key = %(has_approved)s::text and v.status = 'approved'))
  and (%(after)s::uuid is null or p.id > %(after)s::uuid)
order by p.id limit %(limit)s;

-- read_context: the document as Postgres prints it; it is passed on without being read
select id, key, context_version, context::text as context from public.projects where id = %(id)s;

-- read_context_by_key: the same by the project's slug
select id, key, context_version, context::text as context from public.projects where key = %(key)s;

-- context_version_by_id: all a conditional read needs
select id, context_version from public.projects where id = %(id)s;

-- context_version_by_key: the same by the project's slug
select id, context_version from public.projects where key = %(key)s;

-- paths: what the template asks for (the same in every row) and, for each path in use, the versions that matter and how
-- many there are of each status. A project without versions answers with one row without a path.
-- Served by version_number_unique: the project's versions once, then three look-ups for each path.
with project as materialized (
    select p.id, p.context_version, t.id as template_id, t.name as template_name, t.context_schema
    from public.projects p left join public.project_templates t on t.id = p.template_id
    where p.id = %(id)s::uuid or (%(id)s::uuid is null and p.key = %(key)s::text)
), used as (
    select v.schema_key,
           count(*) filter (where v.status = 'intermediate') as intermediate,
           count(*) filter (where v.status = 'pending') as pending,
           count(*) filter (where v.status = 'approved') as approved,
           count(*) filter (where v.status = 'superseded') as superseded,
           count(*) filter (where v.status = 'rejected') as rejected,
           count(*) filter (where v.status = 'archived') as archived,
           max(v.version_number) as newest_number,
           max(v.version_number) filter (where v.status = 'approved') as approved_number,
           max(v.version_number) filter (where v.status = 'pending' and v.review_state is null) as waiting_number,
           max(v.version_number) filter (where v.status = 'pending' and v.review_state is not null) as returned_number,
           max(v.version_number) filter (where v.status in ('intermediate', 'rejected')) as other_number
    from public.artifact_versions v where v.project_id = (select id from project)
    group by v.schema_key
)
select p.id as project_id, p.context_version, p.template_id, p.template_name,
       case when row_number() over (order by u.schema_key) = 1 then p.context_schema end as context_schema,
       u.*,
       n.id as newest_id, n.status as newest_status, n.review_state as newest_review_state,
       n.artifact_type as newest_type, a.id as approved_id, a.approved_at, a.promoted_at, o.status as other_status,
       w.id as waiting_id,
       case when w.id is null then 0 else (
           select count(distinct coalesce(r.actor_id::text, r.actor_label)) from public.artifact_approvals r
           where r.artifact_version_id = w.id and r.action = 'approve') end as votes
from project p left join used u on true
left join public.artifact_versions n
    on n.project_id = p.id and n.schema_key = u.schema_key and n.version_number = u.newest_number
left join public.artifact_versions a
    on a.project_id = p.id and a.schema_key = u.schema_key and a.version_number = u.approved_number
left join public.artifact_versions w
    on w.project_id = p.id and w.schema_key = u.schema_key and w.version_number = u.waiting_number
left join public.artifact_versions o
    on o.project_id = p.id and o.schema_key = u.schema_key and o.version_number = u.other_number
order by u.schema_key;
