-- keep_documents: of some paths of a project, the documents of the versions that are in its context now. Whoever made
-- the others of these paths, they are archived: a path has one active document or none. A version whose document is
-- there already (made by hand, or archived when the version left) keeps that one.
-- One statement: the project's lock is held meanwhile.
with kept as (
    select * from jsonb_to_recordset(%(documents)s)
        as d(artifact_version_id uuid, file_id uuid, source_task_id uuid, schema_key text, title text, category text)
), archived as (
    update public.documents d set status = 'archived'
    from public.artifact_versions v
    where v.project_id = %(project_id)s and v.schema_key = any(%(paths)s) and d.artifact_version_id = v.id
      and d.status is distinct from 'archived' and d.artifact_version_id <> all(%(entering)s::uuid[])
), revived as (
    update public.documents d set status = 'active'
    where d.status = 'archived' and d.id in (
        select distinct on (e.artifact_version_id) e.id from public.documents e
        join kept k on k.artifact_version_id = e.artifact_version_id
        where not exists (select from public.documents o
                          where o.artifact_version_id = e.artifact_version_id and o.status is distinct from 'archived')
        order by e.artifact_version_id, e.date_created desc, e.id)
)
insert into public.documents
    (title, category, file_id, project_id, source_task_id, artifact_version_id, status, user_created, date_created)
select left(coalesce(k.title, p.title || ' - ' || k.schema_key, k.schema_key), 255), k.category, k.file_id, p.id,
       k.source_task_id, k.artifact_version_id, 'active', %(actor_id)s, now()
from kept k cross join public.projects p
where p.id = %(project_id)s
  and not exists (select from public.documents d where d.artifact_version_id = k.artifact_version_id);
