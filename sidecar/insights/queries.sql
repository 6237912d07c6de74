-- waiting: how many versions wait for a decision, by how long they have waited; the oldest first, up to a limit, by
-- versions_waiting_for_review. The bounds are those of reviews.AGES.
with waiting as materialized (
    select extract(epoch from now() - v.date_created) / 3600 as hours, v.date_created
    from public.artifact_versions v
    where v.status = 'pending' and v.review_state is null
    order by v.date_created, v.id limit %(most)s
)
select count(*) as total, min(w.date_created) as oldest,
       array(select count(*) filter (where width_bucket(x.hours, %(bounds)s::numeric[]) = a.place)
             from generate_series(0, cardinality(%(bounds)s::numeric[])) as a(place), waiting x
             group by a.place order by a.place) as by_age
from waiting w;

-- decisions: the newest decisions of a period, by approvals_newest, as one row: how long the first decision on a version
-- took, by day; and how the versions stand by their latest one, by path, where the items of a list count as one path.
-- What a rule approved and what the registry rejected beside it took nobody's time.
with decision as materialized (
    select a.artifact_version_id, a.action, a.date_created
    from public.artifact_approvals a
    where a.date_created >= now() - make_interval(days => %(days)s::integer)
      and a.action in ('approve', 'reject', 'request_changes') and a.actor_type <> 'rule'
    order by a.date_created desc limit %(most)s
), version as materialized (
    select d.artifact_version_id, min(d.date_created) as first,
           (array_agg(d.action order by d.date_created desc))[1] as latest
    from decision d group by d.artifact_version_id
), known as materialized (
    select v.latest, v.first, regexp_replace(x.schema_key, '\[[0-9]+\]', '[]', 'g') as path,
           greatest(extract(epoch from v.first - x.date_created), 0)::double precision as seconds
    -- One look-up for each: a join would read all versions as soon as there are twenty times as many.
    from version v cross join lateral (
        select y.schema_key, y.date_created from public.artifact_versions y where y.id = v.artifact_version_id limit 1) x
)
select (select count(*) from decision) as decisions, count(*) as versions,
       percentile_cont(0.5) within group (order by k.seconds) as median_seconds,
       percentile_cont(0.9) within group (order by k.seconds) as p90_seconds,
       (select coalesce(json_agg(json_build_object('day', d.day, 'versions', d.versions, 'median_seconds', d.median)
                                 order by d.day), '[]')
        from (select (x.first at time zone 'UTC')::date as day, count(*) as versions,
                     percentile_cont(0.5) within group (order by x.seconds) as median
              from known x group by day) d) as by_day,
       (select coalesce(json_agg(json_build_object('path', p.path, 'approved', p.approved, 'rejected', p.rejected,
                                                   'changes_requested', p.returned)
                                 order by p.versions desc, p.path), '[]')
        from (select x.path, count(*) as versions, count(*) filter (where x.latest = 'approve') as approved,
                     count(*) filter (where x.latest = 'reject') as rejected,
                     count(*) filter (where x.latest = 'request_changes') as returned
              from known x group by x.path order by versions desc, x.path limit %(paths)s) p) as by_path
from known k;
