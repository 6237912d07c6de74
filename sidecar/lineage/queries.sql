-- add_relation: said once; the same relation again adds nothing
insert into public.artifact_relations (from_version_id, to_version_id, relation_type, metadata, user_created)
values (%(from_version_id)s, %(to_version_id)s, %(relation_type)s, %(metadata)s, %(user_created)s)
on conflict on constraint relation_unique do nothing
returning id, from_version_id, to_version_id, relation_type, metadata, user_created, date_created;

-- find_relation: the relation that was there already
select id, from_version_id, to_version_id, relation_type, metadata, user_created, date_created
from public.artifact_relations
where from_version_id = %(from_version_id)s and to_version_id = %(to_version_id)s and relation_type = %(relation_type)s;

-- relations_of_version: its sources (side 0), then what was made from it (side 1), from a place on
select * from (
    select 0 as side, to_version_id as other_id, id, from_version_id, to_version_id, relation_type, metadata,
           user_created, date_created
    from public.artifact_relations where from_version_id = %(id)s
    union all
    select 1, from_version_id, id, from_version_id, to_version_id, relation_type, metadata, user_created, date_created
    from public.artifact_relations where to_version_id = %(id)s) relation
where %(after_id)s::uuid is null
   or (side, other_id, relation_type) > (%(after_side)s::integer, %(after_id)s::uuid, %(after_type)s::text)
order by side, other_id, relation_type limit %(limit)s;

-- walk: a version and what lies around it, nearest first, one more than asked for when there is more
select n.direction, n.depth, v.id, v.project_id, p.key as project_key, v.schema_key, v.version_number, v.status,
       v.artifact_type, v.primary_file_id, v.content_hash, v.user_created, v.date_created, v.approved_at,
       f.type as primary_file_type, c.poster_id
from (
    select %(id)s::uuid as id, 0 as depth, 'self' as direction
    union all
    select w.id, w.depth, 'ancestor'
    from sidecar.lineage_walk(%(id)s, true, %(types)s::text[], %(depth)s, %(limit)s) w where %(ancestors)s
    union all
    select w.id, w.depth, 'descendant'
    from sidecar.lineage_walk(%(id)s, false, %(types)s::text[], %(depth)s, %(limit)s) w where %(descendants)s) n
join public.artifact_versions v on v.id = n.id
join public.projects p on p.id = v.project_id
left join public.directus_files f on f.id = v.primary_file_id
left join sidecar.file_contents c on c.file_id = v.primary_file_id
order by n.depth, n.direction, v.id limit %(limit)s + 1;

-- versions_beside: versions that runs add to the graph, as `walk` shows them
select v.id, v.project_id, p.key as project_key, v.schema_key, v.version_number, v.status, v.artifact_type,
       v.primary_file_id, v.content_hash, v.user_created, v.date_created, v.approved_at, f.type as primary_file_type,
       c.poster_id
from public.artifact_versions v join public.projects p on p.id = v.project_id
left join public.directus_files f on f.id = v.primary_file_id
left join sidecar.file_contents c on c.file_id = v.primary_file_id
where v.id = any(%(ids)s) order by v.id limit %(limit)s;

-- relations_between: every relation with both ends among these versions
select id, from_version_id as from_id, to_version_id as to_id, relation_type as type, metadata
from public.artifact_relations
where from_version_id = any(%(ids)s) and to_version_id = any(%(ids)s)
  and (%(types)s::text[] is null or relation_type = any(%(types)s::text[]))
order by from_version_id, to_version_id, relation_type limit %(limit)s;

-- ancestry: the ways back to where these versions came from, when anything there is out of date
select from_id, to_id, outdated from sidecar.ancestry(%(ids)s);

-- approved_in_project: what may be stale
select id from public.artifact_versions where project_id = %(project_id)s and status = 'approved';

-- stale_page: stale versions in the order of their paths, from a path on
select id, schema_key, version_number, artifact_type, primary_file_id, promoted_at
from public.artifact_versions
where id = any(%(ids)s) and (%(after)s::text is null or schema_key > %(after)s::text collate "C")
order by schema_key limit %(limit)s;

-- sources: sources that are out of date, each with the version that is approved on its path now
select s.id, s.project_id, p.key as project_key, s.schema_key, s.version_number, s.status,
       n.id as successor_id, n.version_number as successor_number
from public.artifact_versions s
join public.projects p on p.id = s.project_id
left join public.artifact_versions n
    on n.project_id = s.project_id and n.schema_key = s.schema_key and n.status = 'approved'
where s.id = any(%(ids)s);

-- affected: what must be looked at again if these versions are replaced, and how much of it there is
select v.id, v.project_id, p.key as project_key, v.schema_key, v.version_number, v.status, v.artifact_type,
       v.primary_file_id, v.promoted_at, count(*) over () as total,
       exists (select from public.artifact_relations r
               where r.from_version_id = v.id and r.to_version_id = any(%(ids)s)) as direct
from sidecar.affected_by(%(ids)s) a
join public.artifact_versions v on v.id = a.id
join public.projects p on p.id = v.project_id
where v.status in ('approved', 'pending')
order by direct desc, p.key, v.project_id, v.schema_key, v.version_number limit %(limit)s;

-- links_of_versions: in which runs these versions were made or used
select id as version_id, step_id, execution_id, false as used
from public.artifact_versions where id = any(%(ids)s) and (step_id is not null or execution_id is not null)
union
select artifact_version_id, step_id, execution_id, stage = 'input'
from public.execution_artifacts where artifact_version_id = any(%(ids)s);

-- links_of_runs: what these steps and executions made and used
select artifact_version_id as version_id, step_id, execution_id, stage = 'input' as used
from public.execution_artifacts where step_id = any(%(steps)s) or (step_id is null and execution_id = any(%(executions)s))
union
select id, step_id, execution_id, false from public.artifact_versions
where step_id = any(%(steps)s) or (step_id is null and execution_id = any(%(executions)s))
limit %(limit)s;

-- steps: the steps of the graph
select id, step_name as name, status, execution_id, project_id, workflow_name as workflow, null as engine, attempt,
       user_created, coalesce(started_at, date_created) as started_at, completed_at
from public.execution_steps where id = any(%(ids)s) order by id;

-- executions: the executions of the graph
select id, name, status, null::uuid as execution_id, project_id, workflow_type as workflow, engine,
       null::integer as attempt, user_created, coalesce(started_at, date_created) as started_at, completed_at
from public.task_executions where id = any(%(ids)s) order by id;

-- decisions: who approved or rejected these versions
select artifact_version_id, action, actor_id, actor_type, actor_label, date_created from public.artifact_approvals
where artifact_version_id = any(%(ids)s) and action in ('approve', 'reject') order by date_created, id;

-- people: the names of Directus users
select id, nullif(trim(concat_ws(' ', first_name, last_name)), '') as name from public.directus_users
where id = any(%(ids)s);
