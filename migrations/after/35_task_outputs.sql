-- A task shows everything made for it: a version that names its task is linked to it.
create or replace function sidecar.link_source_task() returns trigger language plpgsql as $$
begin
    insert into public.task_artifacts (task_id, artifact_version_id, sort)
    select new.source_task_id, new.id, coalesce(max(sort), 0) + 1
    from public.task_artifacts where task_id = new.source_task_id
    on conflict on constraint version_linked_once do nothing;
    return null;
end $$;

create or replace trigger u20_link_source_task after insert on public.artifact_versions for each row
    when (new.source_task_id is not null)
    execute function sidecar.link_source_task();
alter table public.artifact_versions enable always trigger u20_link_source_task;

-- Callers that link it themselves afterwards, in an order of their own, give the same link twice: theirs takes its place.
create or replace function sidecar.replace_same_task_link() returns trigger language plpgsql as $$
begin
    delete from public.task_artifacts
    where task_id = new.task_id and artifact_version_id = new.artifact_version_id and id <> new.id;
    return new;
end $$;

create or replace trigger u20_replace_same_link before insert on public.task_artifacts for each row
    when (pg_trigger_depth() = 0 and current_user <> 'artifacts_sidecar')
    execute function sidecar.replace_same_task_link();
alter table public.task_artifacts enable always trigger u20_replace_same_link;
