-- anything_new: the worker asks this many times a second
select exists (select from sidecar.happened) as found;

-- take_turn: one worker numbers at a time
select pg_try_advisory_xact_lock(hashtextextended('artifacts/events', 0)) as mine;

-- next_happened: what is committed and has no number, in the order in which it happened
select id, project_id, type, subject, record, happened_at from sidecar.happened order by id limit %(limit)s;

-- version_facts: what events of versions tell. A decision's record is the latest of its kind, unless the event names it.
select h.id, v.project_id, p.key as project_key, v.id as artifact_version_id, v.schema_key, v.version_number,
       v.artifact_type, case h.type when 'version.submitted' then 'pending' when 'version.changes_requested' then 'pending'
                        else split_part(h.type, '.', 2) end as status,
       case h.type when 'version.changes_requested' then 'changes_requested' end as review_state,
       v.primary_file_id, v.source_task_id as task_id, v.execution_id, v.step_id,
       coalesce(a.request_id, v.request_id) as request_id,
       case h.type when 'version.submitted' then v.user_created else a.actor_id end as actor_id,
       case h.type when 'version.submitted' then case when u.id is not null then 'human' end else a.actor_type end
           as actor_type,
       case h.type when 'version.submitted'
            then coalesce(nullif(trim(concat_ws(' ', u.first_name, u.last_name)), ''), u.email) else a.actor_label end
           as actor_label,
       a.reason, a.feedback
from sidecar.happened h
join public.artifact_versions v on v.id = h.subject
join public.projects p on p.id = v.project_id
left join public.directus_users u on u.id = v.user_created and h.type = 'version.submitted'
left join lateral (
    select r.* from public.artifact_approvals r
    where r.artifact_version_id = v.id and h.type <> 'version.submitted'
      and case when h.record is not null then r.id = h.record
               else r.action = case h.type when 'version.approved' then 'approve' when 'version.rejected' then 'reject'
                                           when 'version.superseded' then 'supersede' end end
    order by r.date_created desc, r.id limit 1) a on true
where h.id = any(%(ids)s);

-- context_facts: what events of contexts tell, with the first of the changes
select h.id, m.project_id, p.key as project_key, m.id as promotion_id, m.context_version, m.actor_id, m.actor_label,
       m.reason, jsonb_array_length(m.changes) as changes_total,
       coalesce((select jsonb_agg(jsonb_build_object('schema_key', c.item -> 'schema_key',
                                                     'to_version_id', c.item -> 'to_version_id') order by c.place)
                 from jsonb_array_elements(m.changes) with ordinality c (item, place) where c.place <= %(most)s), '[]')
           as changes
from sidecar.happened h join public.promotions m on m.id = h.subject join public.projects p on p.id = m.project_id
where h.id = any(%(ids)s);

-- task_facts: what events of tasks tell
select h.id, t.project_id, p.key as project_key, t.id as task_id, t.title as task_title, t.promotion_error as error
from sidecar.happened h join public.tasks t on t.id = h.subject left join public.projects p on p.id = t.project_id
where h.id = any(%(ids)s);

-- transfer_facts: what events of transfers tell
select h.id, v.project_id, p.key as project_key, t.id as transfer_id, t.artifact_version_id, v.schema_key,
       v.version_number, t.target_server, t.attempts, t.error_message as error
from sidecar.happened h join public.artifact_transfers t on t.id = h.subject
join public.artifact_versions v on v.id = t.artifact_version_id join public.projects p on p.id = v.project_id
where h.id = any(%(ids)s);

-- execution_facts: what events of runs tell
select h.id, e.project_id, p.key as project_key, e.id as execution_id, e.name, e.status, e.task_id, e.engine,
       e.engine_workflow_id, e.engine_run_id, e.error_message as error, e.started_at, e.completed_at
from sidecar.happened h join public.task_executions e on e.id = h.subject
left join public.projects p on p.id = e.project_id
where h.id = any(%(ids)s);

-- take_numbers: so many numbers of each project; the last of them
insert into sidecar.event_numbers as n (project_id, number)
select w.project_id, w.count from jsonb_to_recordset(%(wanted)s) as w(project_id uuid, count bigint)
on conflict (project_id) do update set number = n.number + excluded.number
returning project_id, number;

