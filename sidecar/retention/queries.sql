-- ruled_projects: projects whose template may say something of retention, from one on, in the order of their ids
select p.id, p.key, t.context_schema from public.projects p
join public.project_templates t on t.id = p.template_id
where (%(project_id)s::uuid is null or p.id = %(project_id)s::uuid)
  and (%(from_id)s::uuid is null or p.id >= %(from_id)s::uuid)
  and strpos(t.context_schema::text, '"retention"') > 0
order by p.id limit %(limit)s;

-- paths_of_project: its paths in the order of their names, after one; read along the index behind version_number_unique
with recursive path (name) as (
    select min(schema_key) from public.artifact_versions
    where project_id = %(project_id)s and schema_key > coalesce(%(after)s::text, '') collate "C"
    union all
    select (select min(v.schema_key) from public.artifact_versions v
            where v.project_id = %(project_id)s and v.schema_key > path.name)
    from path where path.name is not null
)
select name from path where name is not null limit %(limit)s;

-- due: versions of some paths whose rule says that it is time, in the order of paths and numbers, after one. Never one
-- that stands in the context still, because what superseded it is not promoted yet. `since` is when it came to its status.
select v.id, v.schema_key, v.version_number, v.status, r.key, r.after_days, r.remove and files.there as remove
from jsonb_to_recordset(%(rules)s) as r(
    path text, key text, status text, after_days integer, keep_last integer, remove boolean, actions text[])
join public.artifact_versions v
    on v.project_id = %(project_id)s and v.schema_key = r.path collate "C" and v.status = r.status
join public.projects p on p.id = v.project_id
-- Counted, not EXISTS: the planner would hash the whole table of links for that.
cross join lateral (select count(*) > 0 as there from (
    select from public.artifact_files l where l.artifact_version_id = v.id limit 1) one) files
cross join lateral (select coalesce(
    (select max(a.date_created) from public.artifact_approvals a
     where a.artifact_version_id = v.id and a.action = any(r.actions)), v.date_created) as at) since
