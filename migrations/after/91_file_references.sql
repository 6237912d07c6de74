-- Before a file is deleted the registry asks every column that refers to files, those of other collections too. It may
-- read these columns and nothing else of their tables; of one that is added later, Directus itself lets it.
do $$
declare
    place record;
begin
    for place in select distinct relation from sidecar.file_references() loop
        perform sidecar.show_references_of(place.relation);
    end loop;
end $$;

create or replace trigger u70_show_file_references after insert or update on public.directus_relations for each row
    when (new.one_collection = 'directus_files' or new.one_allowed_collections like '%directus_files%')
    execute function sidecar.show_file_references();
alter table public.directus_relations enable always trigger u70_show_file_references;
