-- lock_over: what holds the caller back from a path: the lock nearest to it, the project's last. Nobody is held back by
-- a lock of their own; programs are told apart by their token's name.
select l.schema_key, l.lock ->> 'owner' as owner, (l.lock ->> 'owner_id')::uuid as owner_id,
       l.lock ->> 'reason' as reason, l.lock ->> 'since' as since
from public.projects p cross join lateral sidecar.locks_over(p.planning_locked, p.locks, %(schema_key)s) l
where p.id = %(project_id)s
  and not coalesce(case when %(actor_id)s::uuid is null
                        then l.lock ->> 'owner_id' is null and l.lock ->> 'program' = %(actor_label)s::text
                        else (l.lock ->> 'owner_id')::uuid = %(actor_id)s::uuid end, false)
order by length(l.schema_key) desc nulls last limit 1;

-- locks_of_project: by path; the project's own is kept under an asterisk, which is no path
select coalesce(planning_locked, false) as planning_locked, coalesce(locks, '{}') as locks
from public.projects where id = %(project_id)s;

-- put_lock: a lock under its path, or the project's
update public.projects
set locks = case jsonb_typeof(locks) when 'object' then locks else '{}' end || jsonb_build_object(
        %(name)s::text, jsonb_build_object(
            'owner', %(owner)s::text, 'owner_id', %(owner_id)s::uuid, 'program', %(program)s::text,
            'reason', %(reason)s::text,
            'since', coalesce(%(since)s::text, to_char(clock_timestamp() at time zone 'utc',
                                                       'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))),
    planning_locked = coalesce(planning_locked, false) or %(name)s::text = '*'
where id = %(project_id)s
returning locks -> %(name)s::text as lock;

-- remove_lock: a path's lock, or the project's
update public.projects
set locks = locks - %(name)s::text, planning_locked = coalesce(planning_locked, false) and %(name)s::text <> '*'
where id = %(project_id)s;
