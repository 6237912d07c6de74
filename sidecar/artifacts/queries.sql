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

-- source_to_copy: the version that a copy is made of; what would take something from it waits
select * from public.artifact_versions where id = %(id)s for share;

-- files_of_versions: the files of some versions, in order
select l.artifact_version_id, f.id, f.type, f.title, f.filename_download, f.filesize, f.width, f.height, c.changed_at
from public.artifact_files l join public.directus_files f on f.id = l.directus_files_id
left join sidecar.file_contents c on c.file_id = f.id
where l.artifact_version_id = any(%(ids)s) order by l.sort nulls last, l.id;

-- newest_versions: newest first; a filter that is null does not filter
select v.* from sidecar.versions_found(
    %(project_id)s::uuid, %(schema_key)s::text, %(path_pattern)s::text, %(status)s::text[], %(review_state)s::text,
    %(artifact_type)s::text[], %(user_created)s::uuid, %(task_id)s::uuid, %(execution_id)s::uuid, %(step_id)s::uuid,
    %(created_from)s::timestamptz, %(created_to)s::timestamptz, %(has_file)s::boolean, %(awaiting_promotion)s::boolean,
    %(outdated)s::boolean, %(by_rule)s::boolean, %(edited)s::boolean) v
where (%(after_date)s::timestamptz is null
       or (v.date_created, v.id) < (%(after_date)s::timestamptz, %(after_id)s::uuid))
order by v.date_created desc, v.id desc limit %(limit)s;

-- oldest_versions: the same from the other end
select v.* from sidecar.versions_found(
    %(project_id)s::uuid, %(schema_key)s::text, %(path_pattern)s::text, %(status)s::text[], %(review_state)s::text,
    %(artifact_type)s::text[], %(user_created)s::uuid, %(task_id)s::uuid, %(execution_id)s::uuid, %(step_id)s::uuid,
    %(created_from)s::timestamptz, %(created_to)s::timestamptz, %(has_file)s::boolean, %(awaiting_promotion)s::boolean,
    %(outdated)s::boolean, %(by_rule)s::boolean, %(edited)s::boolean) v
where (%(after_date)s::timestamptz is null
       or (v.date_created, v.id) > (%(after_date)s::timestamptz, %(after_id)s::uuid))
order by v.date_created, v.id limit %(limit)s;

-- newest_near: those with some words or tags among the newest `near` that the filters leave; `looked_at` is how many
-- there were. None found: a row without an id. `offset 0`: each is looked up, whatever the planner thinks of the words.
with near as materialized (
    select v.id, v.date_created from sidecar.versions_found(
        %(project_id)s::uuid, %(schema_key)s::text, %(path_pattern)s::text, %(status)s::text[], %(review_state)s::text,
        %(artifact_type)s::text[], %(user_created)s::uuid, %(task_id)s::uuid, %(execution_id)s::uuid, %(step_id)s::uuid,
        %(created_from)s::timestamptz, %(created_to)s::timestamptz, %(has_file)s::boolean, %(awaiting_promotion)s::boolean,
        %(outdated)s::boolean, %(by_rule)s::boolean, %(edited)s::boolean) v
    where (%(after_date)s::timestamptz is null
           or (v.date_created, v.id) < (%(after_date)s::timestamptz, %(after_id)s::uuid))
    order by v.date_created desc, v.id desc limit %(near)s
)
select v.*, l.looked_at
from (select count(*) as looked_at from near) l
left join (
    select n.id, n.date_created from near n
    cross join lateral (
        select from sidecar.search_words s
        where s.version_id = n.id and s.words @@ sidecar.asked(%(q)s::text, %(tags)s::text[]) offset 0) s
    order by n.date_created desc, n.id desc limit %(limit)s) f on true
left join public.artifact_versions v on v.id = f.id
order by v.date_created desc, v.id desc;

-- oldest_near: the same from the other end
with near as materialized (
    select v.id, v.date_created from sidecar.versions_found(
        %(project_id)s::uuid, %(schema_key)s::text, %(path_pattern)s::text, %(status)s::text[], %(review_state)s::text,
        %(artifact_type)s::text[], %(user_created)s::uuid, %(task_id)s::uuid, %(execution_id)s::uuid, %(step_id)s::uuid,
        %(created_from)s::timestamptz, %(created_to)s::timestamptz, %(has_file)s::boolean, %(awaiting_promotion)s::boolean,
        %(outdated)s::boolean, %(by_rule)s::boolean, %(edited)s::boolean) v
    where (%(after_date)s::timestamptz is null
           or (v.date_created, v.id) > (%(after_date)s::timestamptz, %(after_id)s::uuid))
    order by v.date_created, v.id limit %(near)s
)
select v.*, l.looked_at
from (select count(*) as looked_at from near) l
left join (
    select n.id, n.date_created from near n
    cross join lateral (
        select from sidecar.search_words s
        where s.version_id = n.id and s.words @@ sidecar.asked(%(q)s::text, %(tags)s::text[]) offset 0) s
    order by n.date_created, n.id limit %(limit)s) f on true
