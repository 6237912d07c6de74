-- A project with versions is kept. Its own trigger: Directus can drop a foreign key through /relations.
create or replace function sidecar.project_has_versions() returns trigger language plpgsql as $$
begin
    if exists (select from public.artifact_versions where project_id = old.id) then
        raise exception using errcode = '23514', constraint = 'project_has_versions',
            message = 'This project has artifact versions, which are kept. Archive the project instead.';
    end if;
    return old;
end $$;

create or replace trigger g60_project_has_versions before delete on public.projects for each row
    execute function sidecar.project_has_versions();
alter table public.projects enable always trigger g60_project_has_versions;
