-- settled: the moment before which nothing can still be decided: a record bears the time its transaction began, so one
-- that is under way may add a record older than those seen already. Asked before the records are read, never with them.
select least(clock_timestamp(), min(xact_start)) as at from pg_stat_activity
where datname = current_database() and usename = current_user and pid <> pg_backend_pid();

-- projects_from: the next projects, a few at a time: over all of them at once, the planner takes the sort that reads the
-- records of every project there is for each page
select id from public.projects
where id >= %(project)s::uuid and (%(only)s::uuid is null or id = %(only)s::uuid)
order by id limit %(limit)s;

-- records_of_projects: a page of decisions in the order of their projects and times, by approvals_of_project. The
-- conditions on the date stand outside the OR, which would read a project's records from its first one on every page.
select p.id as project_id, a.id, a.date_created, a.artifact_version_id, a.action
from unnest(%(projects)s::uuid[]) p (id)
cross join lateral (
    select r.id, r.date_created, r.artifact_version_id, r.action from public.artifact_approvals r
    where r.project_id = p.id and r.action in ('approve', 'reject', 'request_changes')
      and r.artifact_version_id is not null
      and r.date_created < %(until)s::timestamptz
      and r.date_created >= case when p.id = %(project)s::uuid then %(date)s::timestamptz else coalesce(%(since)s::timestamptz, '-infinity') end
      and (p.id <> %(project)s::uuid or (r.date_created, r.id) >= (%(date)s::timestamptz, %(record)s::uuid))
    order by r.date_created, r.id limit %(limit)s) a
order by p.id, a.date_created, a.id limit %(limit)s;

-- records_of_path: the same of one path, by version_number_unique and approvals_of_version
select p.id as project_id, a.id, a.date_created, a.artifact_version_id, a.action
from unnest(%(projects)s::uuid[]) p (id)
cross join lateral (
    select r.id, r.date_created, r.artifact_version_id, r.action
    from public.artifact_versions v join public.artifact_approvals r on r.artifact_version_id = v.id
    where v.project_id = p.id and v.schema_key = %(schema_key)s::text
      and r.action in ('approve', 'reject', 'request_changes')
      and r.date_created < %(until)s::timestamptz
      and r.date_created >= case when p.id = %(project)s::uuid then %(date)s::timestamptz else coalesce(%(since)s::timestamptz, '-infinity') end
      and (p.id <> %(project)s::uuid or (r.date_created, r.id) >= (%(date)s::timestamptz, %(record)s::uuid))
    order by r.date_created, r.id limit %(limit)s) a
order by p.id, a.date_created, a.id limit %(limit)s;

