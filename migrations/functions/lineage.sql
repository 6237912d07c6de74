-- Walks along relations. They read each version once, whatever the graph looks like, and by the indexes only: a plan that
-- was right for an empty table would read a large one again at every step. Planned once, not once a step.

-- What a version was made from (upward) or what was made from it, to a depth, at least so many of the nearest if there
-- are. A version that several ways lead to has the depth of the shortest. `types` null: by relations of every type.
-- One recursive query does it where few ways lead to a version. In a dense graph, where it would meet each version again
-- at every depth, it is given up and the graph is read level by level.
create or replace function sidecar.lineage_walk(start uuid, upward boolean, types text[], deepest integer, most integer)
returns table (id uuid, depth integer) language plpgsql stable
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
set plan_cache_mode = force_generic_plan as $$
declare
    enough integer := 2 * most + 1000;
    met uuid[];
    depths integer[];
    seen uuid[] := array[start];
    frontier uuid[] := seen;
begin
    if upward then
        with recursive walked (id, depth) as (
            select start, 0
            union
            select r.to_version_id, w.depth + 1 from walked w
            join public.artifact_relations r on r.from_version_id = w.id
            where w.depth < deepest and (types is null or r.relation_type = any(types)))
        select array_agg(w.id), array_agg(w.depth) into met, depths from (select * from walked limit enough) w;
    else
        with recursive walked (id, depth) as (
            select start, 0
            union
            select r.from_version_id, w.depth + 1 from walked w
            join public.artifact_relations r on r.to_version_id = w.id
            where w.depth < deepest and (types is null or r.relation_type = any(types)))
        select array_agg(w.id), array_agg(w.depth) into met, depths from (select * from walked limit enough) w;
    end if;
    if cardinality(met) < enough then
        return query select m.id, min(m.depth) from unnest(met, depths) m (id, depth) where m.depth > 0 group by m.id;
        return;
    end if;
    for level in 1 .. deepest loop
        select array_agg(step.id) into frontier from (
            select case when upward then r.to_version_id else r.from_version_id end as id
            from unnest(frontier) f (id)
            cross join lateral (
                select u.from_version_id, u.to_version_id from public.artifact_relations u
                where upward and u.from_version_id = f.id and (types is null or u.relation_type = any(types))
                union all
                select d.from_version_id, d.to_version_id from public.artifact_relations d
                where not upward and d.to_version_id = f.id and (types is null or d.relation_type = any(types))) r
            except select unnest(seen)
            order by 1 limit most + 1 - cardinality(seen)) step;
        exit when frontier is null;
        return query select f.id, level from unnest(frontier) f (id);
        seen := seen || frontier;
        exit when cardinality(seen) > most;
    end loop;
end $$;

-- A relation passes staleness on where its source was replaced, rejected or put away. A source on the version's own path
-- is the version before it, which it replaces: that one never makes it stale.

-- Everything that leads from some versions back to where they came from, when anything there is out of date; else
-- nothing. `outdated`: this very source is.
create or replace function sidecar.ancestry(ids uuid[]) returns table (from_id uuid, to_id uuid, outdated boolean)
language plpgsql stable
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
set plan_cache_mode = force_generic_plan as $$
declare
    reached uuid[];
begin
    with recursive source (id) as (
        select unnest(ids)
        union
        select r.to_version_id from source s join public.artifact_relations r on r.from_version_id = s.id)
    select array_agg(source.id) into reached from source;
    if not exists (select from unnest(reached) u (id) join public.artifact_versions v on v.id = u.id
                   where v.status in ('superseded', 'rejected', 'archived')) then
        return;
    end if;
    return query
        select distinct r.from_version_id, r.to_version_id,
               s.status in ('superseded', 'rejected', 'archived')
               and (s.project_id, s.schema_key) <> (v.project_id, v.schema_key)
        from unnest(reached) u (id)
        join public.artifact_relations r on r.from_version_id = u.id
        join public.artifact_versions v on v.id = r.from_version_id
        join public.artifact_versions s on s.id = r.to_version_id;
end $$;

-- What would be stale if these versions were replaced: made from one of them on another path, and all made from that.
create or replace function sidecar.affected_by(ids uuid[]) returns table (id uuid) language plpgsql stable
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
set plan_cache_mode = force_generic_plan as $$
begin
    return query
        with recursive affected (id) as (
            select r.from_version_id from unnest(ids) u (id)
            join public.artifact_relations r on r.to_version_id = u.id
            join public.artifact_versions s on s.id = r.to_version_id
            join public.artifact_versions v on v.id = r.from_version_id
            where (s.project_id, s.schema_key) <> (v.project_id, v.schema_key)
            union
            select r.from_version_id from affected a join public.artifact_relations r on r.to_version_id = a.id)
        select affected.id from affected;
end $$;
