-- lock_numbers: before the newest version of a path, or a lock of it, is read
select pg_advisory_xact_lock(hashtextextended('artifacts/number/' || %(project_id)s::uuid::text, 0));

-- newest_version: what a path holds now, whatever its status
select * from public.artifact_versions
where project_id = %(project_id)s and schema_key = %(schema_key)s
order by version_number desc limit 1;

-- add_version: the trigger numbers it and links the version before it
insert into public.artifact_versions
    (project_id, schema_key, status, artifact_type, value, metadata, primary_file_id, source_url, content_hash, parent_id,
     source_task_id, execution_id, step_id, request_id, tags, user_created)
values (%(project_id)s, %(schema_key)s, %(status)s, %(artifact_type)s, %(value)s, %(metadata)s, %(primary_file_id)s,
        %(source_url)s, %(content_hash)s, %(parent_id)s, %(source_task_id)s, %(execution_id)s, %(step_id)s,
        %(request_id)s, %(tags)s, %(user_created)s)
returning *;

-- link_file: in the order given; the primary file's own link exists already and takes its place in the order
insert into public.artifact_files (artifact_version_id, directus_files_id, sort)
values (%(artifact_version_id)s, %(file_id)s, %(sort)s);

-- files_known: which of the named files exist, with what decides the artifact's type
select f.id, f.type, c.sha256 from public.directus_files f
left join sidecar.file_contents c on c.file_id = f.id
where f.id = any(%(ids)s);

-- remember_content: the hash of bytes that passed through our hands
insert into sidecar.file_contents (file_id, sha256, size) values (%(file_id)s, %(sha256)s, %(size)s)
on conflict (file_id) do nothing;

-- forget_content: the file was a twin of one we have and is not kept
delete from sidecar.file_contents where file_id = %(file_id)s;

-- link_task: at the end of the task's list; a version is linked to a task once
insert into public.task_artifacts (task_id, artifact_version_id, sort)
select %(task_id)s, %(artifact_version_id)s, coalesce(max(sort), 0) + 1 from public.task_artifacts
where task_id = %(task_id)s
on conflict on constraint version_linked_once do nothing;

-- ask_for_review: a task with a new output waits for a person; a cancelled one stays cancelled
update public.tasks set status = 'needs_review'
where id = %(task_id)s and status is distinct from 'needs_review' and status is distinct from 'cancelled';

-- add_source: the version it was made from
insert into public.artifact_relations (from_version_id, to_version_id, relation_type)
values (%(from_version_id)s, %(to_version_id)s, 'derived_from')
on conflict on constraint relation_unique do nothing;

-- find_version: one version by its id
select * from public.artifact_versions where id = %(id)s;

-- files_of_versions: the files of some versions, in order
select l.artifact_version_id, f.id, f.type, f.title, f.filename_download, f.filesize, f.width, f.height, c.changed_at
from public.artifact_files l join public.directus_files f on f.id = l.directus_files_id
left join sidecar.file_contents c on c.file_id = f.id
where l.artifact_version_id = any(%(ids)s) order by l.sort nulls last, l.id;

-- list_versions: newest first; a filter that is null does not filter
select v.* from public.artifact_versions v
where (%(project_id)s::uuid is null or v.project_id = %(project_id)s::uuid)
  and (%(schema_key)s::text is null or v.schema_key = %(schema_key)s::text)
  and (%(status)s::text[] is null or v.status = any(%(status)s::text[]))
  and (%(artifact_type)s::text is null or v.artifact_type = %(artifact_type)s::text)
  and (%(tag)s::text is null or v.tags @> to_jsonb(%(tag)s::text))
  and (%(task_id)s::uuid is null or v.source_task_id = %(task_id)s::uuid
       or v.id in (select l.artifact_version_id from public.task_artifacts l where l.task_id = %(task_id)s::uuid))
  and (%(execution_id)s::uuid is null or v.execution_id = %(execution_id)s::uuid)
  and (%(step_id)s::uuid is null or v.step_id = %(step_id)s::uuid)
  and (%(q)s::text is null or v.value::text ilike %(q)s::text or v.schema_key ilike %(q)s::text
       or v.metadata::text ilike %(q)s::text)
  and (%(by_rule)s::boolean is null or %(by_rule)s::boolean = exists (
        select from public.artifact_approvals a
        where a.artifact_version_id = v.id and a.action = 'approve' and a.actor_type = 'rule'))
  and (%(edited)s::boolean is null or %(edited)s::boolean = exists (
        select from public.artifact_relations r where r.from_version_id = v.id and r.relation_type = 'edited_from'))
  and (%(after_date)s::timestamptz is null or (v.date_created, v.id) < (%(after_date)s::timestamptz, %(after_id)s::uuid))
