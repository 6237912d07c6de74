-- add_execution: the same engine's same workflow again adds nothing
insert into public.task_executions
    (project_id, task_id, name, description, session_id, workflow_type, status, current_level, engine,
     engine_workflow_id, engine_run_id, request_id, definition, error_message, user_created)
values (%(project_id)s, %(task_id)s, %(name)s, %(description)s, %(session_id)s, %(workflow_type)s, %(status)s,
        coalesce(%(current_level)s::int, 0), %(engine)s, %(engine_workflow_id)s, %(engine_run_id)s, %(request_id)s,
        %(definition)s, %(error_message)s, %(user_created)s)
on conflict (engine, engine_workflow_id) where engine_workflow_id is not null do nothing
returning *;

-- execution_of_engine: the run an engine calls by this name
select * from public.task_executions
where engine is not distinct from %(engine)s and engine_workflow_id = %(engine_workflow_id)s;

-- project_of_task: a run of a task works for the task's project
select project_id from public.tasks where id = %(id)s;

-- find_execution: one run by its id
select * from public.task_executions where id = %(id)s;

-- lock_execution: the run, against others who change it or add its steps; rows that refer to it are still added (NO KEY)
select * from public.task_executions where id = %(id)s for no key update;

-- change_execution: of a locked run; the times follow the status by trigger
update public.task_executions
set status = %(status)s, current_level = %(current_level)s, name = %(name)s, description = %(description)s,
    session_id = %(session_id)s, workflow_type = %(workflow_type)s, engine_run_id = %(engine_run_id)s,
    definition = %(definition)s, error_message = %(error_message)s
where id = %(id)s
returning *;

-- list_executions: newest first; a filter that is null does not filter. A step has failed when its latest attempt has.
select e.* from public.task_executions e
where (%(project_id)s::uuid is null or e.project_id = %(project_id)s::uuid)
  and (%(task_id)s::uuid is null or e.task_id = %(task_id)s::uuid)
  and (%(status)s::text[] is null or e.status = any(%(status)s::text[]))
  and (%(session_id)s::text is null or e.session_id = %(session_id)s::text)
  and (%(workflow_type)s::text is null or e.workflow_type = %(workflow_type)s::text)
  and (%(engine)s::text is null or e.engine = %(engine)s::text)
  and (%(engine_workflow_id)s::text is null or e.engine_workflow_id = %(engine_workflow_id)s::text)
  and (%(failed_steps)s::boolean is null or %(failed_steps)s::boolean = exists (
        select from public.execution_steps s where s.execution_id = e.id and s.status = 'failed'
          and not exists (select from public.execution_steps l where l.execution_id = e.id
                          and l.step_name = s.step_name and l.attempt > s.attempt)))
  and (%(date)s::timestamptz is null or (e.date_created, e.id) < (%(date)s::timestamptz, %(id)s::uuid))
order by e.date_created desc, e.id desc
limit %(limit)s;

-- links_of_execution: what went in and what came out, oldest first, each at the stage it has reached now
select l.id, l.execution_id, l.step_id, l.date_created, l.artifact_version_id, v.project_id, v.schema_key,
       v.version_number, v.status, v.artifact_type, v.primary_file_id, f.type as primary_file_type,
       case when l.stage = 'input' then 'input'
            else sidecar.stage_reached(v.status, v.review_state, coalesce(l.stage, 'generated')) end as stage
from public.execution_artifacts l join public.artifact_versions v on v.id = l.artifact_version_id
left join public.directus_files f on f.id = v.primary_file_id
where l.execution_id = %(execution_id)s
  and (%(stage)s::text is null or %(stage)s::text =
       case when l.stage = 'input' then 'input'
            else sidecar.stage_reached(v.status, v.review_state, coalesce(l.stage, 'generated')) end)
  and (%(link)s::uuid is null or (l.date_created, l.id) > (%(date)s::timestamptz, %(link)s::uuid))
order by l.date_created, l.id limit %(limit)s;

-- lock_version: a version to link; decisions about it wait, so that the stage written is the one it has
select id, status, review_state from public.artifact_versions where id = %(id)s for share;

-- link_version: once as an input, once as an output
insert into public.execution_artifacts (execution_id, step_id, artifact_version_id, stage)
values (%(execution_id)s, %(step_id)s, %(artifact_version_id)s, %(stage)s)
on conflict (execution_id, step_id, artifact_version_id, (stage = 'input')) do nothing
returning id;

