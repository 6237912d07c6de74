-- Ticking planning_locked in Directus locks the project, unticking it releases the lock, whoever set it. Who ticked it
-- is in Directus' own activity; here it has no owner, and no submission passes it.
create or replace function sidecar.note_planning_lock() returns trigger language plpgsql as $$
begin
    -- Submissions that are being written are finished first, and later ones see the lock.
    perform pg_advisory_xact_lock(hashtextextended('artifacts/number/' || new.id::text, 0));
    new.locks := case jsonb_typeof(new.locks) when 'object' then new.locks else '{}' end;
    if new.planning_locked is not true then
        new.locks := new.locks - '*';
    elsif not new.locks ? '*' then
        new.locks := new.locks || jsonb_build_object('*', jsonb_build_object(
            'owner', null, 'owner_id', null, 'program', null, 'reason', null,
            'since', to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')));
    end if;
    return new;
end $$;

create or replace trigger u50_note_planning_lock before update on public.projects for each row
    when ((old.planning_locked is true) <> (new.planning_locked is true))
    execute function sidecar.note_planning_lock();
create or replace trigger u51_note_planning_lock before insert on public.projects for each row
    when (new.planning_locked)
    execute function sidecar.note_planning_lock();
alter table public.projects enable always trigger u50_note_planning_lock, enable always trigger u51_note_planning_lock;