order by v.date_created desc, v.id desc
limit %(limit)s;

-- origins_of_versions: who approved or rejected some versions, and whether they were made by an edit
select o.id,
       exists (select from public.artifact_approvals a
               where a.artifact_version_id = o.id and a.action = 'approve' and a.actor_type = 'rule') as by_rule,
       exists (select from public.artifact_approvals a
               where a.artifact_version_id = o.id and a.action = 'reject') as rejected,
       exists (select from public.artifact_relations r
               where r.from_version_id = o.id and r.relation_type = 'edited_from') as edited
from unnest(%(ids)s::uuid[]) o (id);

-- versions_of_path: every version of a path, newest first
select * from public.artifact_versions
where project_id = %(project_id)s and schema_key = %(schema_key)s
order by version_number desc limit %(limit)s;

-- relate_copy: what a version was edited or restored from
insert into public.artifact_relations (from_version_id, to_version_id, relation_type)
values (%(from_version_id)s, %(to_version_id)s, %(relation_type)s)
on conflict on constraint relation_unique do nothing;

-- set_tags: never fixed, not even by a decision
update public.artifact_versions set tags = %(tags)s where id = %(id)s returning *;

-- files_compared: the files of two versions in order, with the hash of their bytes where it is known
select l.artifact_version_id, f.id, f.type, f.filename_download, encode(c.sha256, 'hex') as sha256
from public.artifact_files l join public.directus_files f on f.id = l.directus_files_id
left join sidecar.file_contents c on c.file_id = f.id
where l.artifact_version_id = any(%(ids)s) order by l.sort nulls last, l.id;

-- next_number: what the next version of a path will be called
select coalesce(max(version_number), 0) + 1 as next_version from public.artifact_versions
where project_id = %(project_id)s and schema_key = %(schema_key)s;

-- approved_of_paths: the approved version of each path (or of one), in the order of idx_one_approved_per_path
select * from public.artifact_versions
where project_id = %(project_id)s and status = 'approved'
  and (%(schema_key)s::text is null or schema_key = %(schema_key)s::text)
  and (%(after)s::text is null or schema_key > %(after)s::text collate "C")
order by schema_key limit %(limit)s;

-- latest_of_paths: the newest version of each path (or of one) that is neither rejected nor archived
select distinct on (schema_key) * from public.artifact_versions
where project_id = %(project_id)s and status not in ('rejected', 'archived')
  and (%(schema_key)s::text is null or schema_key = %(schema_key)s::text)
  and (%(after)s::text is null or schema_key > %(after)s::text collate "C")
order by schema_key, version_number desc limit %(limit)s;

-- task_exists: for the list of its versions
select id from public.tasks where id = %(task_id)s;

-- trail: a project's audit log, newest first, with the version that an entry is about
select l.number, l.kind, encode(l.hash, 'hex') as hash, c.content, v.schema_key, v.version_number
from sidecar.audit_log l
cross join lateral (select l.content::jsonb) c (content)
left join public.artifact_versions v on v.id = (c.content ->> 'artifact_version_id')::uuid
where l.project_id = %(project_id)s and (%(before)s::bigint is null or l.number < %(before)s::bigint)
order by l.number desc limit %(limit)s;