-- keep_events: the numbered events, in order, and for each active endpoint that asks for them a delivery
with kept as (
    insert into sidecar.events (project_id, number, type, subject, version_id, payload, happened_at)
    select e.project_id, e.number, e.type, e.subject, e.version_id, e.payload, e.happened_at
    from jsonb_to_recordset(%(events)s) as e(
        place integer, project_id uuid, number bigint, type text, subject uuid, version_id uuid, payload jsonb,
        happened_at timestamptz)
    order by e.place
    returning position, id, type
), wanted as (
    select w.id as endpoint_id, k.position, k.id, k.type
    from kept k join public.webhook_endpoints w
        on w.active and (coalesce(w.events, '[]') in ('[]', 'null') or w.events ? k.type)
), queues as (
    insert into sidecar.delivery_queues (queue, endpoint_id) select distinct endpoint_id, endpoint_id from wanted
    on conflict (queue) do nothing
)
insert into sidecar.deliveries (queue, endpoint_id, event, type, message_id)
select endpoint_id, endpoint_id, position, type, 'evt_' || replace(id::text, '-', '') from wanted order by position;

-- forget_happened: they have their numbers now
delete from sidecar.happened where id = any(%(ids)s);

-- tell_waiting: versions may have been decided; whoever waits for one looks
select pg_notify('artifacts_decided', '');

-- list_events: oldest first; a filter that is null does not filter
select e.position, e.id, e.payload from sidecar.events e
where (%(project_id)s::uuid is null or e.project_id = %(project_id)s::uuid)
  and (%(after)s::bigint is null or e.number > %(after)s::bigint)
  and (%(type)s::text[] is null or e.type = any(%(type)s::text[]))
  and (%(version_id)s::uuid is null or e.version_id = %(version_id)s::uuid)
  and (%(position)s::bigint is null or e.position > %(position)s::bigint)
order by e.position limit %(limit)s;

-- claim_queue: a queue with something due that nobody holds, the one that was not looked at for longest; to no origin
-- that is busy with several. Both conditions on the row stand in the row itself: whoever waited looks at them again.
with ready as (
    select q.queue, substring(coalesce(e.url, w.url) from '^[A-Za-z]+://[^/?#]+') as origin
    from sidecar.delivery_queues q
    left join public.webhook_endpoints e on e.id = q.endpoint_id
    left join sidecar.waits w on w.id = q.wait_id
    where coalesce(q.held_until, '-infinity') <= now() and coalesce(q.paused_until, '-infinity') <= now()
      and (q.endpoint_id is null or e.active)
      and exists (select from sidecar.deliveries d where d.queue = q.queue and d.status = 'pending' and d.due <= now())
      and coalesce(substring(coalesce(e.url, w.url) from '^[A-Za-z]+://[^/?#]+'), '') <> all (array(
            select coalesce(o.origin, '') from sidecar.delivery_queues o where o.held_until > now()
            group by o.origin having count(*) >= %(per_origin)s::int))
    order by q.held_until nulls first limit 1
    for update of q skip locked
)
update sidecar.delivery_queues q set held_until = now() + make_interval(secs => %(lease)s::float), origin = ready.origin
from ready where q.queue = ready.queue
returning q.*;

-- hold_on: the moment it is held until is the holder's proof; no row when somebody else has it
update sidecar.delivery_queues set held_until = now() + make_interval(secs => %(lease)s::float)
where queue = %(queue)s and held_until = %(held)s
returning held_until;

-- let_go: somebody else may look
update sidecar.delivery_queues set held_until = now() where queue = %(queue)s and held_until = %(held)s;

-- next_delivery: the first of a queue that is due, with what is sent and where it goes now
select d.*, coalesce(e.payload, d.payload) as body, coalesce(p.url, w.url) as url, p.active, w.status as wait_status,
       w.execution_id, x.status as execution_status
from sidecar.deliveries d
left join sidecar.events e on e.position = d.event
left join public.webhook_endpoints p on p.id = d.endpoint_id
left join sidecar.waits w on w.id = d.wait_id
left join public.task_executions x on x.id = w.execution_id
where d.queue = %(queue)s and d.status = 'pending' and d.due <= now()
order by d.position limit 1;

-- make_secret: an endpoint that has none gets one
insert into sidecar.webhook_secrets (endpoint_id, secret) values (%(endpoint_id)s, %(secret)s)
on conflict (endpoint_id) do nothing;

-- secrets_of: what signs now
select secret, case when previous_until > now() then previous end as previous
from sidecar.webhook_secrets where endpoint_id = %(endpoint_id)s;

-- note_try: what came of it; `seconds` is when it is tried again
update sidecar.deliveries
set status = %(status)s, attempts = attempts + 1, first_tried_at = coalesce(first_tried_at, now()),
    due = now() + make_interval(secs => %(seconds)s::float), answer_status = %(answer_status)s, answer = %(answer)s,
    duration_ms = %(duration_ms)s, error = %(error)s,
    finished_at = case when %(status)s <> 'pending' then now() end
where id = %(id)s and status = 'pending'
returning *;

-- drop_delivery: it is not sent, and why
update sidecar.deliveries set status = 'dropped', error = %(error)s, finished_at = now()
where id = %(id)s and status = 'pending';

