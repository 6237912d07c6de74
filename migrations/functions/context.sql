-- The context document: where an entry goes. Pure functions: values in, values out, no clock, no table.
-- They run in the database because the document lives there: a promotion then never carries it to the sidecar and back.

-- The keys and indexes that lead to a path, as jsonb_set takes them, and which of them are indexes:
-- scenes[3].image → {scenes,3,image}, {f,t,f}
create or replace function sidecar.path_steps(path text, out way text[], out is_index boolean[])
language sql immutable strict parallel safe as $$
    select array_agg(coalesce(m[1], m[2]) order by n), array_agg(m[2] is not null order by n)
    from regexp_matches(path, '([A-Za-z0-9_-]+)|\[([0-9]+)\]', 'g') with ordinality as t(m, n)
$$;

-- `context` with `entry` at `path`; with null there, `path` taken out.
-- Containers that are missing are made, and go again with their last entry; lists grow as far as an index needs, with null in the gaps.
-- Refuses context_path_occupied where something that is no container of the right kind stands on the way.
create or replace function sidecar.context_with(context jsonb, path text, entry jsonb) returns jsonb
language plpgsql immutable parallel safe as $$
declare
    steps record;
    way text[];
    last integer;
    depth integer;
    node jsonb;
    piece jsonb;
begin
    select * into steps from sidecar.path_steps(path);
    way := steps.way;
    last := array_length(way, 1);
    -- The usual case first: the parent is there, and is what the path needs.
    node := case when last = 1 then context else context #> way[1:last - 1] end;
    depth := last - 1;
    if node is null or jsonb_typeof(node) <> (case when steps.is_index[last] then 'array' else 'object' end)
       or node ? 'artifact_version_id' then
        depth := 0;
        node := context;
        for i in 1 .. last loop
            if jsonb_typeof(node) <> (case when steps.is_index[i] then 'array' else 'object' end)
               or node ? 'artifact_version_id' then
                if entry is null then
                    return context; -- there is nothing at such a path to be taken out
                end if;
                raise exception using errcode = '23514', constraint = 'context_path_occupied',
                    message = format('The context holds something at %s that no promotion wrote; %s needs that place.',
                                     case when i = 1 then 'its root' else array_to_string(way[1:i - 1], '.') end, path),
                    detail = array_to_string(way[1:i - 1], '.');
            end if;
            exit when i = last;
            node := case when steps.is_index[i] then node -> way[i]::integer else node -> way[i] end;
            exit when node is null or jsonb_typeof(node) = 'null';
            depth := i;
        end loop;
        node := case when depth = 0 then context else context #> way[1:depth] end;
    end if;
    if entry is null then
        return case when depth < last - 1 then context else sidecar.context_without(context, way, steps.is_index) end;
    end if;
    piece := entry;
    for i in reverse last .. depth + 2 loop
        piece := case when steps.is_index[i]
                      then sidecar.nulls(way[i]::integer) || jsonb_build_array(piece)
                      else jsonb_build_object(way[i], piece) end;
    end loop;
    if steps.is_index[depth + 1] and jsonb_array_length(node) < way[depth + 1]::integer then
        node := node || sidecar.nulls(way[depth + 1]::integer - jsonb_array_length(node)) || jsonb_build_array(piece);
        return case when depth = 0 then node else jsonb_set(context, way[1:depth], node) end;
    end if;
    return jsonb_set(context, way[1:depth + 1], piece, true);
end $$;

-- `context` without the entry at `way`, and without the containers that are empty then: what is left depends on the
-- entries that are left, not on the order in which others came and went.
create or replace function sidecar.context_without(context jsonb, way text[], is_index boolean[]) returns jsonb
language plpgsql immutable strict parallel safe as $$
declare
    holder jsonb;
