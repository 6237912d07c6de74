-- A version that names only its step belongs to the step's run.
create or replace function sidecar.take_execution_of_step() returns trigger language plpgsql as $$
begin
    select s.execution_id into new.execution_id from public.execution_steps s where s.id = new.step_id;
    return new;
end $$;

create or replace trigger u05_take_execution_of_step before insert on public.artifact_versions for each row
    when (new.step_id is not null and new.execution_id is null)
    execute function sidecar.take_execution_of_step();
alter table public.artifact_versions enable always trigger u05_take_execution_of_step;

-- A run shows everything made in it. The sidecar links what is submitted itself: an output that exists already, too.
create or replace function sidecar.link_output() returns trigger language plpgsql as $$
begin
    insert into public.execution_artifacts (execution_id, step_id, artifact_version_id, stage)
    values (new.execution_id, new.step_id, new.id, 'generated')
    on conflict (execution_id, step_id, artifact_version_id, (stage = 'input')) do nothing;
    return null;
end $$;

create or replace trigger u20_link_output after insert on public.artifact_versions for each row
    when ((new.execution_id is not null or new.step_id is not null) and current_user <> 'artifacts_sidecar')
    execute function sidecar.link_output();
alter table public.artifact_versions enable always trigger u20_link_output;

-- A decision moves the stage that people see in Directus. Only of versions made in a run, so that all others pay nothing;
-- the API works the stage out of the version itself, for every link.
create or replace function sidecar.move_stage() returns trigger language plpgsql as $$
declare
    reached text := sidecar.stage_reached(new.status, new.review_state, null);
begin
    update public.execution_artifacts set stage = reached
    where artifact_version_id = new.id and stage <> 'input' and stage <> reached;
    return null;
end $$;

create or replace trigger u20_move_stage after update of status, review_state on public.artifact_versions for each row
    when ((new.execution_id is not null or new.step_id is not null)
          and (old.status, old.review_state) is distinct from (new.status, new.review_state))
    execute function sidecar.move_stage();
alter table public.artifact_versions enable always trigger u20_move_stage;