-- queue_works: nothing is wrong with it any more
update sidecar.delivery_queues set failures = 0, failing_since = null, paused_until = null where queue = %(queue)s;

-- queue_failures: how many in a row
select failures from sidecar.delivery_queues where queue = %(queue)s;

-- queue_fails: it is left alone for a while
update sidecar.delivery_queues
set failures = failures + 1, failing_since = coalesce(failing_since, now()),
    paused_until = now() + make_interval(secs => %(seconds)s::float)
where queue = %(queue)s
returning failing_since, failing_since < now() - make_interval(secs => %(patience)s::float) as given_up;

-- hasten: what waited while nothing was delivered for a while is sent now. Not after every success: what alone is refused
-- would be tried without a pause.
update sidecar.deliveries d set due = now()
where d.queue = %(queue)s and d.status = 'pending' and d.due > now() and exists (
    select from sidecar.delivery_queues q where q.queue = d.queue and q.failing_since < now() - interval '1 minute');

-- endpoint_works: as people see it; written only when it changes
update public.webhook_endpoints set failing_since = null, problem = null
where id = %(endpoint_id)s and (failing_since is not null or problem is not null);

-- endpoint_fails: as people see it; written only when it changes
update public.webhook_endpoints set failing_since = %(since)s, problem = %(problem)s
where id = %(endpoint_id)s and active and (failing_since, problem) is distinct from (%(since)s, %(problem)s);

-- switch_off: nothing is sent to it until somebody switches it on again
update public.webhook_endpoints set active = false, problem = %(problem)s
where id = %(endpoint_id)s and active returning coalesce(description, url) as name;

-- fail_pending: what was left for an endpoint that is switched off; sent again when somebody asks for it
update sidecar.deliveries set status = 'failed', error = coalesce(error, %(problem)s), finished_at = now()
where queue = %(queue)s and status = 'pending';

-- tell_administrators: in Directus' own notifications
with recursive roles as (
    select a.role from public.directus_access a join public.directus_policies p on p.id = a.policy
    where p.admin_access and a.role is not null
    union
    select r.id from public.directus_roles r join roles on r.parent = roles.role
)
insert into public.directus_notifications (recipient, status, subject, message, collection, item)
select u.id, 'inbox', %(subject)s, %(message)s, 'webhook_endpoints', %(endpoint_id)s::text
from public.directus_users u
where u.status = 'active' and (
    u.role in (select role from roles)
    or exists (select from public.directus_access a join public.directus_policies p on p.id = a.policy
               where a."user" = u.id and p.admin_access));

-- queue_message: something that is no event
insert into sidecar.deliveries (queue, endpoint_id, wait_id, type, message_id, payload)
values (%(queue)s, %(endpoint_id)s, %(wait_id)s, %(type)s, %(message_id)s, %(payload)s)
returning id;

-- make_queue: where it waits
insert into sidecar.delivery_queues (queue, endpoint_id, wait_id) values (%(queue)s, %(endpoint_id)s, %(wait_id)s)
on conflict (queue) do nothing;

-- end_queue: of a wake that is over
delete from sidecar.delivery_queues where queue = %(queue)s;

-- list_endpoints: every one, or one, with what is left for it
select e.id, e.url, e.description, coalesce(nullif(e.events, 'null'), '[]') as events, coalesce(e.active, false) as active,
       e.failing_since, e.problem, s.endpoint_id is not null as has_secret,
       case when s.previous_until > now() then s.previous_until end as previous_secret_until,
       (select count(*) from sidecar.deliveries d where d.queue = e.id and d.status = 'pending') as pending,
       (select count(*) from sidecar.deliveries d where d.endpoint_id = e.id and d.status = 'failed') as failed,
       e.user_created, e.date_created
from public.webhook_endpoints e left join sidecar.webhook_secrets s on s.endpoint_id = e.id
where (%(id)s::uuid is null or e.id = %(id)s::uuid)
  and (%(active)s::boolean is null or coalesce(e.active, false) = %(active)s::boolean)
order by e.date_created, e.id;

-- add_endpoint: its first secret follows
insert into public.webhook_endpoints (url, description, events, active, user_created, date_created)
values (%(url)s, %(description)s, %(events)s, %(active)s, %(user_created)s, now())
returning id;

-- lock_endpoint: one, against others who change it
select id, url, description, events, active from public.webhook_endpoints where id = %(id)s for no key update;

-- change_endpoint: of a locked one; what was wrong is forgotten when it is switched on or goes elsewhere
update public.webhook_endpoints
set url = %(url)s, description = %(description)s, events = %(events)s, active = %(active)s,
    problem = case when %(afresh)s then null else problem end,
    failing_since = case when %(afresh)s then null else failing_since end