left join public.artifact_versions v on v.id = f.id
order by v.date_created, v.id;

-- newest_with_words: newest first, found by the index of words
select v.* from (
    select w.version_id, w.date_created from sidecar.with_words(sidecar.asked(%(q)s::text, %(tags)s::text[])) w
    where (%(after_date)s::timestamptz is null
           or (w.date_created, w.version_id) < (%(after_date)s::timestamptz, %(after_id)s::uuid))
    order by w.date_created desc, w.version_id desc offset 0) w
join sidecar.versions_found(
    %(project_id)s::uuid, %(schema_key)s::text, %(path_pattern)s::text, %(status)s::text[], %(review_state)s::text,
    %(artifact_type)s::text[], %(user_created)s::uuid, %(task_id)s::uuid, %(execution_id)s::uuid, %(step_id)s::uuid,
    %(created_from)s::timestamptz, %(created_to)s::timestamptz, %(has_file)s::boolean, %(awaiting_promotion)s::boolean,
    %(outdated)s::boolean, %(by_rule)s::boolean, %(edited)s::boolean) v on v.id = w.version_id
order by w.date_created desc, w.version_id desc limit %(limit)s;

-- oldest_with_words: the same from the other end
select v.* from (
    select w.version_id, w.date_created from sidecar.with_words(sidecar.asked(%(q)s::text, %(tags)s::text[])) w
    where (%(after_date)s::timestamptz is null
           or (w.date_created, w.version_id) > (%(after_date)s::timestamptz, %(after_id)s::uuid))
    order by w.date_created, w.version_id offset 0) w
join sidecar.versions_found(
    %(project_id)s::uuid, %(schema_key)s::text, %(path_pattern)s::text, %(status)s::text[], %(review_state)s::text,
    %(artifact_type)s::text[], %(user_created)s::uuid, %(task_id)s::uuid, %(execution_id)s::uuid, %(step_id)s::uuid,
    %(created_from)s::timestamptz, %(created_to)s::timestamptz, %(has_file)s::boolean, %(awaiting_promotion)s::boolean,
    %(outdated)s::boolean, %(by_rule)s::boolean, %(edited)s::boolean) v on v.id = w.version_id
order by w.date_created, w.version_id limit %(limit)s;

-- count_versions: the newest `most` of them in groups, the largest groups first; `counted` is how many they are together
with found as materialized (
    select v.project_id, v.status, v.schema_key, v.artifact_type, v.source_task_id, v.date_created
    from sidecar.versions_found(
        %(project_id)s::uuid, %(schema_key)s::text, %(path_pattern)s::text, %(status)s::text[], %(review_state)s::text,
        %(artifact_type)s::text[], %(user_created)s::uuid, %(task_id)s::uuid, %(execution_id)s::uuid, %(step_id)s::uuid,
        %(created_from)s::timestamptz, %(created_to)s::timestamptz, %(has_file)s::boolean, %(awaiting_promotion)s::boolean,
        %(outdated)s::boolean, %(by_rule)s::boolean, %(edited)s::boolean) v
    order by v.date_created desc limit %(most)s
), grouped as (
    select case when 'project' = any(%(by)s::text[]) then f.project_id end as project_id,
           case when 'status' = any(%(by)s::text[]) then f.status end as status,
           case when 'schema_key' = any(%(by)s::text[]) then f.schema_key end as schema_key,
           case when 'artifact_type' = any(%(by)s::text[]) then f.artifact_type end as artifact_type,
           case when 'task' = any(%(by)s::text[]) then f.source_task_id end as task_id,
           count(*) as count, min(f.date_created) as oldest, max(f.date_created) as newest
    from found f group by 1, 2, 3, 4, 5 order by count(*) desc, 1, 3, 2, 4, 5 limit %(limit)s
)
select g.project_id, p.key as project_key, p.title as project_title, g.status, g.schema_key, g.artifact_type, g.task_id,
       t.title as task_title, g.count, g.oldest, g.newest, c.counted