-- pairs: of some decisions, which version was chosen over which. Each pair belongs to the later of its two decisions, so
-- that records which only ever grow give the same pairs in the same order every time.
with decided as materialized (
    select a.id, a.action, a.date_created, v.id as version_id, v.project_id, v.schema_key, v.version_number
    from public.artifact_approvals a join public.artifact_versions v on v.id = a.artifact_version_id
    where a.id = any(%(records)s::uuid[])
      and (%(pattern)s::text is null or v.schema_key ~ %(pattern)s::text)
), approved as (
    -- earlier: the path's approvals before this one; newest: the nearest of them below, older candidates are theirs
    select d.*, e.numbers, e.moments, e.newest
    from decided d
    cross join lateral (
        select array_agg(a.version_number) filter (where a.approved < d.date_created) as numbers,
               array_agg(a.approved) filter (where a.approved < d.date_created) as moments,
               coalesce(max(a.version_number)
                        filter (where a.approved < d.date_created and a.version_number < d.version_number), 0) as newest,
               bool_or(a.record_id = d.id) as counts
        from sidecar.approvals_of_path(d.project_id, d.schema_key) a) e
    where d.action = 'approve' and e.counts
), found as (
    select a.id, a.date_created, a.project_id, a.version_id as chosen_id, r.id as rejected_id,
           r.version_number as rejected_number, t.rejected
    from approved a
    join public.artifact_versions r on r.project_id = a.project_id and r.schema_key = a.schema_key
        and r.version_number > a.newest and r.version_number < a.version_number
    cross join lateral (
        select min(o.date_created) as at, bool_or(o.action = 'reject') as rejected
        from public.artifact_approvals o
        where o.artifact_version_id = r.id and o.action in ('reject', 'request_changes')
          and o.date_created < a.date_created) t
    where t.at is not null and not exists (
        select from unnest(a.numbers, a.moments) e (number, moment) where e.number > r.version_number or e.moment = t.at)
    union all
    -- turned down at the time of an approval, or after it: a candidate that a newer one had overtaken
    select d.id, d.date_created, d.project_id, c.version_id, d.version_id, d.version_number, d.action = 'reject'
    from decided d
    cross join lateral sidecar.chosen_over(d.project_id, d.schema_key, d.version_number, d.date_created) c
    where d.action in ('reject', 'request_changes') and c.approved <= d.date_created
      and not exists (
        select from public.artifact_approvals o
        where o.artifact_version_id = d.version_id and o.action in ('reject', 'request_changes')
          and (o.date_created, o.id) < (d.date_created, d.id))
      and not exists (
        select from public.artifact_relations e
        where e.from_version_id = c.version_id and e.to_version_id = d.version_id and e.relation_type = 'edited_from'
          and e.date_created <= c.approved)
), edited as (
    select a.id, a.date_created, a.project_id, a.version_id as chosen_id, o.id as rejected_id,
           o.version_number as rejected_number
    from approved a
    join public.artifact_relations e on e.from_version_id = a.version_id and e.relation_type = 'edited_from'
        and e.date_created <= a.date_created
    join public.artifact_versions o on o.id = e.to_version_id and o.project_id = a.project_id
        and o.schema_key = a.schema_key
)
select p.* from (
    select f.id, f.date_created, f.project_id, f.chosen_id, f.rejected_id, f.rejected_number as number,
           case when f.rejected then 'rejected' else 'changes_requested' end as source
    from found f
    where not exists (select from edited e where e.id = f.id and e.rejected_id = f.rejected_id)
    union all
    select e.id, e.date_created, e.project_id, e.chosen_id, e.rejected_id, e.rejected_number, 'edited' from edited e) p
where p.id <> %(record)s::uuid or p.number > %(number)s
order by p.project_id, p.date_created, p.id, p.number
limit %(limit)s;

-- decisions: what was said of which version, the lines of kind=decisions
select a.id, a.date_created, v.project_id, v.id as version_id, v.version_number as number, a.action, a.reason, a.feedback,
       a.actor_type
from public.artifact_approvals a join public.artifact_versions v on v.id = a.artifact_version_id
where a.id = any(%(records)s::uuid[]) and (a.id <> %(record)s::uuid or v.version_number > %(number)s)
  and (%(pattern)s::text is null or v.schema_key ~ %(pattern)s::text)
order by v.project_id, a.date_created, a.id;

-- contents: what some versions hold, as text, and what they were made from. A text is itself, other values are JSON.
select v.id, v.project_id, p.key as project_key, v.schema_key, v.version_number, v.artifact_type,
       case jsonb_typeof(v.value) when 'string' then v.value #>> '{}' when 'null' then '' else v.value::text end as content,
       v.content_hash, v.primary_file_id is not null or v.source_url is not null as has_file,
       case when jsonb_typeof(s.parameters -> 'prompt') = 'string' then s.parameters ->> 'prompt'
            when jsonb_typeof(s.input -> 'prompt') = 'string' then s.input ->> 'prompt'
            when jsonb_typeof(v.metadata -> 'prompt') = 'string' then v.metadata ->> 'prompt'
            when s.input is not null or s.parameters is not null
            then jsonb_strip_nulls(jsonb_build_object('input', s.input, 'parameters', s.parameters))::text
            end as prompt,
       s.input_hash
from public.artifact_versions v
join public.projects p on p.id = v.project_id
left join public.execution_steps s on s.id = coalesce(v.step_id, (
    select l.step_id from public.execution_artifacts l
    where l.artifact_version_id = v.id and l.step_id is not null and l.stage is distinct from 'input'
    order by l.date_created, l.id limit 1))
where v.id = any(%(ids)s);

-- said_of: what people said of some versions, oldest first
select id, artifact_version_id, action, reason, feedback, actor_id, actor_type, actor_label, date_created
from public.artifact_approvals
where artifact_version_id = any(%(ids)s) and action in ('approve', 'reject', 'request_changes', 'comment')
order by date_created, id;

