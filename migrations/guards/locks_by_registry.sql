-- Who holds which lock, since when and why is written by the sidecar's role only. planning_locked may be ticked by
-- anybody Directus allows: u50_note_planning_lock, which fires later, writes what is known of that.
create or replace function sidecar.locks_by_registry() returns trigger language plpgsql as $$
begin
    raise exception using errcode = '23514', constraint = 'locks_by_registry',
        message = 'Locks are set and released through the artifact registry.';
end $$;

create or replace trigger g10_locks_by_registry before insert on public.projects for each row
    when (current_user <> 'artifacts_sidecar' and coalesce(new.locks, '{}') <> '{}')
    execute function sidecar.locks_by_registry();
create or replace trigger g45_locks_by_registry before update on public.projects for each row
    when (current_user <> 'artifacts_sidecar' and old.locks is distinct from new.locks)
    execute function sidecar.locks_by_registry();
alter table public.projects enable always trigger g10_locks_by_registry, enable always trigger g45_locks_by_registry;
