-- Words, the same in what is searched and in what is asked. What joins words is taken away, or PostgreSQL's own parser
-- would take brand.logo and a.png for names of hosts and half-moon for three words. No language: no stemming, no stop words.
-- (translate() with a list of everything that is no letter takes four times as long as all the rest.)
create or replace function sidecar.spaced(given text) returns text language sql immutable strict parallel safe as $$
    select replace(replace(replace(replace(replace(replace(replace(replace(replace(given,
        '.', ' '), '/', ' '), '-', ' '), '_', ' '), '@', ' '), '&', ' '), '<', ' '), '+', ' '), ':', ' ')
$$;

-- What the texts and numbers in some JSON say, without its keys.
create or replace function sidecar.said(given jsonb) returns text language sql immutable strict parallel safe as $$
    select string_agg(item #>> '{}', ' ')
    from jsonb_path_query(given, 'strict $.** ? (@.type() == "string" || @.type() == "number")') item
$$;

-- The words of a version; and each tag as one word of its own, which no text can hold, because texts have no colon left.
-- The first 100,000 characters count: a tsvector holds a megabyte at most, and an insert must never fail for its words.
create or replace function sidecar.words_of(schema_key text, value jsonb, metadata jsonb, tags jsonb, file_name text)
returns tsvector language sql immutable parallel safe as $$
    select to_tsvector('simple'::regconfig, sidecar.spaced(left(concat_ws(' ', schema_key, file_name, sidecar.said(tags),
                           sidecar.said(value), sidecar.said(metadata)), 100000)))
           || array_to_tsvector(array(
                select 'tag:' || left(tag #>> '{}', 255)
                from jsonb_path_query(coalesce(tags, '[]'), 'lax $[*] ? (@.type() == "string")') tag limit 200))
$$;

-- What is asked for: words as a search engine takes them ("in this order", or, -not), the last one also as the beginning of
-- one, and tags; null where nothing is asked. Words that are none, such as ***, find nothing.
create or replace function sidecar.asked(q text, tags text[]) returns tsquery language sql immutable parallel safe as $$
    select case when q is null then t.query when numnode(w.query) = 0 then ''::tsquery
                when t.query is null then p.query else p.query && t.query end
    from (select websearch_to_tsquery('simple'::regconfig, replace(sidecar.spaced(
              regexp_replace(q, '(^|\s)-(?=\S)', '\1' || chr(1), 'g')), chr(1), '-')) as query) w,
    -- The last word, unless it is said that it must not be there: 'red' | 'blu' becomes 'red' | 'blu':*
    lateral (select case when w.query::text ~ '(^|[^!''])''[^'']*''$' then (w.query::text || ':*')::tsquery
                         else w.query end as query) p,
    (select string_agg('''' || replace(replace('tag:' || left(tag, 255), '\', '\\'), '''', '''''') || '''', ' & ')::tsquery
                as query from unnest(tags) tag) t
$$;

-- The versions with what is asked for, in no order, always by the index of words: left to choose, PostgreSQL takes an
-- unfinished word for a common one and reads every version for it (3 s of a million, instead of 1 ms).
create or replace function sidecar.with_words(asked tsquery) returns table (version_id uuid, date_created timestamptz)
language sql stable parallel safe rows 1000
set enable_seqscan = off set enable_indexscan = off set jit = off as $$
    select s.version_id, s.date_created from sidecar.search_words s where s.words @@ asked
$$;

-- The versions that the filters leave; one that is null leaves all. Planned as if it stood in the statement that calls it,
-- for the values asked for: call it in statements that are not prepared. What a sub-query finds is an array because a
-- sub-query in an `or` would be looked through for every version; an array is looked up in the primary key.
create or replace function sidecar.versions_found(
    project uuid, path text, path_pattern text, statuses text[], review text, types text[], producer uuid, task uuid,
    run uuid, step uuid, since timestamptz, until timestamptz, with_file boolean, awaiting boolean, is_outdated boolean,
    by_rule boolean, is_edited boolean)
returns setof public.artifact_versions language sql stable parallel safe as $$
    select v.* from public.artifact_versions v
    where (project is null or v.project_id = project)
      and (path is null or v.schema_key = path)
      and (path_pattern is null or v.schema_key ~ path_pattern)
      and (statuses is null or v.status = any(statuses))
      and (review is null or coalesce(v.review_state, 'none') = review)
      and (types is null or v.artifact_type = any(types))
      and (producer is null or v.user_created = producer)
      and (task is null or v.id = any(array(
            select o.id from public.artifact_versions o where o.source_task_id = task
            union select l.artifact_version_id from public.task_artifacts l where l.task_id = task)))
      and (run is null or v.execution_id = run)
      and (step is null or v.step_id = step)
      and (since is null or v.date_created >= since)
      and (until is null or v.date_created < until)
      and (with_file is null or (v.primary_file_id is not null) = with_file)
      and (awaiting is null or (v.status = 'approved' and v.promoted_at is null) = awaiting)
      and (is_outdated is null or is_outdated = (v.status = 'pending' and exists (
            select from public.artifact_versions a
            where a.project_id = v.project_id and a.schema_key = v.schema_key and a.status = 'approved'
              and a.version_number > v.version_number)))
      and (by_rule is null or by_rule = exists (
            select from public.artifact_approvals a
            where a.artifact_version_id = v.id and a.action = 'approve' and a.actor_type = 'rule'))
      and (is_edited is null or is_edited = exists (
            select from public.artifact_relations r
            where r.from_version_id = v.id and r.relation_type = 'edited_from'))
$$;
