-- A version's words (0015_search.sql) are kept in the transaction that adds it, whoever writes, and again when what may
-- change of it does: tags, what the worker finds out, and the primary file where it is linked afterwards. With the rights
-- of whoever writes: Directus' role may write them (after/90_grants.sql), and does not see them.
create or replace function sidecar.keep_words() returns trigger language plpgsql as $$
declare
    kept tsvector := sidecar.words_of(new.schema_key, new.value, new.metadata, new.tags, (
        select f.filename_download from public.directus_files f where f.id = new.primary_file_id));
begin
    if tg_op = 'UPDATE' then
        -- A version from before may have none yet (49_words_of_before.sql).
        insert into sidecar.search_words (version_id, date_created, words) values (new.id, new.date_created, kept)
        on conflict (version_id) do update set words = kept;
    else
        insert into sidecar.search_words (version_id, date_created, words) values (new.id, new.date_created, kept);
    end if;
    return null;
end $$;

create or replace trigger u60_keep_words after insert on public.artifact_versions for each row
    execute function sidecar.keep_words();
create or replace trigger u60_keep_changed_words after update of metadata, tags, primary_file_id
    on public.artifact_versions for each row
    when ((old.metadata, old.tags, old.primary_file_id) is distinct from (new.metadata, new.tags, new.primary_file_id))
    execute function sidecar.keep_words();
alter table public.artifact_versions enable always trigger u60_keep_words;
alter table public.artifact_versions enable always trigger u60_keep_changed_words;
