-- A file that the registry has just asked Directus to delete goes only if nothing refers to it by now: a foreign key that
-- sets null would let it go silently. The row is locked when this fires, so whoever refers to it meanwhile waits, and then
-- finds it there or not. Directus' own role looks: it may read what the sidecar may not.
create or replace function sidecar.removed_file_in_use() returns trigger language plpgsql as $$
declare
    place text;
begin
    if exists (select from sidecar.file_removals r where r.file_id = old.id and r.asked_until > clock_timestamp()) then
        select u.used_by into place from sidecar.file_uses(array[old.id], '{}') u limit 1;
        if place is not null then
            raise exception using errcode = '23514', constraint = 'removed_file_in_use',
                message = format('The file stays: %s refers to it.', place);
        end if;
    end if;
    return old;
end $$;

create or replace trigger g60_removed_file_in_use before delete on public.directus_files for each row
    execute function sidecar.removed_file_in_use();
alter table public.directus_files enable always trigger g60_removed_file_in_use;