from (select count(*) as counted from found) c left join grouped g on true
left join public.projects p on p.id = g.project_id left join public.tasks t on t.id = g.task_id
order by g.count desc, g.project_id, g.schema_key, g.status, g.artifact_type, g.task_id;

-- count_with_words: the same, of those with some words or tags; `counted` is how many have them
with hits as materialized (
    select w.version_id from sidecar.with_words(sidecar.asked(%(q)s::text, %(tags)s::text[])) w
    order by w.date_created desc limit %(most)s
), found as materialized (
    select v.project_id, v.status, v.schema_key, v.artifact_type, v.source_task_id, v.date_created
    from sidecar.versions_found(
        %(project_id)s::uuid, %(schema_key)s::text, %(path_pattern)s::text, %(status)s::text[], %(review_state)s::text,
        %(artifact_type)s::text[], %(user_created)s::uuid, %(task_id)s::uuid, %(execution_id)s::uuid, %(step_id)s::uuid,
        %(created_from)s::timestamptz, %(created_to)s::timestamptz, %(has_file)s::boolean, %(awaiting_promotion)s::boolean,
        %(outdated)s::boolean, %(by_rule)s::boolean, %(edited)s::boolean) v
    join hits h on h.version_id = v.id
), grouped as (
    select case when 'project' = any(%(by)s::text[]) then f.project_id end as project_id,
           case when 'status' = any(%(by)s::text[]) then f.status end as status,
           case when 'schema_key' = any(%(by)s::text[]) then f.schema_key end as schema_key,
           case when 'artifact_type' = any(%(by)s::text[]) then f.artifact_type end as artifact_type,
           case when 'task' = any(%(by)s::text[]) then f.source_task_id end as task_id,
           count(*) as count, min(f.date_created) as oldest, max(f.date_created) as newest
    from found f group by 1, 2, 3, 4, 5 order by count(*) desc, 1, 3, 2, 4, 5 limit %(limit)s
)
select g.project_id, p.key as project_key, p.title as project_title, g.status, g.schema_key, g.artifact_type, g.task_id,
       t.title as task_title, g.count, g.oldest, g.newest, c.counted
from (select count(*) as counted from hits) c left join grouped g on true
left join public.projects p on p.id = g.project_id left join public.tasks t on t.id = g.task_id
order by g.count desc, g.project_id, g.schema_key, g.status, g.artifact_type, g.task_id;

-- count_near: the same for words that many have; `counted` is how many versions were looked through
with near as materialized (
    select v.id, v.project_id, v.status, v.schema_key, v.artifact_type, v.source_task_id, v.date_created
    from sidecar.versions_found(
        %(project_id)s::uuid, %(schema_key)s::text, %(path_pattern)s::text, %(status)s::text[], %(review_state)s::text,
        %(artifact_type)s::text[], %(user_created)s::uuid, %(task_id)s::uuid, %(execution_id)s::uuid, %(step_id)s::uuid,
        %(created_from)s::timestamptz, %(created_to)s::timestamptz, %(has_file)s::boolean, %(awaiting_promotion)s::boolean,
        %(outdated)s::boolean, %(by_rule)s::boolean, %(edited)s::boolean) v
    order by v.date_created desc limit %(most)s
), found as materialized (
    select n.* from near n
    cross join lateral (
        select from sidecar.search_words s
        where s.version_id = n.id and s.words @@ sidecar.asked(%(q)s::text, %(tags)s::text[]) offset 0) s
), grouped as (
    select case when 'project' = any(%(by)s::text[]) then f.project_id end as project_id,
           case when 'status' = any(%(by)s::text[]) then f.status end as status,
           case when 'schema_key' = any(%(by)s::text[]) then f.schema_key end as schema_key,
           case when 'artifact_type' = any(%(by)s::text[]) then f.artifact_type end as artifact_type,
           case when 'task' = any(%(by)s::text[]) then f.source_task_id end as task_id,
           count(*) as count, min(f.date_created) as oldest, max(f.date_created) as newest
    from found f group by 1, 2, 3, 4, 5 order by count(*) desc, 1, 3, 2, 4, 5 limit %(limit)s
)
select g.project_id, p.key as project_key, p.title as project_title, g.status, g.schema_key, g.artifact_type, g.task_id,
       t.title as task_title, g.count, g.oldest, g.newest, c.counted
from (select count(*) as counted from near) c left join grouped g on true
left join public.projects p on p.id = g.project_id left join public.tasks t on t.id = g.task_id
order by g.count desc, g.project_id, g.schema_key, g.status, g.artifact_type, g.task_id;

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
