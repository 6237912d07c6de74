-- Where files are referred to, and what is left of a promotion when one of its versions is erased.

-- Every column that refers to a file, but for those of versions and documents: foreign keys of any table, relations that
-- Directus knows without one, and the pictures of users. `collection_column` names the table that the id is of, where a
-- column may refer to several.
create or replace function sidecar.file_references()
returns table (relation oid, table_name text, column_name text, collection_column text) language sql stable as $$
    select r.relation, r.relation::regclass::text, r.column_name, r.collection_column
    from (
        select c.conrelid::oid as relation, a.attname::text as column_name, null::text as collection_column
        from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
        where c.contype = 'f' and c.confrelid = 'public.directus_files'::regclass
        union
        select to_regclass(format('public.%I', d.many_collection))::oid, d.many_field::text,
               case when d.one_collection is null then d.one_collection_field::text end
        from public.directus_relations d
        where d.one_collection = 'directus_files'
           or 'directus_files' = any(string_to_array(d.one_allowed_collections, ','))
        union
        select 'public.directus_users'::regclass::oid, 'avatar', null) r
    join pg_attribute a on a.attrelid = r.relation and a.attname = r.column_name and not a.attisdropped
    where r.relation not in ('public.artifact_versions'::regclass, 'public.artifact_files'::regclass,
                             'public.documents'::regclass)
$$;

-- Which of some files are referred to, and from where, leaving aside versions that are about to lose theirs and the
-- archived documents of these. What cannot be read counts as referring to all of them.
create or replace function sidecar.file_uses(files uuid[], leaving uuid[])
returns table (file_id uuid, used_by text) language plpgsql stable as $$
declare
    place record;
begin
    return query
        select l.directus_files_id, 'artifact_versions' from public.artifact_files l
        where l.directus_files_id = any(files) and l.artifact_version_id <> all(leaving)
        union
        select v.primary_file_id, 'artifact_versions' from public.artifact_versions v
        where v.primary_file_id = any(files) and v.id <> all(leaving)
        union
        select d.file_id, 'documents' from public.documents d
        where d.file_id = any(files)
          and not coalesce(d.status = 'archived' and d.artifact_version_id = any(leaving), false);
    for place in select * from sidecar.file_references() loop
        if not has_column_privilege(place.relation, place.column_name, 'select')
           or not has_column_privilege(place.relation, coalesce(place.collection_column, place.column_name), 'select') then
            return query select f, format('%s.%s (cannot be read: run the set-up)', place.table_name, place.column_name)
                         from unnest(files) f;
        else
            return query execute format(
                'select distinct t.%1$I::uuid, %2$L from %3$s t where t.%1$I = any($1%4$s)%5$s',
                place.column_name, format('%s.%s', place.table_name, place.column_name), place.relation::regclass,
                case when (select atttypid from pg_attribute where attrelid = place.relation
                           and attname = place.column_name) = 'uuid'::regtype then '' else '::text[]' end,
                case when place.collection_column is null then ''
                     else format(' and t.%I = ''directus_files''', place.collection_column) end) using files;
        end if;
    end loop;
end $$;

-- Lets the sidecar read a column that refers to files, and no other of its table. Whoever may not give that right leaves
-- it: then nothing is deleted that the column might refer to.
create or replace function sidecar.show_references_of(relation oid) returns void language plpgsql as $$
declare
    place record;
begin
    for place in select * from sidecar.file_references() f where f.relation = show_references_of.relation loop
        begin
            execute format('grant select (%I) on %s to artifacts_sidecar', place.column_name, relation::regclass);
            if place.collection_column is not null then
                execute format('grant select (%I) on %s to artifacts_sidecar', place.collection_column, relation::regclass);
            end if;
        exception when insufficient_privilege then
            null;
        end;
    end loop;
end $$;

-- The same for a relation that Directus adds: as Directus' role, which owns the table (after/91_file_references.sql).
create or replace function sidecar.show_file_references() returns trigger language plpgsql as $$
begin
    perform sidecar.show_references_of(to_regclass(format('public.%I', new.many_collection))::oid);
    return null;
end $$;

-- What stands in a promotion in place of an erased version's entry. It names the version: the number of entries in a
-- context as of that time stays what it was.
create or replace function sidecar.erased_entry(version_id uuid, version_number integer) returns jsonb
language sql immutable parallel safe as $$
    select jsonb_build_object('artifact_version_id', version_id, 'version', version_number, 'erased', true)
$$;

-- The changes of a promotion without the entries of versions that are erased.
create or replace function sidecar.erased_changes(changes jsonb) returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(
               case when v.id is null then c.change
                    else c.change || jsonb_build_object('entry', sidecar.erased_entry(v.id, v.version_number)) end
               order by c.n), '[]')
    from jsonb_array_elements(changes) with ordinality c (change, n)
    left join public.artifact_versions v
        on v.id = (c.change ->> 'to_version_id')::uuid and v.erased_at is not null and c.change -> 'entry' <> 'null'
$$;

-- Whether some JSON is a version's value or holds it. Within other JSON, a number or a short word says nothing.
create or replace function sidecar.holds(document jsonb, value jsonb) returns boolean
language sql immutable parallel safe as $$
    select coalesce(value <> 'null' and (document = value or (
        (value not in ('{}', '[]') and jsonb_typeof(value) in ('object', 'array')
         or jsonb_typeof(value) = 'string' and length(value #>> '{}') >= 8)
        and exists (select from jsonb_path_query(document, 'strict $.**') part where part = value))), false)
$$;
