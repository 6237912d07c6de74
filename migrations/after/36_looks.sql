-- Whoever adds a version, a file to it, or other bytes to a file: the worker shall look at it.
-- With the rights of whoever writes: Directus' role may add to the list (after/90_grants.sql), and does not see it.
-- What the API adds has its hash and its type; what was inserted otherwise may lack both.
create or replace function sidecar.look_at_version() returns trigger language plpgsql as $$
begin
    insert into sidecar.looks (kind, subject) values ('version', new.id);
    return null;
end $$;

create or replace trigger u50_look_at_version after insert on public.artifact_versions for each row
    when (new.content_hash is null or new.artifact_type is null)
    execute function sidecar.look_at_version();

create or replace function sidecar.look_at_linked_file() returns trigger language plpgsql as $$
begin
    insert into sidecar.looks (kind, subject) values ('version', new.artifact_version_id);
    return null;
end $$;

create or replace trigger u50_look_at_linked_file after insert on public.artifact_files for each row
    execute function sidecar.look_at_linked_file();

-- Directus notes the moment and the size of an upload, also of one that replaces a file's bytes. A first upload has no
-- moment before it. Whether any version has the file, the worker asks.
create or replace function sidecar.look_at_replaced_file() returns trigger language plpgsql as $$
begin
    insert into sidecar.looks (kind, subject) values ('file', new.id);
    return null;
end $$;

create or replace trigger u50_look_at_replaced_file after update on public.directus_files for each row
    when (old.uploaded_on is not null and (old.uploaded_on, old.filesize, old.filename_disk, old.storage)
          is distinct from (new.uploaded_on, new.filesize, new.filename_disk, new.storage))
    execute function sidecar.look_at_replaced_file();

alter table public.artifact_versions enable always trigger u50_look_at_version;
alter table public.artifact_files enable always trigger u50_look_at_linked_file;
alter table public.directus_files enable always trigger u50_look_at_replaced_file;