-- output_link: the link of an output, whatever its stage
select id, stage from public.execution_artifacts
where execution_id is not distinct from %(execution_id)s and step_id is not distinct from %(step_id)s
  and artifact_version_id = %(artifact_version_id)s and stage <> 'input'
for no key update;

-- move_link: an output that has come further
update public.execution_artifacts set stage = %(stage)s where id = %(id)s;

-- find_link: one link by its place
select l.id, l.execution_id, l.step_id, l.date_created, l.artifact_version_id, v.project_id, v.schema_key,
       v.version_number, v.status, v.artifact_type, v.primary_file_id, f.type as primary_file_type, l.stage
from public.execution_artifacts l join public.artifact_versions v on v.id = l.artifact_version_id
left join public.directus_files f on f.id = v.primary_file_id
where l.execution_id is not distinct from %(execution_id)s and l.step_id is not distinct from %(step_id)s
  and l.artifact_version_id = %(artifact_version_id)s and l.stage = %(stage)s;

-- link_output: what a run or a step of it made, submitted now or there before. A decision written at the same moment may
-- not see this link: the stage kept here is for people to see, the API works it out of the version.
insert into public.execution_artifacts (execution_id, step_id, artifact_version_id, stage)
select coalesce(%(execution_id)s::uuid, (select s.execution_id from public.execution_steps s where s.id = %(step_id)s::uuid)),
       %(step_id)s::uuid, v.id, sidecar.stage_reached(v.status, v.review_state, 'generated')
from public.artifact_versions v where v.id = %(artifact_version_id)s
on conflict (execution_id, step_id, artifact_version_id, (stage = 'input')) do nothing;

-- add_step: queued, or as it stands already
insert into public.execution_steps
    (project_id, execution_id, step_name, workflow_name, step_order, level, depends_on, attempt, retry_of,
     engine_workflow_id, engine_run_id, status, input, output, parameters, definition, server_address, prompt_id,
     input_hash, error_message, user_created)
values (%(project_id)s, %(execution_id)s, %(step_name)s, %(workflow_name)s, %(step_order)s, %(level)s, %(depends_on)s,
        %(attempt)s, %(retry_of)s, %(engine_workflow_id)s, %(engine_run_id)s, %(status)s, %(input)s, %(output)s,
        %(parameters)s, %(definition)s, %(server_address)s, %(prompt_id)s, %(input_hash)s, %(error_message)s,
        %(user_created)s)
returning id;

-- find_steps: some steps by their ids, with whether they may start
select s.*, sidecar.step_is_ready(s.execution_id, s.depends_on, s.status) as ready
from public.execution_steps s where s.id = any(%(ids)s);

-- lock_step: a step, against others who change or retry it
select * from public.execution_steps where id = %(id)s for no key update;

-- change_step: of a locked step; the times follow the status by trigger
update public.execution_steps
set status = %(status)s, workflow_name = %(workflow_name)s, step_order = %(step_order)s, level = %(level)s,
    engine_workflow_id = %(engine_workflow_id)s, engine_run_id = %(engine_run_id)s, input = %(input)s,
    output = %(output)s, parameters = %(parameters)s, definition = %(definition)s, server_address = %(server_address)s,
    prompt_id = %(prompt_id)s, input_hash = %(input_hash)s, error_message = %(error_message)s
where id = %(id)s;

-- find_retry: the attempt after a step
select id from public.execution_steps where retry_of = %(id)s order by date_created, id limit 1;

-- lock_names: a step on its own has no run to lock: one caller at a time asks for what an engine calls it
select pg_advisory_xact_lock(hashtextextended('artifacts/step/' || %(name)s::text, 0));

-- find_same_step: the latest attempt of a step on its own, by what its engine or its server calls it
select s.* from public.execution_steps s
where s.execution_id is null and s.step_name is not distinct from %(step_name)s::text
  and s.workflow_name is not distinct from %(workflow_name)s::text
  and ((s.engine_workflow_id = %(engine_workflow_id)s::text
        and s.engine_run_id is not distinct from %(engine_run_id)s::text)
       or (s.prompt_id = %(prompt_id)s::text and s.server_address is not distinct from %(server_address)s::text))
order by s.attempt desc, s.date_created desc, s.id desc limit 1;

-- latest_steps: of each step of a run its latest attempt, with whether it may start
select distinct on (s.step_name) s.*, sidecar.step_is_ready(s.execution_id, s.depends_on, s.status) as ready
from public.execution_steps s
where s.execution_id = %(execution_id)s and s.step_name is not null
order by s.step_name, s.attempt desc, s.date_created desc, s.id desc;

