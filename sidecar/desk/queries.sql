-- rules_asked: the templates that ask for more than one approval by anybody, each with the paths where something waits.
-- Where no template says either word, nothing else is read.
with asking as materialized (
    select t.id, t.context_schema from public.project_templates t
    where t.context_schema::text ~ '"(approvals_required|producer_may_approve)"'
), waiting as materialized (
    select distinct v.project_id, v.schema_key from public.artifact_versions v
    where v.status = 'pending' and v.review_state is null and exists (select from asking)
      and (%(project_id)s::uuid is null or v.project_id = %(project_id)s::uuid)
), paths as (
    select p.template_id, array_agg(distinct w.schema_key) as paths
    from waiting w join public.projects p on p.id = w.project_id group by p.template_id
)
select a.id as template_id, a.context_schema, p.paths from asking a join paths p on p.template_id = a.id;

-- version_exists: a cursor is a version
select id from public.artifact_versions where id = %(id)s;

-- inbox: a page of what waits for a decision; the first page's first row also says what all of it comes to. What waits is
-- read once, by versions_waiting_for_review; what only the page shows is looked up for the page. `rules` are those of
-- rules_asked. What belongs to no task comes first, numbered paths come in the order of their first number, and within a
-- path the newest comes first. (Tasks by title would be another look-up for all that waits: a quarter of the whole.)
with rule as materialized (
    select r.* from jsonb_to_recordset(%(rules)s::jsonb) as r(
        template_id uuid, schema_key text, approvals_required integer, producer_may_approve boolean)
), waiting as materialized (
    select v.id, v.project_id, v.schema_key, v.version_number, v.artifact_type, v.user_created, v.date_created,
           v.source_task_id, coalesce(r.approvals_required, 1) as approvals_required,
           coalesce(r.producer_may_approve, true) as producer_may_approve,
           lower(coalesce(p.title, p.key, '')) collate "C" as project_order,
           coalesce(v.source_task_id, '00000000-0000-0000-0000-000000000000') as task_place
    from public.artifact_versions v
    join public.projects p on p.id = v.project_id
    left join rule r on r.template_id = p.template_id and r.schema_key = v.schema_key
    where v.status = 'pending' and v.review_state is null
      and (%(project_id)s::uuid is null or v.project_id = %(project_id)s::uuid)
      and (%(schema_key)s::text is null or v.schema_key = %(schema_key)s::text)
      and (%(path_start)s::text is null or starts_with(v.schema_key, %(path_start)s::text))
      and (%(artifact_type)s::text is null or v.artifact_type = %(artifact_type)s::text)
      and (%(producer)s::uuid is null or v.user_created = %(producer)s::uuid)
      and (%(task_id)s::uuid is null or v.source_task_id = %(task_id)s::uuid
           or v.id = any(array(select l.artifact_version_id from public.task_artifacts l
                               where l.task_id = %(task_id)s::uuid)))
      and (%(older_than_hours)s::integer is null
           or v.date_created < now() - make_interval(hours => %(older_than_hours)s::integer))
      and (%(younger_than_hours)s::integer is null
           or v.date_created >= now() - make_interval(hours => %(younger_than_hours)s::integer))
      and (%(q)s::text is null or exists (
            select from sidecar.search_words w
            where w.version_id = v.id and w.words @@ sidecar.asked(%(q)s::text, null)))
      -- What the caller may decide: as review/approve.py refuses. A second vote of theirs would be none.
      and (not %(decidable)s::boolean
           or (coalesce(r.producer_may_approve or v.user_created <> %(actor_id)s::uuid, true)
               and (coalesce(r.approvals_required, 1) = 1 or not exists (
                    select from public.artifact_approvals a
                    where a.artifact_version_id = v.id and a.action = 'approve'
                    having bool_or(case when %(actor_id)s::uuid is null
                                        then a.actor_id is null and a.actor_label = %(actor_label)s::text
                                        else a.actor_id = %(actor_id)s::uuid end)
                       and count(distinct coalesce(a.actor_id::text, a.actor_label)) < r.approvals_required))))
), page as materialized (
    select w.*
    from waiting w
    -- The row a page ended with is found wherever it stands now: it may have been decided since.
    where %(cursor)s::uuid is null
       or (w.project_order, w.project_id, w.task_place, split_part(w.schema_key, '[', 1),
           length(split_part(w.schema_key, ']', 1)), w.schema_key, -w.version_number)
        > (select lower(coalesce(p.title, p.key, '')) collate "C", c.project_id,
                  coalesce(c.source_task_id, '00000000-0000-0000-0000-000000000000'),
                  split_part(c.schema_key, '[', 1), length(split_part(c.schema_key, ']', 1)), c.schema_key,
                  -c.version_number
           from public.artifact_versions c join public.projects p on p.id = c.project_id
           where c.id = %(cursor)s::uuid)
    order by w.project_order, w.project_id, w.task_place, split_part(w.schema_key, '[', 1),
             length(split_part(w.schema_key, ']', 1)), w.schema_key, -w.version_number
    limit %(limit)s
), placed as (
    select p.*, row_number() over () as place from page p
)
select g.id, g.project_id, g.schema_key, g.version_number, g.artifact_type, g.date_created, g.approvals_required,
       g.producer_may_approve, g.source_task_id, t.title as task_title, g.user_created,
       coalesce(nullif(trim(concat_ws(' ', u.first_name, u.last_name)), ''), u.email, e.name, e.engine, s.workflow_name,
                s.step_name) as producer,
       f.id as file_id, f.type as file_type, f.title as file_title, f.width, f.height, c.changed_at, c.poster_id,
       case when starts_with(f.type, 'image/') or c.poster_id is not null or pg_column_size(v.value) > 250000 then null
            else left(btrim(regexp_replace(left(case
                when jsonb_typeof(v.value) = 'string' then v.value #>> '{}'
                when jsonb_typeof(v.value) = 'object' then coalesce(
                    (select string_agg(m.value #>> '{}', ' · ') from jsonb_each(v.value) m
                     where jsonb_typeof(m.value) = 'string'), v.value::text)
                else v.value::text end, 400), '\s+', ' ', 'g')), 160) end as excerpt,
       k.given, k.own, o.id as current_id, o.version_number as current_number,
       (select count(*) from public.artifact_versions x
        join public.artifact_approvals a on a.artifact_version_id = x.id and a.action in ('reject', 'request_changes')
        where x.project_id = g.project_id and x.schema_key = g.schema_key
          and x.version_number < g.version_number) as earlier_feedback,
       case when g.place = 1 and %(cursor)s::uuid is null then json_build_object(
           'total', (select count(*) from waiting),
           'oldest', (select min(w.date_created) from waiting w),
           'projects', (
                select json_agg(json_build_object('id', p.id, 'key', p.key, 'title', p.title, 'waiting', w.waiting,
                                                    'oldest', w.oldest)
                                 order by w.project_order, p.id)
                from (select w.project_id, w.project_order, count(*) as waiting, min(w.date_created) as oldest
                      from waiting w group by w.project_id, w.project_order
                      order by w.project_order, w.project_id limit %(projects)s) w
                join public.projects p on p.id = w.project_id),
           'artifact_type', (
                select json_object_agg(w.kind, w.waiting)
                from (select coalesce(w.artifact_type, 'unknown') as kind, count(*) as waiting
                      from waiting w group by kind) w),
           'producer', (
                select json_agg(json_build_object('id', w.user_created, 'count', w.waiting, 'name',
                                 coalesce(nullif(trim(concat_ws(' ', u.first_name, u.last_name)), ''), u.email))
                                 order by w.waiting desc, w.user_created)
                from (select w.user_created, count(*) as waiting from waiting w group by w.user_created
                      order by waiting desc, w.user_created limit 100) w
                left join public.directus_users u on u.id = w.user_created)) end as sums
from placed g
join public.artifact_versions v on v.id = g.id
left join public.tasks t on t.id = g.source_task_id
left join public.directus_users u on u.id = g.user_created
left join public.execution_steps s on s.id = v.step_id and g.user_created is null
left join public.task_executions e on e.id = coalesce(v.execution_id, s.execution_id) and g.user_created is null
left join public.directus_files f on f.id = v.primary_file_id
left join sidecar.file_contents c on c.file_id = f.id
left join public.artifact_versions o
    on o.project_id = g.project_id and o.schema_key = g.schema_key and o.status = 'approved'
cross join lateral (
    select count(distinct coalesce(a.actor_id::text, a.actor_label)) as given,
           coalesce(bool_or(case when %(actor_id)s::uuid is null
                                 then a.actor_id is null and a.actor_label = %(actor_label)s::text
                                 else a.actor_id = %(actor_id)s::uuid end), false) as own
    from public.artifact_approvals a where a.artifact_version_id = g.id and a.action = 'approve') k
order by g.place;

-- at_path: the version asked for, then what is approved at its path, then the candidates, newest first
select v.* from public.artifact_versions s
join public.artifact_versions v on v.project_id = s.project_id and v.schema_key = s.schema_key
where s.id = %(id)s and (v.id = s.id or v.status in ('approved', 'pending'))
order by v.id = s.id desc, v.status = 'approved' desc, v.version_number desc limit %(limit)s;

-- surroundings: what a version belongs to, who made it, what its template asks for, and the lock nearest to its path
select p.id as project_id, p.key as project_key, p.title as project_title, p.context_version, r.name as template,
       r.context_schema, t.id as task_id, t.title as task_title, t.description as task_description,
       t.status as task_status, v.user_created,
       coalesce(nullif(trim(concat_ws(' ', u.first_name, u.last_name)), ''), u.email,
                case when v.user_created is null then coalesce(e.name, e.engine, s.workflow_name, s.step_name) end)
           as producer,
       e.id as run_id, e.name as run_name, e.status as run_status, s.id as step_id, s.step_name, s.attempt,
       l.schema_key as locked_path, l.lock
from public.artifact_versions v
join public.projects p on p.id = v.project_id
left join public.project_templates r on r.id = p.template_id
left join public.tasks t on t.id = v.source_task_id
left join public.directus_users u on u.id = v.user_created
left join public.execution_steps s on s.id = v.step_id
left join public.task_executions e on e.id = coalesce(v.execution_id, s.execution_id)
left join lateral (
    select * from sidecar.locks_over(p.planning_locked, p.locks, v.schema_key) o
    order by length(o.schema_key) desc nulls last limit 1) l on true
where v.id = %(id)s;

-- history: the versions of a path, newest first
select v.id, v.version_number, v.status, v.review_state, v.artifact_type, v.primary_file_id, v.date_created,
       v.rejection_reason,
       coalesce(nullif(trim(concat_ws(' ', u.first_name, u.last_name)), ''), u.email) as producer
from public.artifact_versions v left join public.directus_users u on u.id = v.user_created
where v.project_id = %(project_id)s and v.schema_key = %(schema_key)s
order by v.version_number desc limit %(limit)s;

-- said: what was said of a version, its votes before all else; and why earlier versions of its path came back
(select a.id, a.artifact_version_id, %(version_number)s::integer as version_number, a.action, a.actor_id, a.actor_type,
        a.actor_label, a.reason, a.feedback, a.date_created
 from public.artifact_approvals a where a.artifact_version_id = %(id)s
 order by a.action = 'approve' desc, a.date_created desc, a.id limit %(records)s)
union all
(select a.id, a.artifact_version_id, v.version_number, a.action, a.actor_id, a.actor_type, a.actor_label, a.reason,
        a.feedback, a.date_created
 from public.artifact_versions v join public.artifact_approvals a on a.artifact_version_id = v.id
 where v.project_id = %(project_id)s and v.schema_key = %(schema_key)s and v.version_number < %(version_number)s
   and a.action in ('reject', 'request_changes')
 order by v.version_number desc, a.date_created desc, a.id limit %(earlier)s);

-- reasons: what people say most when they decide, four of each action: first at this path, then in the project's newest
-- 1,000 records. `ours` is what the registry writes itself.
with said as (
    (select a.action, a.reason, true as here
     from (select v.id from public.artifact_versions v
           where v.project_id = %(project_id)s and v.schema_key = %(schema_key)s
           order by v.version_number desc limit 200) v
     join public.artifact_approvals a on a.artifact_version_id = v.id
     where a.actor_type <> 'rule' and a.action in ('approve', 'reject', 'request_changes')
       and length(a.reason) between 1 and 200 and a.reason <> %(ours)s)
    union all
    select a.action, a.reason, false
    from (select n.action, n.reason, n.actor_type from public.artifact_approvals n
          where n.project_id = %(project_id)s order by n.date_created desc limit 1000) a
    where a.actor_type <> 'rule' and a.action in ('approve', 'reject', 'request_changes')
      and length(a.reason) between 1 and 200 and a.reason <> %(ours)s
), counted as (
    select action, reason, count(*) filter (where here) as at_path, count(*) filter (where not here) as in_project
    from said group by action, reason
), ranked as (
    select c.*, row_number() over (partition by c.action order by c.at_path desc, c.in_project desc, c.reason) as rank
    from counted c
)
select action, reason, greatest(at_path, in_project) as count from ranked where rank <= 4
order by at_path desc, in_project desc, action, reason;
