-- The primary file is always among the files: naming it links it, and the first file linked becomes it.
create or replace function sidecar.link_primary_file() returns trigger language plpgsql as $$
begin
    if not exists (select from public.artifact_files
                   where artifact_version_id = new.id and directus_files_id = new.primary_file_id) then
        insert into public.artifact_files (artifact_version_id, directus_files_id, sort)
        values (new.id, new.primary_file_id, 1);
    end if;
    return null;
end $$;

create or replace trigger u10_link_primary_file after insert or update of primary_file_id on public.artifact_versions
    for each row when (new.primary_file_id is not null)
    execute function sidecar.link_primary_file();

-- Callers that name the primary file and then link it themselves (as Directus' own form does) give the same link twice:
-- theirs takes the place of ours.
create or replace function sidecar.replace_same_link() returns trigger language plpgsql as $$
begin
    delete from public.artifact_files
    where artifact_version_id = new.artifact_version_id and directus_files_id = new.directus_files_id and id <> new.id;
    return new;
end $$;

create or replace trigger u20_replace_same_link before insert on public.artifact_files for each row
    execute function sidecar.replace_same_link();

create or replace function sidecar.default_primary_file() returns trigger language plpgsql as $$
begin
    update public.artifact_versions set primary_file_id = new.directus_files_id
    where id = new.artifact_version_id and primary_file_id is null;
    if current_user <> 'artifacts_sidecar' then
        -- the content is another one now: a submission like the old one is no repetition of it
        update public.artifact_versions set content_hash = null
        where id = new.artifact_version_id and content_hash is not null;
    end if;
    return null;
end $$;

create or replace trigger u30_default_primary_file after insert on public.artifact_files for each row
    execute function sidecar.default_primary_file();

-- A primary file named through a nested write is null until its link is there: nothing to do then.
alter table public.artifact_versions enable always trigger u10_link_primary_file;
alter table public.artifact_files enable always trigger u20_replace_same_link, enable always trigger u30_default_primary_file;
