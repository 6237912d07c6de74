-- The words of versions from before there were any: about three minutes for a million, in lots that are committed one by
-- one, so that whoever submits or decides meanwhile waits for none. Without words to add it compares two indexes, half a
-- second. Alone in its file: no other statement may be in a transaction with one that commits.
do $$
declare
    last uuid := '00000000-0000-0000-0000-000000000000';
    lot uuid[];
begin
    loop
        select array_agg(n.id order by n.id) into lot from (
            select v.id from public.artifact_versions v
            where v.id > last and not exists (select from sidecar.search_words s where s.version_id = v.id)
            order by v.id limit 5000) n;
        exit when lot is null;
        insert into sidecar.search_words (version_id, date_created, words)
        select v.id, v.date_created, sidecar.words_of(v.schema_key, v.value, v.metadata, v.tags, f.filename_download)
        from public.artifact_versions v left join public.directus_files f on f.id = v.primary_file_id
        where v.id = any(lot)
        on conflict (version_id) do nothing;
        commit;
        last := lot[cardinality(lot)];
    end loop;
end $$;