-- steps_of_execution: in order, each attempt; or of each step the latest
select s.*, coalesce(s.level, 0) as at_level, coalesce(s.step_order, 0) as at_order,
       sidecar.step_is_ready(s.execution_id, s.depends_on, s.status) as ready
from public.execution_steps s
where s.execution_id = %(execution_id)s
  and (%(status)s::text[] is null or s.status = any(%(status)s::text[]))
  and (%(level)s::int is null or s.level = %(level)s::int)
  and (%(ready)s::boolean is null
       or sidecar.step_is_ready(s.execution_id, s.depends_on, s.status) = %(ready)s::boolean)
  and (not %(latest)s::boolean or not exists (
        select from public.execution_steps l where l.execution_id = s.execution_id and l.step_name = s.step_name
          and (l.attempt, l.date_created, l.id) > (s.attempt, s.date_created, s.id)))
  and (%(id)s::uuid is null or (coalesce(s.level, 0), coalesce(s.step_order, 0), s.date_created, s.id)
                             > (%(at_level)s::int, %(at_order)s::int, %(date)s::timestamptz, %(id)s::uuid))
order by coalesce(s.level, 0), coalesce(s.step_order, 0), s.date_created, s.id
limit %(limit)s;

-- list_steps: newest first; a filter that is null does not filter
select s.*, sidecar.step_is_ready(s.execution_id, s.depends_on, s.status) as ready
from public.execution_steps s
where (%(project_id)s::uuid is null or s.project_id = %(project_id)s::uuid)
  and (%(execution_id)s::uuid is null or s.execution_id = %(execution_id)s::uuid)
  and (%(standalone)s::boolean is null or (s.execution_id is null) = %(standalone)s::boolean)
  and (%(step_name)s::text is null or s.step_name = %(step_name)s::text)
  and (%(workflow_name)s::text is null or s.workflow_name = %(workflow_name)s::text)
  and (%(status)s::text[] is null or s.status = any(%(status)s::text[]))
  and (%(engine_workflow_id)s::text is null or s.engine_workflow_id = %(engine_workflow_id)s::text)
  and (%(prompt_id)s::text is null or s.prompt_id = %(prompt_id)s::text)
  and (%(server_address)s::text is null or s.server_address = %(server_address)s::text)
  and (%(input_hash)s::text is null or s.input_hash = %(input_hash)s::text)
  and (%(used)s::uuid is null or s.id in (select l.step_id from public.execution_artifacts l
                                           where l.artifact_version_id = %(used)s::uuid and l.stage = 'input'))
  and (%(date)s::timestamptz is null or (s.date_created, s.id) < (%(date)s::timestamptz, %(id)s::uuid))
order by s.date_created desc, s.id desc
limit %(limit)s;

-- links_of_steps: the ids of what some steps were given and of what they made
select l.step_id, l.artifact_version_id, l.stage = 'input' as given
from public.execution_artifacts l where l.step_id = any(%(ids)s)
union
select v.step_id, v.id, false from public.artifact_versions v where v.step_id = any(%(ids)s)
order by 1, 3, 2;

-- outputs_of_steps: the versions some steps made, and those edited from them: an edit stands for what it was made from.
-- Newest first.
with recursive made(step_id, id) as (
    select v.step_id, v.id from public.artifact_versions v where v.step_id = any(%(ids)s)
    union
    select l.step_id, l.artifact_version_id from public.execution_artifacts l
    where l.step_id = any(%(ids)s) and l.stage <> 'input'
    union
    select m.step_id, r.from_version_id from made m
    join public.artifact_relations r on r.to_version_id = m.id and r.relation_type = 'edited_from'
)
select m.step_id as made_by, v.* from made m join public.artifact_versions v on v.id = m.id
where %(schema_key)s::text is null or v.schema_key = %(schema_key)s::text
order by v.date_created desc, v.version_number desc, v.id desc;

-- reusable_steps: what a project's steps of a name have made from the same input, newest first
select s.*, sidecar.step_is_ready(s.execution_id, s.depends_on, s.status) as ready
from public.execution_steps s left join public.task_executions e on e.id = s.execution_id
where s.step_name = %(step_name)s and s.input_hash = %(input_hash)s and s.status = 'completed'
  and coalesce(s.project_id, e.project_id) = %(project_id)s
order by s.completed_at desc nulls last, s.id limit 50;
