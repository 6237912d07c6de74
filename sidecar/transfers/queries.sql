-- add_transfer: no row where the same one is under way
insert into public.artifact_transfers
    (artifact_version_id, source_step_id, target_step_id, target_server, target_subfolder, status, attempts, user_created)
values (%(artifact_version_id)s, %(source_step_id)s, %(target_step_id)s, %(target_server)s, %(target_subfolder)s,
        %(status)s, %(attempts)s, %(user_created)s)
on conflict (artifact_version_id, target_server, target_subfolder) where status in ('pending', 'uploading') do nothing
returning id;

-- open_transfer: what is under way of a version to a folder of a server, by whichever of the server's names
select t.id from public.artifact_transfers t
where t.artifact_version_id = %(artifact_version_id)s and t.status in ('pending', 'uploading')
  and t.target_server = any(%(names)s::text[])
  and t.target_subfolder is not distinct from nullif(%(target_subfolder)s::text, '')
order by t.date_created, t.id limit 1;

-- find_transfer: one by its id, with the version it copies
select t.*, v.project_id, v.schema_key, v.version_number
from public.artifact_transfers t join public.artifact_versions v on v.id = t.artifact_version_id
where t.id = %(id)s;

-- lock_transfer: the same, against others who move it
select t.*, v.project_id, v.schema_key, v.version_number
from public.artifact_transfers t join public.artifact_versions v on v.id = t.artifact_version_id
where t.id = %(id)s for no key update of t;

-- list_transfers: newest first; a filter that is null does not filter
select t.*, v.project_id, v.schema_key, v.version_number
from public.artifact_transfers t join public.artifact_versions v on v.id = t.artifact_version_id
where (%(status)s::text[] is null or t.status = any(%(status)s::text[]))
  and (%(artifact_version_id)s::uuid is null or t.artifact_version_id = %(artifact_version_id)s::uuid)
  and (%(source_step_id)s::uuid is null or t.source_step_id = %(source_step_id)s::uuid)
  and (%(target_step_id)s::uuid is null or t.target_step_id = %(target_step_id)s::uuid)
  and (%(names)s::text[] is null or t.target_server = any(%(names)s::text[]))
  and (%(project_id)s::uuid is null or v.project_id = %(project_id)s::uuid)
  and (%(date)s::timestamptz is null or (t.date_created, t.id) < (%(date)s::timestamptz, %(id)s::uuid))
order by t.date_created desc, t.id desc
limit %(limit)s;

-- change_transfer: of a locked one; its times follow the status by trigger
update public.artifact_transfers
set status = %(status)s, attempts = %(attempts)s, next_attempt_at = %(next_attempt_at)s,
    error_message = %(error_message)s, result = %(result)s, target_step_id = %(target_step_id)s
where id = %(id)s;

-- claim_transfer: what has been due for longest, to a server that is not busy with several; nobody else takes it until
-- the lease ends. Both conditions on the row stand in the row itself: whoever waited for it looks at them again.
with next as (
    select t.id from public.artifact_transfers t
    where t.status in ('pending', 'uploading') and coalesce(t.next_attempt_at, t.date_created) <= now()
      and (t.status = 'pending' or t.next_attempt_at is not null)
      and t.target_server <> all (array(
            select o.target_server from public.artifact_transfers o
            where o.status = 'uploading' and o.next_attempt_at > now()
            group by o.target_server having count(*) >= %(per_server)s::int))
    order by coalesce(t.next_attempt_at, t.date_created) limit 1
    for update skip locked
)
update public.artifact_transfers t
set status = 'uploading', attempts = coalesce(t.attempts, 0) + 1,
    next_attempt_at = now() + make_interval(secs => %(lease)s::float)
from next where t.id = next.id
returning t.*;

-- keep_lease: the moment it was held until is the holder's proof; no row when somebody has moved the transfer
update public.artifact_transfers set next_attempt_at = now() + make_interval(secs => %(lease)s::float)
where id = %(id)s and status = 'uploading' and next_attempt_at = %(held)s
returning next_attempt_at;

-- complete_transfer: if it is still the holder's
update public.artifact_transfers set status = 'completed', result = %(result)s
where id = %(id)s and status = 'uploading' and next_attempt_at = %(held)s;

-- fail_transfer: if it is still the holder's
update public.artifact_transfers set status = 'failed', error_message = %(error)s
where id = %(id)s and status = 'uploading' and next_attempt_at = %(held)s;

-- try_later: if it is still the holder's; a try that did not come to the server does not count
update public.artifact_transfers
set status = 'pending', error_message = %(error)s, attempts = attempts - %(uncounted)s::int,
    next_attempt_at = now() + make_interval(secs => %(seconds)s::float)
where id = %(id)s and status = 'uploading' and next_attempt_at = %(held)s;

-- version_to_send: how it stands now, whatever it was when the transfer was asked for
select id, schema_key, version_number, status from public.artifact_versions where id = %(id)s;

-- files_to_send: a version's files, the primary one first, with the hash of the bytes that were submitted
select f.id, f.filename_download, f.type, f.filesize, c.sha256
from public.artifact_files l
join public.artifact_versions v on v.id = l.artifact_version_id
join public.directus_files f on f.id = l.directus_files_id
left join sidecar.file_contents c on c.file_id = f.id
where l.artifact_version_id = %(id)s
order by f.id is distinct from v.primary_file_id, l.sort nulls last, l.id;

-- collected_before: the version with these bytes at a path that a step has made already, whatever became of it
select v.* from public.artifact_versions v
join sidecar.file_contents c on c.file_id = v.primary_file_id
where v.project_id = %(project_id)s and v.schema_key = %(schema_key)s
  and c.sha256 = (select sha256 from sidecar.file_contents where file_id = %(file_id)s)
  and (v.step_id = %(step_id)s or exists (
        select from public.execution_artifacts l
        where l.step_id = %(step_id)s and l.artifact_version_id = v.id and l.stage <> 'input'))
order by v.version_number desc limit 1;

-- step_to_collect: a step with the project and the task that it works for
select s.id, s.execution_id, s.server_address, s.prompt_id, coalesce(s.project_id, e.project_id) as project_id, e.task_id
from public.execution_steps s left join public.task_executions e on e.id = s.execution_id
where s.id = %(id)s;