where (v.schema_key, v.version_number) > (%(after_path)s::text collate "C", %(after_number)s::integer)
  and v.date_created <= now() - make_interval(days => r.after_days)
  and since.at <= now() - make_interval(days => r.after_days)
  and (v.status <> 'archived' or files.there)
  and (r.keep_last = 0 or (select count(*) from (
        select from public.artifact_versions n
        where n.project_id = v.project_id and n.schema_key = v.schema_key and n.status = r.status
          and n.version_number > v.version_number limit r.keep_last) newer) >= r.keep_last)
  and (v.status <> 'superseded' or
       p.context #>> ((sidecar.path_steps(v.schema_key)).way || 'artifact_version_id'::text) is distinct from v.id::text)
order by v.schema_key, v.version_number limit %(limit)s;

-- still_due: of these, the ones whose status is still the one they were found in, locked; their project is locked too
select v.*, w.status as was, w.key, w.after_days, w.remove
from jsonb_to_recordset(%(due)s) as w(id uuid, status text, key text, after_days integer, remove boolean)
join public.artifact_versions v on v.id = w.id and v.status = w.status
where v.status <> 'superseded' or (
    select p.context #>> ((sidecar.path_steps(v.schema_key)).way || 'artifact_version_id'::text)
    from public.projects p where p.id = v.project_id) is distinct from v.id::text
order by v.id for no key update of v;

-- put_away: what was due is archived, and has no files any more where the rule says so
update public.artifact_versions
set status = 'archived', review_state = null,
    primary_file_id = case when id = any(%(removing)s) then null else primary_file_id end,
    bytes_removed_at = case when id = any(%(removing)s) then now() else bytes_removed_at end
where id = any(%(ids)s);

-- files_of_due: the files of versions that would lose them, each once, and whether something else refers to it
with linked as (
    select directus_files_id as id, array_agg(artifact_version_id) as version_ids from public.artifact_files
    where artifact_version_id = any(%(ids)s) group by directus_files_id
), used as (
    select u.file_id, string_agg(distinct u.used_by, ', ') as used_by
    from sidecar.file_uses((select array_agg(id) from linked), %(ids)s) u group by u.file_id
)
select f.id as file_id, coalesce(f.filesize, 0) as filesize, l.version_ids, u.used_by
from linked l join public.directus_files f on f.id = l.id left join used u on u.file_id = f.id;

-- note_files: what the versions had, before it is taken from them. The name of a file is no part of what stays of an
-- erased version.
insert into sidecar.removed_files as known
    (artifact_version_id, file_id, place, is_primary, cause, filename_download, type, filesize, sha256)
select v.id, f.id, row_number() over (partition by v.id order by l.sort nulls last, l.id),
       coalesce(v.primary_file_id = f.id, false), %(cause)s, case when %(cause)s::text = 'retention' then f.filename_download end,
       f.type, f.filesize, case when not %(forget_hash)s then c.sha256 end
from public.artifact_versions v
join public.artifact_files l on l.artifact_version_id = v.id
join public.directus_files f on f.id = l.directus_files_id
left join sidecar.file_contents c on c.file_id = f.id
where v.id = any(%(ids)s)
on conflict on constraint removed_file_once do nothing;

-- forget_names: the files that a version had lost before it was erased
update sidecar.removed_files
set cause = 'erasure', filename_download = null, sha256 = case when not %(forget_hash)s then sha256 end
where artifact_version_id = any(%(ids)s);

-- unlink_files: the guard lets a version's links go once it says that its bytes are removed
delete from public.artifact_files where artifact_version_id = any(%(ids)s) returning directus_files_id as file_id;

-- release_documents: the archived documents of versions that have no files any more name none either
update public.documents set file_id = null
where artifact_version_id = any(%(ids)s) and status = 'archived' and file_id is not null;

-- ask_to_remove: from now on the worker looks whether something refers to these files, and has Directus delete them
insert into sidecar.file_removals as known (file_id, erase, storage, filename_disk, filesize)
select f.id, %(erase)s, f.storage, f.filename_disk, f.filesize from public.directus_files f where f.id = any(%(ids)s)
on conflict (file_id) do update
set due = now(), attempts = 0, erase = known.erase or excluded.erase, deleted_at = null, held_by = null, error = null;

-- uses_of: what refers to each of some files
select f.id as file_id, coalesce(f.filesize, 0) as filesize, u.used_by from public.directus_files f
left join (select file_id, string_agg(distinct used_by, ', ') as used_by
           from sidecar.file_uses(%(ids)s, '{}') group by file_id) u on u.file_id = f.id
where f.id = any(%(ids)s) order by f.id;

-- removals: how much of the work is left, for people
select count(*) filter (where held_by is null) as files, coalesce(sum(filesize) filter (where held_by is null), 0)::bigint as bytes,
       count(*) filter (where held_by is not null) as held, min(requested_at) filter (where held_by is null) as oldest,
       (array_agg(error order by due) filter (where error is not null))[1] as error
from sidecar.file_removals where deleted_at is null;

-- claim_removal: the one that waits the longest. Until asked_until the guard removed_file_in_use looks, too; longer than
-- Directus is waited for.
update sidecar.file_removals r
set due = now() + interval '10 minutes', asked_until = clock_timestamp() + interval '2 minutes', attempts = r.attempts + 1
from (select file_id from sidecar.file_removals where deleted_at is null and due <= now()
      order by due limit 1 for update skip locked) next
where r.file_id = next.file_id
returning r.file_id, r.storage, r.filename_disk;

-- used_by: what refers to one file
select string_agg(distinct u.used_by, ', ') as used_by from sidecar.file_uses(array[%(file_id)s::uuid], '{}') u;

-- file_is_there: whether Directus knows it
select id from public.directus_files where id = %(file_id)s;

-- hold: something refers to it; asked again tomorrow, or when another version loses it
update sidecar.file_removals set held_by = %(used_by)s, error = null, asked_until = null, due = now() + interval '1 day'
where file_id = %(file_id)s;

-- remove_later: after 10, 20, 40 … seconds, at most an hour
update sidecar.file_removals
set error = %(error)s, asked_until = null, due = now() + make_interval(secs => least(10 * power(2, least(attempts, 12) - 1), 3600))
where file_id = %(file_id)s;

-- removed: Directus said that the file is gone, with its bytes and all pictures it made of them
update sidecar.file_removals
set deleted_at = now(), asked_until = null, held_by = null, error = null
where file_id = %(file_id)s
returning erase;

-- forget_content: nothing reads these bytes again; the picture that the worker made of them is no longer of use
delete from sidecar.file_contents where file_id = %(file_id)s returning poster_id;

-- forget_looks: nothing is to be looked at there
delete from sidecar.looks where subject = %(file_id)s;

-- forget_history: Directus' own copies of what a file was called and what people wrote about it
update public.directus_revisions
set data = '{"erased": true}', delta = case when delta is not null then '{"erased": true}'::json end
where collection = 'directus_files' and item = %(item)s;

-- late_contents: the worker was reading a file while it was removed, and noted it afterwards
select c.file_id, r.erase from sidecar.file_contents c join sidecar.file_removals r on r.file_id = c.file_id
where r.deleted_at is not null and not exists (select from public.directus_files f where f.id = c.file_id) limit 1000;

-- removed_of: the files that some versions had
select artifact_version_id, file_id as id, filename_download, type, filesize, encode(sha256, 'hex') as sha256, removed_at
from sidecar.removed_files where artifact_version_id = any(%(ids)s) order by artifact_version_id, place;

-- removal_of: whether a file was removed, and because its version was erased
select erase from sidecar.file_removals where file_id = %(file_id)s and deleted_at is not null;

-- patience: erasing looks through tables that no index serves, which the role's limit for requests is too short for
select set_config('statement_timeout', '20s', true), set_config('jit', 'off', true);

-- copies_of: versions with what a version holds: made from it as it was (edited, restored, transcoded), of the same
-- content, or with the same bytes in a file
with recursive made (id, how) as (
    select r.from_version_id, r.relation_type::text from public.artifact_relations r
    where r.to_version_id = %(id)s and r.relation_type in ('edited_from', 'restored_from', 'transcoded_from')
    union
    select r.from_version_id, r.relation_type::text from made m
    join public.artifact_relations r on r.to_version_id = m.id
    where r.relation_type in ('edited_from', 'restored_from', 'transcoded_from')
), bytes (file_id, sha256) as (
    select l.directus_files_id, c.sha256 from public.artifact_files l
    left join sidecar.file_contents c on c.file_id = l.directus_files_id where l.artifact_version_id = %(id)s
    union
    select file_id, sha256 from sidecar.removed_files where artifact_version_id = %(id)s
), found (id, how, rank) as (
    select id, how, 1 from made
    union all
    select v.id, 'same_content', 2 from public.artifact_versions v
    where v.content_hash = (select content_hash from public.artifact_versions where id = %(id)s)
    union all
    select l.artifact_version_id, 'same_bytes', 3 from bytes b
    join sidecar.file_contents c on c.sha256 = b.sha256
    join public.artifact_files l on l.directus_files_id = c.file_id
    union all
    select l.artifact_version_id, 'same_bytes', 3 from bytes b join public.artifact_files l on l.directus_files_id = b.file_id
)
select v.project_id, v.id, v.schema_key, v.version_number, f.how, v.erased_at is not null as erased
from (select distinct on (id) id, how from found where id <> %(id)s order by id, rank, how) f
join public.artifact_versions v on v.id = f.id
order by v.project_id, v.schema_key, v.version_number limit %(limit)s;

-- lock_to_erase: the versions in one order for everybody. `replaces` is the version whose entry stands at the path
select v.*, p.context #>> ((sidecar.path_steps(v.schema_key)).way || 'artifact_version_id'::text) as replaces
from public.artifact_versions v join public.projects p on p.id = v.project_id
where v.id = any(%(ids)s) order by v.id for no key update of v;

-- erase_steps: what a version's own steps, and the steps of the runs it is linked to, were given and gave back, where that
-- is its value or holds it. Before the value goes.
update public.execution_steps s
set input = case when sidecar.holds(s.input, v.value) then '{"erased": true}' else s.input end,
    output = case when sidecar.holds(s.output, v.value) then '{"erased": true}' else s.output end,
    parameters = case when sidecar.holds(s.parameters, v.value) then '{"erased": true}' else s.parameters end
from public.artifact_versions v
where v.id = %(id)s
  and s.id in (
      select v.step_id
      union
      select a.step_id from public.execution_artifacts a where a.artifact_version_id = v.id
      union
      select o.id from public.execution_steps o where o.execution_id = v.execution_id
      union
      select o.id from public.execution_artifacts a join public.execution_steps o on o.execution_id = a.execution_id
      where a.artifact_version_id = v.id)
  and (sidecar.holds(s.input, v.value) or sidecar.holds(s.output, v.value) or sidecar.holds(s.parameters, v.value))
returning s.id;

-- erase: what a version was; its place, number, dates, decisions and hash stay
update public.artifact_versions v
set status = 'archived', review_state = null, value = null, metadata = null, tags = null, source_url = null,
    primary_file_id = null, erased_at = now(),
    content_hash = case when not %(forget_hash)s then content_hash end,
    bytes_removed_at = case when v.bytes_removed_at is null and exists (
            select from public.artifact_files l where l.artifact_version_id = v.id) then now() else v.bytes_removed_at end
where id = any(%(ids)s);

-- erase_words: what the versions are found by
update sidecar.search_words w set words = sidecar.words_of(v.schema_key, null, null, null, null)
from public.artifact_versions v where v.id = w.version_id and v.id = any(%(ids)s);

-- erase_documents: the documents of a version that is gone
update public.documents set file_id = null, status = 'archived'
where artifact_version_id = any(%(ids)s) and (file_id is not null or status is distinct from 'archived');

-- erase_entries: out of the promotions that put them into the context; the guard lets exactly this through, and a trigger
-- adds to the audit log what each promotion says now
update public.promotions p set changes = sidecar.erased_changes(p.changes)
where p.project_id = any(%(project_ids)s)
  and exists (select from jsonb_array_elements(p.changes) c where c ->> 'to_version_id' = any(%(names)s))
  and p.changes <> sidecar.erased_changes(p.changes);

-- erase_answers: kept answers that name the versions are answered with a refusal from now on; the request does not run again
update sidecar.idempotency_keys k set status = 410, headers = '{}', body = %(body)s
where k.status is not null and k.status < 300 and right(k.route, 6) <> '/erase'
  and exists (select from unnest(%(names)s::text[]) n where position(convert_to(n, 'UTF8') in k.body) > 0);

-- erase_revisions: Directus' own history: of the versions, of the contexts that they stood in, of their steps
update public.directus_revisions r
set data = case r.collection
        when 'artifact_versions' then '{"erased": true}'
        when 'projects' then (r.data::jsonb || '{"context": {"erased": true}}')::json
        else (r.data::jsonb - 'input' - 'output' - 'parameters')::json end,
    delta = case when r.delta is null then null
        when r.collection = 'artifact_versions' then '{"erased": true}'
        when r.collection = 'projects' then (r.delta::jsonb - 'context')::json
        else (r.delta::jsonb - 'input' - 'output' - 'parameters')::json end
where (r.collection = 'artifact_versions' and r.item = any(%(names)s) and r.data::text <> '{"erased": true}')
   or (r.collection = 'execution_steps' and r.item = any(%(steps)s))
   or (r.collection = 'projects' and r.item = any(%(projects)s) and json_typeof(r.data) = 'object'
       and exists (select from unnest(%(names)s::text[]) n where strpos(r.data::text, n) > 0));
