-- find_project: by id
select id, key, title, kind, status, context_version, planning_locked from public.projects where id = %(id)s;

-- find_project_by_key: by its slug
select id, key, title, kind, status, context_version, planning_locked from public.projects where key = %(key)s;

-- template_of: what the project's template asks of its paths
select t.context_schema from public.projects p join public.project_templates t on t.id = p.template_id
where p.id = %(id)s;

-- add_project: a key that exists already is found, not made again
insert into public.projects (key, title, kind, parent_id, template_id, status, user_created)
values (%(key)s, %(title)s, %(kind)s, %(parent_id)s, %(template_id)s, %(status)s, %(user_created)s)
on conflict (key) do nothing
returning id, key, title, kind, status, context_version, planning_locked;

-- list_projects: by title, optionally only those whose context holds an approved artifact at a path
select p.id, p.key, p.title, p.kind, p.status, p.context_version, p.planning_locked from public.projects p
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
