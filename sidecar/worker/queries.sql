-- running: which of these locks a living worker's job holds just now. A worker that was killed stays in the table until
-- another one starts half a minute later or more: its heartbeat, written every 10 s, says whether it lives.
select j.queueing_lock from sidecar.procrastinate_jobs j join sidecar.procrastinate_workers w on w.id = j.worker_id
where j.queueing_lock = any(%(queueing_locks)s) and j.status = 'doing'
  and w.last_heartbeat > now() - interval '30 seconds';

-- claim_look: the newest that is due, with everything else asked about its subject; nobody else takes it for a while.
-- Newest first: whoever reviews looks at what just came, also while many old ones wait.
with next as (
    select l.kind, l.subject from sidecar.looks l where l.due <= now()
    order by l.due desc limit 1 for update skip locked
), same as (
    select l.id from sidecar.looks l join next on l.kind = next.kind and l.subject = next.subject
    for update of l skip locked
)
update sidecar.looks l set due = now() + make_interval(mins => %(minutes)s::int), attempts = l.attempts + 1
from same where l.id = same.id
returning l.id, l.kind, l.subject;

-- look_done: only what was asked before the look began
delete from sidecar.looks where id = any(%(ids)s);

-- look_later: after 10, 20, 40 … seconds, at most an hour
update sidecar.looks set due = now() + make_interval(secs => least(10 * power(2, least(attempts, 12) - 1), 3600))
where id = any(%(ids)s);

-- ask_for_old_files: the bytes that nobody read for the longest time, unless somebody asked already
insert into sidecar.looks (kind, subject)
select 'file', c.file_id from sidecar.file_contents c
where c.checked_at < now() - make_interval(days => %(days)s::int)
  and not exists (select from sidecar.looks l where l.subject = c.file_id)
order by c.checked_at limit %(files)s::int;

-- files_to_look_at: a version's files, the primary one first, with what is known of their bytes
select f.id, f.type, f.title, f.filename_download, f.filesize, c.sha256, c.media, c.poster_id
from public.artifact_files l
join public.artifact_versions v on v.id = l.artifact_version_id
join public.directus_files f on f.id = l.directus_files_id
left join sidecar.file_contents c on c.file_id = f.id
where l.artifact_version_id = %(id)s
order by f.id is distinct from v.primary_file_id, l.sort nulls last, l.id;

-- file_to_look_at: one file, if it is still there
select f.id, f.type, f.title, f.filename_download, f.filesize, c.sha256, c.media from public.directus_files f
join sidecar.file_contents c on c.file_id = f.id where f.id = %(id)s;

-- lock_version: nobody links a file to it until this transaction ends
select value, metadata, source_url from public.artifact_versions where id = %(id)s for no key update;

-- complete_version: what the insert left out; the first decision seals the hash as it is
update public.artifact_versions
set artifact_type = coalesce(artifact_type, %(artifact_type)s),
    content_hash = case when content_hash is null and status in ('intermediate', 'pending') and review_state is null
                        then %(content_hash)s::text else content_hash end,
    metadata = %(metadata)s
where id = %(id)s;

-- note_content: the first hash stays; other bytes later mean that somebody replaced them, until they are back
insert into sidecar.file_contents as known (file_id, sha256, size, media, poster_id)
values (%(file_id)s, %(sha256)s, %(size)s, %(media)s, %(poster_id)s)
on conflict (file_id) do update
set checked_at = now(), media = coalesce(known.media, excluded.media),
    poster_id = coalesce(known.poster_id, excluded.poster_id),
    changed_at = case when known.sha256 <> excluded.sha256 then coalesce(known.changed_at, now()) end;

-- note_missing: Directus has the file's row and not its bytes
update sidecar.file_contents set checked_at = now(), changed_at = coalesce(changed_at, now())
where file_id = %(file_id)s;