begin
    if coalesce(jsonb_typeof(context #> way), 'null') = 'null' then
        return context;
    end if;
    for depth in reverse array_length(way, 1) .. 1 loop
        holder := case when depth = 1 then context else context #> way[1:depth - 1] end;
        if is_index[depth] then
            holder := sidecar.without_trailing_nulls(jsonb_set(holder, way[depth:depth], 'null'));
        else
            holder := holder - way[depth];
        end if;
        if depth = 1 then
            return holder;
        end if;
        if holder not in ('{}', '[]') then
            return jsonb_set(context, way[1:depth - 1], holder);
        end if;
    end loop;
end $$;

create or replace function sidecar.without_trailing_nulls(list jsonb) returns jsonb
language sql immutable strict parallel safe as $$
    select coalesce(jsonb_agg(item order by n), '[]') from jsonb_array_elements(list) with ordinality as t(item, n)
    where n <= (select max(n) from jsonb_array_elements(list) with ordinality as u(item, n) where item <> 'null')
$$;

create or replace function sidecar.nulls(count integer) returns jsonb
language sql immutable strict parallel safe as $$
    select coalesce(jsonb_agg(null::jsonb), '[]') from generate_series(1, count)
$$;

-- `context` after a promotion: every change in place (entry null: withdrawn), `_meta` brought up to date.
-- changes: [{"schema_key", "entry", ...}, ...]. Each path once; their order does not matter.
-- Every change is made in the part of the document below its first key. The document itself is put together once, whatever
-- the number of changes: that is what a large one costs.
create or replace function sidecar.context_after(context jsonb, changes jsonb, number integer, at timestamptz) returns jsonb
language plpgsql immutable parallel safe as $$
declare
    change record;
    steps record;
    top text;
    part jsonb;
    parts jsonb := '{}';
    gone text[] := '{}';
    whole boolean := context ? 'artifact_version_id'; -- an adopted document that names itself like an entry
    meta jsonb := context -> '_meta';
    total integer;
begin
    if jsonb_typeof(context) <> 'object' then
        raise exception using errcode = '23514', constraint = 'context_path_occupied',
            message = 'The context is no object, and no promotion wrote it: nothing can be placed in it.', detail = '';
    end if;
    if meta is null or jsonb_typeof(meta) <> 'object' then
        meta := '{}';
    end if;
    total := coalesce((meta ->> 'total_artifacts')::integer, 0);
    for change in select c ->> 'schema_key' as path, nullif(c -> 'entry', 'null') as entry
                  from jsonb_array_elements(changes) c loop
        steps := sidecar.path_steps(change.path);
        top := steps.way[1];
        part := case when whole then context
                     when parts ? top then jsonb_build_object(top, parts -> top)
                     when top = any(gone) or not context ? top then '{}'
                     else jsonb_build_object(top, context -> top) end;
        total := total + coalesce(change.entry ? 'artifact_version_id', false)::integer
                 - coalesce(part #> steps.way ? 'artifact_version_id', false)::integer;
        part := sidecar.context_with(part, change.path, change.entry);
        if whole then
            context := part;
        elsif part ? top then
            parts := parts || part;
        else
            parts := parts - top;
            gone := gone || top;
        end if;
    end loop;
    if gone <> '{}' then
        context := context - gone;
    end if;
    return context || (parts || jsonb_build_object('_meta', meta || jsonb_build_object(
        'schema_version', '1.0.0', 'context_version', number, 'total_artifacts', total,
        'last_updated', to_char(at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))));
end $$;

-- The context of a project as of one of its versions: what was adopted when the registry came (promotion 0), then the
-- last change of each path up to there. The context that stands in `projects` is this for its own number.
create or replace function sidecar.context_as_of(project uuid, number integer) returns jsonb
language plpgsql stable parallel safe as $$
declare
    adopted jsonb;
    changes jsonb;
    at timestamptz;
begin
    select p.changes #> '{0,entry}' into adopted from public.promotions p
    where p.project_id = project and p.context_version = 0;
    select p.date_created into at from public.promotions p
    where p.project_id = project and p.context_version between 1 and number order by p.context_version desc limit 1;
    if at is null then
        return coalesce(adopted, '{}');
    end if;
    select jsonb_agg(last.change) into changes from (
        select distinct on (c ->> 'schema_key') c as change
        from public.promotions p, jsonb_array_elements(p.changes) c
        where p.project_id = project and p.context_version between 1 and number
        order by c ->> 'schema_key', p.context_version desc) last;
    return sidecar.context_after(coalesce(adopted, '{}'), coalesce(changes, '[]'), number, at);
end $$;
