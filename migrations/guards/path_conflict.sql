-- A path may not lie above or below another path in use in its project, nor need a list where an object is in use.
-- In use = has a version that is neither rejected nor archived. Runs after the project's number lock is taken, so two
-- conflicting first versions cannot pass each other. Every probe is a range of the index behind
-- version_number_unique: at most one per segment, and none for a path that is in use already.
create or replace function sidecar.path_conflict() returns trigger language plpgsql as $$
declare
    segments text[] := string_to_array(new.schema_key, '.');
    prefix text := '';
    name text;
    other text;
begin
    if exists (select from public.artifact_versions where project_id = new.project_id and schema_key = new.schema_key
               and status not in ('rejected', 'archived')) then
        return new;
    end if;
    for i in 1 .. array_length(segments, 1) loop
        name := split_part(segments[i], '[', 1);
        prefix := prefix || case when i > 1 then '.' else '' end || name;
        if segments[i] like '%[%' then
            -- a list here: nothing may be at the list itself, and no object's key under the same name
            other := sidecar.path_in_use(new.project_id, prefix, prefix)
                     || sidecar.path_in_use(new.project_id, prefix || '.', prefix || '/');
            prefix := prefix || substring(segments[i] from '\[.*$');
        else
            -- no list may be in use under this name, unless this is the path itself (asked below)
            other := sidecar.path_in_use(new.project_id, prefix || '[', prefix || '\');
        end if;
        if coalesce(other, '') = '' and i < array_length(segments, 1) then
            other := sidecar.path_in_use(new.project_id, prefix, prefix);
        end if;
        exit when coalesce(other, '') <> '';
    end loop;
    if coalesce(other, '') = '' then
        other := sidecar.path_in_use(new.project_id, new.schema_key || '.', new.schema_key || '/');
    end if;
    if coalesce(other, '') <> '' then
        raise exception using errcode = '23514', constraint = 'path_conflict',
            message = format('The path %s cannot stand beside %s, which is in use in this project.', new.schema_key, other),
            detail = other;
    end if;
    return new;
end $$;

-- The first path in use from `lowest` (included) to `highest` (not included; the path itself when both are equal),
-- or the empty text.
create or replace function sidecar.path_in_use(project uuid, lowest text, highest text) returns text
language sql stable as $$
    select coalesce((
        select schema_key from public.artifact_versions
        where project_id = project and schema_key >= lowest collate "C"
          and (schema_key < highest collate "C" or (lowest = highest and schema_key = lowest collate "C"))
          and status not in ('rejected', 'archived')
        order by schema_key limit 1), '')
$$;

create or replace trigger g30_path_conflict before insert on public.artifact_versions for each row
    when (new.project_id is not null and new.schema_key is not null)
    execute function sidecar.path_conflict();
alter table public.artifact_versions enable always trigger g30_path_conflict;