-- turned_down_in_project: versions that were rejected or sent back, by the last decision that did so, newest first. By
-- approvals_of_project.
select a.id as record_id, a.action, a.reason, a.date_created as decided_at, v.id, v.project_id, v.schema_key,
       v.version_number, v.status, v.review_state, v.artifact_type, v.primary_file_id, v.content_hash,
       c.version_id as chosen_id, c.version_number as chosen_number, c.approved as chosen_at, c.reason as chosen_reason
from public.artifact_approvals a
join public.artifact_versions v on v.id = a.artifact_version_id
left join lateral sidecar.chosen_over(v.project_id, v.schema_key, v.version_number, a.date_created) c on true
where a.project_id = %(project_id)s and a.action in ('reject', 'request_changes')
  and (%(date)s::timestamptz is null
       or a.date_created <= %(date)s::timestamptz
          and (a.date_created, a.id) < (%(date)s::timestamptz, %(record)s::uuid))
  and not exists (
    select from public.artifact_approvals l
    where l.artifact_version_id = v.id and l.action in ('reject', 'request_changes')
      and (l.date_created, l.id) > (a.date_created, a.id))
order by a.date_created desc, a.id desc limit %(limit)s;

-- turned_down_at_paths: the same of a path, or of those that a pattern fits
select a.id as record_id, a.action, a.reason, a.date_created as decided_at, v.id, v.project_id, v.schema_key,
       v.version_number, v.status, v.review_state, v.artifact_type, v.primary_file_id, v.content_hash,
       c.version_id as chosen_id, c.version_number as chosen_number, c.approved as chosen_at, c.reason as chosen_reason
from (
    select r.id, r.action, r.reason, r.date_created, r.artifact_version_id
    from public.artifact_versions w join public.artifact_approvals r on r.artifact_version_id = w.id
    where w.project_id = %(project_id)s and w.schema_key >= %(low)s::text and w.schema_key <= %(high)s::text
      and (%(pattern)s::text is null or w.schema_key ~ %(pattern)s::text)
      and r.action in ('reject', 'request_changes')
      and (%(date)s::timestamptz is null or (r.date_created, r.id) < (%(date)s::timestamptz, %(record)s::uuid))
      and not exists (
        select from public.artifact_approvals l
        where l.artifact_version_id = w.id and l.action in ('reject', 'request_changes')
          and (l.date_created, l.id) > (r.date_created, r.id))
    order by r.date_created desc, r.id desc limit %(limit)s) a
join public.artifact_versions v on v.id = a.artifact_version_id
left join lateral sidecar.chosen_over(v.project_id, v.schema_key, v.version_number, a.date_created) c on true
order by a.date_created desc, a.id desc;

-- projects_of_template: the projects made last, of a template or of all
select p.id from public.projects p
where %(template_id)s::uuid is null or p.template_id = %(template_id)s::uuid
order by p.date_created desc nulls last, p.id limit %(limit)s;

-- remarks_in_project: what was said in a project lately, newest first, by approvals_of_project
select a.id as record_id, a.action, left(a.reason, 2000) as reason, a.feedback is not null as has_feedback,
       a.date_created as at, v.id, v.project_id, v.schema_key, v.version_number
from public.artifact_approvals a join public.artifact_versions v on v.id = a.artifact_version_id
where a.project_id = any(%(projects)s::uuid[]) and a.action = any(%(actions)s)
order by a.date_created desc, a.id desc limit %(limit)s;

-- remarks_at_paths: the same of a path, or of those that a pattern fits
select a.id as record_id, a.action, left(a.reason, 2000) as reason, a.feedback is not null as has_feedback,
       a.date_created as at, v.id, v.project_id, v.schema_key, v.version_number
from public.artifact_versions v join public.artifact_approvals a on a.artifact_version_id = v.id
where v.project_id = any(%(projects)s::uuid[])
  and v.schema_key >= %(low)s::text and v.schema_key <= %(high)s::text
  and (%(pattern)s::text is null or v.schema_key ~ %(pattern)s::text)
  and a.action = any(%(actions)s)
order by a.date_created desc, a.id desc limit %(limit)s;

-- feedback_of: the structured feedback of some records, where it is not too much to be read in passing
select id, feedback from public.artifact_approvals
where id = any(%(records)s::uuid[]) and octet_length(feedback::text) <= 20000;

-- chosen_of: what was approved instead of some versions that were turned down
select d.id, c.version_id as artifact_version_id, c.version_number, c.approved as approved_at
from unnest(%(ids)s::uuid[], %(moments)s::timestamptz[]) d (id, moment)
join public.artifact_versions v on v.id = d.id
cross join lateral sidecar.chosen_over(v.project_id, v.schema_key, v.version_number, d.moment) c;

