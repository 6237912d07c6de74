-- depends: 0006_idempotency_keys
-- Runs and steps: what may stand once only, and an index for each statement that asks (sidecar/executions/queries.sql).

-- add_execution: the same run of an engine, started again, is the run that exists. An engine that was not named is one
-- engine like the others.
create unique index execution_engine_workflow_unique on public.task_executions (engine, engine_workflow_id)
    nulls not distinct where engine_workflow_id is not null;

-- A version is an input, and an output, of a run or of one of its steps once: an output stands at one stage and moves
-- (link_version, link_output, run_artifacts.sql). Of outputs linked at several stages the furthest stays.
delete from public.execution_artifacts a using public.execution_artifacts b
where a.stage <> 'input' and b.stage <> 'input' and a.execution_id = b.execution_id
  and a.artifact_version_id = b.artifact_version_id
  and (array_position(array['generated', 'reviewed', 'failed', 'approved'], a.stage::text), a.id)
    < (array_position(array['generated', 'reviewed', 'failed', 'approved'], b.stage::text), b.id);
alter table public.execution_artifacts
    drop constraint stage_linked_once,
    add constraint stage_belongs check (execution_id is not null or step_id is not null);
create unique index stage_linked_once on public.execution_artifacts
    (execution_id, step_id, artifact_version_id, (stage = 'input')) nulls not distinct;

update public.execution_steps set attempt = 1 where attempt is null;

-- list_executions, newest first: of a project, of everything.
create index executions_of_project on public.task_executions (project_id, date_created desc, id desc);
create index executions_newest on public.task_executions (date_created desc, id desc);
-- list_executions by task (and the foreign key when a task is deleted) and by session.
create index executions_of_task on public.task_executions (task_id) where task_id is not null;
create index executions_of_session on public.task_executions (session_id) where session_id is not null;

-- latest_step, steps_of_execution, latest_steps, sidecar.step_is_ready: a run's steps, each by its latest attempt.
create index steps_of_execution on public.execution_steps (execution_id, step_name, attempt desc);
-- list_executions with failed_steps.
create index steps_failed on public.execution_steps (execution_id) where status = 'failed';
-- list_steps, newest first: of a project, of everything.
create index steps_of_project on public.execution_steps (project_id, date_created desc, id desc);
create index steps_newest on public.execution_steps (date_created desc, id desc);
-- find_same_step and list_steps: a step by what its engine, or the server it ran on, calls it.
create index steps_of_engine on public.execution_steps (engine_workflow_id) where engine_workflow_id is not null;
create index steps_of_prompt on public.execution_steps (prompt_id) where prompt_id is not null;
-- find_retry: the attempt after a step (and the foreign key when a step is deleted).
create index steps_retried on public.execution_steps (retry_of) where retry_of is not null;
-- reusable_steps and list_steps: what was made from the same input before.
create index steps_by_input on public.execution_steps (input_hash) where input_hash is not null;

-- outputs_of_steps, links_of_steps: a step's links, and its versions.
create index execution_artifacts_of_step on public.execution_artifacts (step_id) where step_id is not null;
create index versions_of_step on public.artifact_versions (step_id) where step_id is not null;
-- GET /v1/artifacts?execution_id, the refusal to delete an execution.
create index versions_of_execution on public.artifact_versions (execution_id) where execution_id is not null;
-- A decision moves the stage of a version's links (run_artifacts.sql); list_steps by a version used.
create index execution_artifacts_of_version on public.execution_artifacts (artifact_version_id);

-- Versions that name their run or step are linked to it from now on; those of before are linked here.
insert into public.execution_artifacts (execution_id, step_id, artifact_version_id, stage)
select coalesce(v.execution_id, s.execution_id), v.step_id, v.id,
       case when v.status in ('approved', 'superseded') then 'approved' when v.status = 'rejected' then 'failed'
            when v.review_state is not null then 'reviewed' else 'generated' end
from public.artifact_versions v left join public.execution_steps s on s.id = v.step_id
where v.step_id is not null
on conflict (execution_id, step_id, artifact_version_id, (stage = 'input')) do nothing;
