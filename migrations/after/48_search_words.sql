-- A version's words (0015_search.sql) are kept in the transaction that adds it, whoever writes, and again when what may
-- change of it does: tags, what the worker finds out, and the primary file where it is linked afterwards. With the rights
-- of whoever writes: Directus' role may write them (after/90_grants.sql), and does not see them.
create or replace function sidecar.keep_words() returns trigger language plpgsql as $$
declare
    kept tsvector := sidecar.words_of(new.schema_key, new.value, new.metadata, new.tags, (
        select f.filename_download from public.directus_files f where f.id = new.primary_file_id));
begin
    if tg_op = 'UPDATE' then
        update sidecar.search_words set words = kept where version_id = new.id;
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

-- Versions from before: about three minutes for a million. Without words to add it compares two indexes, half a second.
insert into sidecar.search_words (version_id, date_created, words)
select v.id, v.date_created, sidecar.words_of(v.schema_key, v.value, v.metadata, v.tags, f.filename_download)
from public.artifact_versions v left join public.directus_files f on f.id = v.primary_file_id
where not exists (select from sidecar.search_words s where s.version_id = v.id);

-- GET /v1/artifacts?q= and ?tag=. Made after the words of before: ten times as fast as adding each to it.
-- New words wait in a list of half a megabyte, some 200 versions, until one insert puts them in their places. Without the
-- list an insert takes twice the time; with PostgreSQL's 4 MB the insert whose turn it is would take seconds.
create index if not exists search_words_by_word on sidecar.search_words using gin (words)
    with (gin_pending_list_limit = 512);