-- approved_at_paths: what is approved now, the latest first, by idx_one_approved_per_path; of long values the beginning
select v.id, v.project_id, v.schema_key, v.version_number, v.artifact_type, v.approved_at, a.reason,
       left(case jsonb_typeof(v.value) when 'string' then v.value #>> '{}' when 'null' then '' else v.value::text end,
            2000) as content
from (
    select w.* from public.artifact_versions w
    where w.project_id = any(%(projects)s::uuid[]) and w.status = 'approved'
      and w.schema_key >= %(low)s::text and w.schema_key <= %(high)s::text
      and (%(pattern)s::text is null or w.schema_key ~ %(pattern)s::text)
    order by w.approved_at desc nulls last, w.id limit %(limit)s) v
left join lateral (
    select left(r.reason, 2000) as reason from public.artifact_approvals r
    where r.artifact_version_id = v.id and r.action = 'approve' and r.reason is not null
    order by r.date_created desc, r.id limit 1) a on true
order by v.approved_at desc nulls last, v.id;

-- edits_at_paths: approved versions that somebody had edited, the latest first, with both values if they are not large
select v.id, v.project_id, v.schema_key, v.version_number, v.approved_at as at, o.id as from_id,
       o.version_number as from_number, a.reason,
       coalesce(pg_column_size(v.value), 0) + coalesce(pg_column_size(o.value), 0) <= 200000 as comparable,
       case when coalesce(pg_column_size(v.value), 0) + coalesce(pg_column_size(o.value), 0) <= 200000
            then jsonb_build_array(o.value, v.value) end as both,
       v.primary_file_id is distinct from o.primary_file_id as other_file
from (
    select w.id, r.to_version_id from public.artifact_versions w
    join public.artifact_relations r on r.from_version_id = w.id and r.relation_type = 'edited_from'
    where w.project_id = any(%(projects)s::uuid[]) and w.approved_at is not null
      and w.schema_key >= %(low)s::text and w.schema_key <= %(high)s::text
      and (%(pattern)s::text is null or w.schema_key ~ %(pattern)s::text)
    order by w.approved_at desc, w.id, r.id limit %(limit)s) e
join public.artifact_versions v on v.id = e.id
join public.artifact_versions o on o.id = e.to_version_id and o.project_id = v.project_id and o.schema_key = v.schema_key
left join lateral (
    select left(r.reason, 2000) as reason from public.artifact_approvals r
    where r.artifact_version_id = v.id and r.action in ('approve', 'comment') and r.reason is not null
    order by r.date_created desc, r.id limit 1) a on true
order by v.approved_at desc, v.id;

-- edits_in_project: the same among the versions that were approved last in a whole project
select v.id, v.project_id, v.schema_key, v.version_number, v.approved_at as at, o.id as from_id,
       o.version_number as from_number, a.reason,
       coalesce(pg_column_size(v.value), 0) + coalesce(pg_column_size(o.value), 0) <= 200000 as comparable,
       case when coalesce(pg_column_size(v.value), 0) + coalesce(pg_column_size(o.value), 0) <= 200000
            then jsonb_build_array(o.value, v.value) end as both,
       v.primary_file_id is distinct from o.primary_file_id as other_file
from (
    select r.from_version_id, r.to_version_id, l.at from (
        select artifact_version_id, max(date_created) as at from (
            select artifact_version_id, date_created from public.artifact_approvals
            where project_id = any(%(projects)s::uuid[]) and action = 'approve'
            order by date_created desc limit 2000) lately
        group by artifact_version_id) l
    join public.artifact_relations r on r.from_version_id = l.artifact_version_id and r.relation_type = 'edited_from'
    order by l.at desc, r.id limit %(limit)s) e
join public.artifact_versions v on v.id = e.from_version_id and v.approved_at is not null
join public.artifact_versions o on o.id = e.to_version_id and o.project_id = v.project_id and o.schema_key = v.schema_key
left join lateral (
    select left(r.reason, 2000) as reason from public.artifact_approvals r
    where r.artifact_version_id = v.id and r.action in ('approve', 'comment') and r.reason is not null
    order by r.date_created desc, r.id limit 1) a on true
order by e.at desc, v.id;
