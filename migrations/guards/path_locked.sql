-- A locked path takes no version from Directus, whose users the database cannot tell apart; a locked project takes the
-- first one of a path. Runs after the number lock is taken, as setting a lock does: whoever commits first is right.
create or replace function sidecar.path_locked() returns trigger language plpgsql as $$
declare
    held record;
begin
    select l.schema_key, l.lock ->> 'owner' as owner, l.lock ->> 'reason' as reason into held
    from public.projects p cross join lateral sidecar.locks_over(p.planning_locked, p.locks, new.schema_key) l
    where p.id = new.project_id
      and (l.schema_key is not null or sidecar.path_in_use(new.project_id, new.schema_key, new.schema_key) <> '')
    order by length(l.schema_key) desc nulls last limit 1;
    if found then
        raise exception using errcode = '23514', constraint = 'path_locked',
            message = replace(format('%s is locked%s%s.', coalesce('The path ' || held.schema_key, 'This project'),
                                     ' by ' || held.owner, ': ' || rtrim(held.reason, '.')), ' - ', ' – ');
    end if;
    return new;
end $$;

create or replace trigger g25_path_locked before insert on public.artifact_versions for each row
    when (current_user <> 'artifacts_sidecar' and new.project_id is not null and new.schema_key is not null)
    execute function sidecar.path_locked();
alter table public.artifact_versions enable always trigger g25_path_locked;