where id = %(id)s;

-- renew_secret: the one of before signs too, for a while
insert into sidecar.webhook_secrets as s (endpoint_id, secret) values (%(endpoint_id)s, %(secret)s)
on conflict (endpoint_id) do update
set previous = case when %(overlap)s::float > 0 then s.secret end,
    previous_until = case when %(overlap)s::float > 0 then now() + make_interval(secs => %(overlap)s::float) end,
    secret = excluded.secret, made_at = now()
returning previous_until;

-- list_deliveries: newest first; a filter that is null does not filter
select d.id, d.message_id, d.type, d.endpoint_id as webhook_id, w.execution_id, coalesce(e.version_id, w.version_id) as artifact_version_id,
       coalesce(nullif(e.project_id, '00000000-0000-0000-0000-000000000000'), w.project_id) as project_id, e.number as sequence, d.status, d.attempts,
       case d.status when 'pending' then d.due end as next_attempt_at, d.answer_status, d.answer, d.duration_ms,
       d.error, d.date_created, d.finished_at, d.position
from sidecar.deliveries d
left join sidecar.events e on e.position = d.event
left join sidecar.waits w on w.id = d.wait_id
where (%(id)s::uuid is null or d.id = %(id)s::uuid)
  and (%(webhook_id)s::uuid is null or d.endpoint_id = %(webhook_id)s::uuid)
  and (%(execution_id)s::uuid is null or d.wait_id in (
        select id from sidecar.waits where execution_id = %(execution_id)s::uuid))
  and (%(status)s::text[] is null or d.status = any(%(status)s::text[]))
  and (%(type)s::text[] is null or d.type = any(%(type)s::text[]))
  and (%(position)s::bigint is null or d.position < %(position)s::bigint)
order by d.position desc limit %(limit)s;

-- lock_delivery: one, with what it is for
select d.id, d.queue, d.endpoint_id, d.wait_id, d.status, d.event, d.payload is null and e.position is null as gone,
       p.id is not null as has_endpoint, p.active, w.status as wait_status, w.url is not null as has_url
from sidecar.deliveries d
left join sidecar.events e on e.position = d.event
left join public.webhook_endpoints p on p.id = d.endpoint_id
left join sidecar.waits w on w.id = d.wait_id
where d.id = %(id)s for no key update of d;

-- send_again: one, as if it was new; its message_id stays
update sidecar.deliveries
set status = 'pending', attempts = 0, due = now(), first_tried_at = null, finished_at = null, error = null
where id = %(id)s;

-- send_all_again: those of an endpoint, since a moment, in these statuses
update sidecar.deliveries
set status = 'pending', attempts = 0, due = now(), first_tried_at = null, finished_at = null, error = null
where endpoint_id = %(endpoint_id)s and status = any(%(status)s)
  and (%(since)s::timestamptz is null or date_created >= %(since)s::timestamptz);

-- wait_came_to: what became of a wake; its address goes when it is of no more use
update sidecar.waits set status = %(status)s, url = case when %(status)s in ('delivered', 'dropped') then null else url end
where id = %(id)s;

-- forget_events: what is older than it is kept, unless something of it is to be sent still
with old as (
    delete from sidecar.events e
    where e.numbered_at < now() - make_interval(days => %(days)s)
      and not exists (select from sidecar.deliveries d where d.event = e.position and d.status = 'pending')
    returning e.numbered_at
)
select count(*) as events from old;

-- forget_deliveries: the log's older part
delete from sidecar.deliveries where status <> 'pending' and date_created < now() - make_interval(days => %(days)s);

-- drop_orphans: what was for endpoints that were deleted
update sidecar.deliveries d set status = 'dropped', error = 'Its endpoint was deleted.', finished_at = now()
where d.status = 'pending' and d.endpoint_id is not null
  and not exists (select from public.webhook_endpoints e where e.id = d.endpoint_id);

-- forget_secrets: of endpoints that were deleted, and those of before a rotation
with gone as (
    delete from sidecar.webhook_secrets s
    where not exists (select from public.webhook_endpoints e where e.id = s.endpoint_id)
)
update sidecar.webhook_secrets set previous = null, previous_until = null where previous_until <= now();

-- forget_queues: of endpoints that were deleted
delete from sidecar.delivery_queues q
where q.endpoint_id is not null and not exists (select from public.webhook_endpoints e where e.id = q.endpoint_id);

-- move_kept: since when every decision has its event
update sidecar.events_kept set since = greatest(since, now() - make_interval(days => %(days)s));

-- moment: the clock
select now() as now;

-- take_time: the role's limit is meant for requests
select set_config('statement_timeout', '0', true);
