-- versions_by_id: what is to be shared
select id, project_id, schema_key, version_number, status, review_state, source_task_id
from public.artifact_versions where id = any(%(ids)s);

-- candidates_of_task: what of a task waits for a decision, by path
select v.id from public.artifact_versions v
where v.status = 'pending' and v.id in (
    select s.id from public.artifact_versions s where s.source_task_id = %(task_id)s
    union select l.artifact_version_id from public.task_artifacts l where l.task_id = %(task_id)s)
order by v.schema_key, v.version_number limit %(limit)s;

-- task_exists: whether there is this task
select id from public.tasks where id = %(task_id)s;

-- add_link: a new link, of which the token's hash is kept
insert into sidecar.review_links
    (id, token_hash, guest_name, guest_email, note, may, made_by, made_by_label, created_at, expires_at)
values (%(id)s, %(token_hash)s, %(guest_name)s, %(guest_email)s, %(note)s, %(may)s, %(made_by)s, %(made_by_label)s,
        %(created_at)s, %(expires_at)s);

-- add_link_versions: what it shows, in this order
insert into sidecar.review_link_versions (link_id, artifact_version_id, place)
select %(link_id)s, w.id, w.place from unnest(%(ids)s::uuid[]) with ordinality as w(id, place);

-- find_link: the link that somebody opens
select * from sidecar.review_links where id = %(id)s;

-- lock_link: the link that is used or revoked; a use and the revocation come one after the other
select * from sidecar.review_links where id = %(id)s for update;

-- list_links: a page of links, newest first
select l.* from sidecar.review_links l
where (%(made_by)s::text is null or l.made_by = %(made_by)s::text)
  and (%(artifact_version_id)s::uuid is null or exists (
      select from sidecar.review_link_versions w
      where w.link_id = l.id and w.artifact_version_id = %(artifact_version_id)s::uuid))
  and (%(live)s::boolean is null or %(live)s::boolean = (l.revoked_at is null and l.expires_at > now()))
  and (%(date)s::timestamptz is null or (l.created_at, l.id) < (%(date)s::timestamptz, %(id)s::uuid))
order by l.created_at desc, l.id desc limit %(limit)s;

-- versions_of_links: the names of what some links show
select w.link_id, v.id, v.project_id, v.schema_key, v.version_number, v.status, v.source_task_id
from sidecar.review_link_versions w join public.artifact_versions v on v.id = w.artifact_version_id
where w.link_id = any(%(ids)s) order by w.link_id, w.place;

-- revoke_link: ends it
update sidecar.review_links set revoked_at = now(), revoked_by_label = %(revoked_by_label)s
where id = %(id)s and revoked_at is null returning *;

-- shared: what a guest is shown of each version; of a value that is too large, its beginning
select v.id, v.project_id, v.schema_key, v.version_number, v.status, v.review_state, v.artifact_type, v.source_url,
       v.date_created, v.bytes_removed_at, v.erased_at, p.title as project_title, t.context_schema,
       case when length(v.value::text) <= %(largest)s then v.value end as value,
       case when length(v.value::text) > %(largest)s then left(v.value::text, %(largest)s) end as value_start
from sidecar.review_link_versions w
join public.artifact_versions v on v.id = w.artifact_version_id
join public.projects p on p.id = v.project_id
left join public.project_templates t on t.id = p.template_id
where w.link_id = %(link_id)s order by w.place;

-- shared_files: their files, in order, the primary one first
select l.artifact_version_id, f.id, f.type, f.filename_download, f.filesize
from public.artifact_files l
join public.directus_files f on f.id = l.directus_files_id
join public.artifact_versions v on v.id = l.artifact_version_id
where l.artifact_version_id = any(%(ids)s)
order by l.artifact_version_id, (f.id is not distinct from v.primary_file_id) desc, l.sort nulls last, l.id;

-- said_by_guest: what a guest has said of the versions, oldest first
select artifact_version_id, action, reason, date_created from public.artifact_approvals
where artifact_version_id = any(%(ids)s) and actor_label = %(actor_label)s
  and actor_id is not distinct from %(actor_id)s::uuid
  and action in ('approve', 'reject', 'request_changes', 'comment')
order by date_created, id limit 500;

-- rule_of_version: the template that a version's path is asked by
select v.schema_key, t.context_schema from public.artifact_versions v
join public.projects p on p.id = v.project_id left join public.project_templates t on t.id = p.template_id
where v.id = %(id)s and exists (
    select from sidecar.review_link_versions w where w.link_id = %(link_id)s and w.artifact_version_id = v.id);

-- uses_lately: how often a link was used in the last hour, and how long until the oldest of those is an hour ago
select count(*) as uses, extract(epoch from coalesce(min(used_at), now()) + interval '1 hour' - now())::float8 as wait
from sidecar.review_link_uses where link_id = %(link_id)s and used_at > now() - interval '1 hour';

-- note_use: no row when the same form has said the same before
insert into sidecar.review_link_uses (link_id, form, artifact_version_id, action, said)
values (%(link_id)s, %(form)s, %(artifact_version_id)s, %(action)s, %(said)s)
on conflict do nothing returning used_at;

-- touch_link: when it was used last
update sidecar.review_links set last_used_at = now() where id = %(id)s;

-- forget_links: those that ended so many days ago, with the guest's address; the audit keeps that they were
delete from sidecar.review_links where id in (
    select id from sidecar.review_links
    where least(expires_at, revoked_at) < now() - make_interval(days => %(days)s) limit %(batch)s);
