-- begin_import: the import of this name that is not rolled back, or a new one; its map is that of the latest run
insert into sidecar.imports (name, map, source, actor_id, actor_label)
values (%(name)s, %(map)s, %(source)s, %(actor_id)s, %(actor_label)s)
on conflict (name) where state <> 'rolled_back'
do update set map = excluded.map, source = excluded.source, state = 'running', finished_at = null
returning *;

-- find_import: the newest of a name
select * from sidecar.imports where name = %(name)s order by started_at desc limit 1;

-- list_imports: newest first, with what came of each
select i.*, coalesce(c.versions, 0) as versions, coalesce(c.projects, 0) as projects, coalesce(c.runs, 0) as runs,
       coalesce(c.links, 0) as links, coalesce(c.withdrawn, 0) as withdrawn,
       (select count(*) from sidecar.import_writes w
        where w.import_id = i.id and w.written_at is not null and w.restored_at is null) as written
from sidecar.imports i left join lateral (
    select count(*) filter (where kind = 'version') as versions, count(*) filter (where kind = 'project') as projects,
           count(*) filter (where kind = 'run') as runs, count(*) filter (where kind = 'links') as links,
           count(*) filter (where rolled_back_at is not null) as withdrawn
    from sidecar.imported r where r.import_id = i.id) c on true
where %(name)s::text is null or i.name = %(name)s::text
order by i.started_at desc;

-- take_turn: one batch of an import at a time, whoever runs it; rolled back imports take no more. The role's limits are
-- meant for requests: a batch may take longer, and waits a while for decisions under way. A batch is small and the tables
-- are not, whatever their statistics say while an import fills them: everything goes by the indexes. What is imported is no event (artifacts.quiet).
select i.id, set_config('statement_timeout', '0', true), set_config('lock_timeout', '10s', true),
       set_config('idle_in_transaction_session_timeout', '0', true), set_config('jit', 'off', true),
       set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true), set_config('artifacts.quiet', 'on', true)
from sidecar.imports i where i.id = %(import_id)s and i.state <> 'rolled_back' for update;

-- known: what earlier batches made of some source rows
select source_key, kind, row_id, fingerprint, rolled_back_at from sidecar.imported
where import_id = %(import_id)s and source_key = any(%(source_keys)s);

-- writes_known: what was written into some places of the source, and what stood there before
select source_key, old_value, new_value, previous_value from sidecar.import_writes
where import_id = %(import_id)s and restored_at is null and source_key = any(%(source_keys)s);

-- projects_named: the projects that rows name by id, by key, or by a task
select 'id' as by, p.id::text as name, p.id from public.projects p where p.id = any(%(ids)s::uuid[])
union all
select 'key', p.key, p.id from public.projects p where p.key = any(%(keys)s::text[])
union all
select 'task', t.id::text, t.project_id from public.tasks t
where t.id = any(%(task_ids)s::uuid[]) and t.project_id is not null;

-- add_projects: those that are missing; nobody else's of the same key is touched
insert into public.projects (id, key, title, kind, status, user_created)
select r.id, r.key, r.title, r.kind, 'active', %(actor_id)s
from jsonb_to_recordset(%(projects)s) as r(id uuid, key text, title text, kind text)
on conflict (key) do nothing
returning id, key;

-- reopen_projects: projects that an import made, and that were archived when it was rolled back
update public.projects p set status = 'active'
where p.id = any(%(ids)s::uuid[]) and p.status = 'archived' and exists (
    select from sidecar.imported i join sidecar.imports m on m.id = i.import_id
    where i.row_id = p.id and i.kind = 'project' and m.state = 'rolled_back')
returning p.id, p.key;

-- unstage: emptied for the next try of the same transaction
delete from import_staged where import_id = %(import_id)s;

-- file_hashes: the bytes that are known of some files
select file_id, sha256 from sidecar.file_contents where file_id = any(%(ids)s);

-- staged_problems: every row that the registry would not take, with the first reason. What guards refuse beside these
-- (a path above another one, say) is found when the rows are written.
with staged as materialized (
    select s.*, first_value(s.source_key) over (
               partition by s.project_id, s.schema_key, s.status = 'approved' order by s.place) as first_of_path
    from import_staged s where s.import_id = %(import_id)s
)
select distinct on (s.place) s.place, s.source_key, found.code, found.said
from staged s cross join lateral (
    select 1 as rank, 'file_not_found' as code, f.id::text as said
    from unnest(s.file_ids) f (id) where not exists (select from public.directus_files d where d.id = f.id)
    union all
    select 2, 'task_not_found', s.source_task_id::text
    where s.source_task_id is not null and not exists (select from public.tasks t where t.id = s.source_task_id)
    union all
    select 3, 'import_id_taken', s.id::text
    where s.id_wanted and exists (select from public.artifact_versions v where v.id = s.id)
    union all
    select 4, 'import_path_decided', v.version_number::text
    from public.artifact_versions v
    where s.status = 'approved' and v.project_id = s.project_id and v.schema_key = s.schema_key
      and v.status = 'approved' and v.id is distinct from s.replaces
    union all
    select 5, 'two_approvals_for_one_path', s.first_of_path
    where s.status = 'approved' and s.first_of_path <> s.source_key
    union all
    select 6, 'path_locked', coalesce(l.schema_key, 'the project')
    from public.projects p cross join lateral sidecar.locks_over(p.planning_locked, p.locks, s.schema_key) l
    where p.id = s.project_id) found
order by s.place, found.rank;

-- free_ids: ids of source rows whose versions an earlier import made and took back: the row gets a new one
update import_staged s set id = gen_random_uuid(), id_wanted = false
where s.import_id = %(import_id)s and s.id_wanted and exists (
    select from sidecar.imported i where i.row_id = s.id and i.rolled_back_at is not null and i.kind = 'version');

-- add_runs: runs that ended elsewhere, with their times
insert into public.task_executions
    (id, project_id, name, workflow_type, session_id, status, engine, started_at, completed_at, date_created, request_id,
     user_created)
select r.id, r.project_id, r.name, r.workflow_type, r.session_id, 'completed', 'import',
       coalesce(r.started_at, r.completed_at, now()), coalesce(r.completed_at, r.started_at, now()),
       coalesce(r.started_at, now()), %(request_id)s, %(actor_id)s
from jsonb_to_recordset(%(runs)s) as r(
    id uuid, project_id uuid, name text, workflow_type text, session_id text, started_at timestamptz,
    completed_at timestamptz);

-- supersede_replaced: versions of source rows that have changed since give way, unless somebody decided otherwise
update public.artifact_versions v set status = 'superseded' from import_staged s
where s.import_id = %(import_id)s and s.status = 'approved' and v.id = s.replaces and v.status = 'approved'
returning v.id, v.project_id, v.source_task_id, s.source_key;

-- add_versions: in the order of the source; a trigger numbers them. People who are not in this Directus are left out.
insert into public.artifact_versions
    (id, project_id, schema_key, status, review_state, artifact_type, value, metadata, tags, primary_file_id, source_url,
     content_hash, source_task_id, execution_id, request_id, rejection_reason, approved_at, approved_by, user_created,
     date_created)
select s.id, s.project_id, s.schema_key, s.status, s.review_state, s.artifact_type, s.value, s.metadata, s.tags,
       s.file_ids[1], s.source_url, s.content_hash, s.source_task_id, coalesce(s.run_id, e.id), %(request_id)s,
       s.rejection_reason, s.approved_at, a.id, u.id, coalesce(s.date_created, now())
from import_staged s
left join public.task_executions e on e.id = s.execution_id
left join public.directus_users a on a.id = s.approved_by
left join public.directus_users u on u.id = s.user_created
where s.import_id = %(import_id)s
order by s.place;

-- add_files: the files after the first, which the version's own insert has linked
insert into public.artifact_files (artifact_version_id, directus_files_id, sort)
select s.id, f.id, f.sort from import_staged s
cross join lateral unnest(s.file_ids) with ordinality f (id, sort)
where s.import_id = %(import_id)s and f.sort > 1
order by s.place, f.sort;

-- link_runs: the versions are the outputs of their runs
insert into public.execution_artifacts (execution_id, artifact_version_id, stage)
select v.execution_id, v.id, coalesce(sidecar.stage_reached(v.status, v.review_state, 'generated'), 'generated')
from import_staged s join public.artifact_versions v on v.id = s.id
where s.import_id = %(import_id)s and v.execution_id is not null
on conflict (execution_id, step_id, artifact_version_id, (stage = 'input')) do nothing;

-- add_variants: an alternative is a variant of what it could stand for
insert into public.artifact_relations (from_version_id, to_version_id, relation_type)
select s.id, i.row_id, 'variant_of' from import_staged s
join sidecar.imported i on i.import_id = s.import_id and i.source_key = s.variant_of
where s.import_id = %(import_id)s
order by s.place
on conflict on constraint relation_unique do nothing;

-- add_records: who brought each version in, from which row; what was superseded has a record of that, too
insert into public.artifact_approvals
    (artifact_version_id, project_id, task_id, action, actor_id, actor_type, actor_label, reason, feedback, request_id)
select s.id, s.project_id, s.source_task_id, r.action, %(actor_id)s, %(actor_type)s, %(actor_label)s, r.reason,
       jsonb_build_object('import', %(name)s::text, 'source_key', s.source_key, 'status', s.status), %(request_id)s
from import_staged s cross join lateral (
    values ('import', concat('Imported by ', %(name)s::text, '.')),
           (case s.status when 'superseded' then 'supersede' end, 'It was superseded where it comes from.')) r(action, reason)
where s.import_id = %(import_id)s and r.action is not null
order by s.project_id, s.place, r.action;

-- add_supersede_records: versions that gave way to what their source rows are now
insert into public.artifact_approvals
    (artifact_version_id, project_id, task_id, action, actor_id, actor_type, actor_label, reason, request_id)
select v.id, v.project_id, v.source_task_id, 'supersede', %(actor_id)s, %(actor_type)s, %(actor_label)s,
       'Its source has changed.', %(request_id)s
from public.artifact_versions v where v.id = any(%(ids)s) order by v.project_id, v.id;

-- note_versions: the bookkeeping of the batch, in its transaction
insert into sidecar.imported (import_id, source_key, kind, row_id, fingerprint, file_ids)
select s.import_id, s.source_key, 'version', s.id, s.fingerprint, s.file_ids from import_staged s
where s.import_id = %(import_id)s
on conflict on constraint imported_once do update
set earlier = imported.earlier || imported.row_id, row_id = excluded.row_id, fingerprint = excluded.fingerprint,
    file_ids = excluded.file_ids;

-- note_rows: projects and runs that were made, tasks that were linked
insert into sidecar.imported (import_id, source_key, kind, row_id, fingerprint)
select %(import_id)s, r.source_key, r.kind, r.row_id, decode(r.fingerprint, 'hex')
from jsonb_to_recordset(%(rows)s) as r(source_key text, kind text, row_id uuid, fingerprint text)
on conflict on constraint imported_once do update set fingerprint = excluded.fingerprint;

-- note_writes: what is to be written into the source, before it is
insert into sidecar.import_writes (import_id, source_key, place, old_value, new_value)
select %(import_id)s, r.source_key, r.place, r.old_value, r.new_value
from jsonb_to_recordset(%(writes)s) as r(source_key text, place jsonb, old_value text, new_value text)
on conflict on constraint import_write_once do update
set old_value = excluded.old_value, new_value = excluded.new_value, place = excluded.place, written_at = null,
    restored_at = null,
    previous_value = case when import_writes.written_at is not null and import_writes.restored_at is null
                          then import_writes.new_value else import_writes.previous_value end
where import_writes.restored_at is not null or import_writes.new_value <> excluded.new_value;

-- staged_versions: whole rows of some versions just written, for the check against their projects' templates
select v.* from import_staged s join public.artifact_versions v on v.id = s.id
where s.import_id = %(import_id)s and s.project_id = %(project_id)s order by s.place;

-- versions_of_keys: what the ids that tasks name have become: by the source row's own id, else the version of that id
select w.id as wanted, coalesce(i.row_id, v.id) as version_id
from unnest(%(ids)s::uuid[]) w (id)
left join sidecar.imported i
    on i.import_id = %(import_id)s and i.kind = 'version' and i.source_key = any(
        select concat(t.name, '/', w.id, '#version') from unnest(%(tables)s::text[]) t (name))
left join public.artifact_versions v on v.id = w.id;

-- tasks_known: which tasks there are
select id from public.tasks where id = any(%(ids)s::uuid[]);

-- link_tasks: in the order the task had them; a link that is there takes its place in it
insert into public.task_artifacts (task_id, artifact_version_id, sort)
select r.task_id, r.version_id, r.sort
from jsonb_to_recordset(%(links)s) as r(task_id uuid, version_id uuid, sort integer)
order by r.task_id, r.sort
on conflict on constraint version_linked_once do update set sort = excluded.sort
where task_artifacts.sort is distinct from excluded.sort;

-- projects_awaiting: the next projects with approved versions of an import that no promotion has brought in. By the index
-- of what awaits promotion, which is shorter after each of them.
select v.project_id as id, bool_or(p.template_id is not null) as has_template
from public.artifact_versions v join public.projects p on p.id = v.project_id
where v.status = 'approved' and v.promoted_at is null and v.project_id > %(after)s::uuid
  and exists (select from sidecar.imported i where i.row_id = v.id and i.import_id = %(import_id)s)
group by v.project_id order by v.project_id limit %(limit)s;

-- versions_awaiting: those of one project
select v.id from public.artifact_versions v
where v.project_id = %(project_id)s and v.status = 'approved' and v.promoted_at is null
  and exists (select from sidecar.imported i where i.row_id = v.id and i.import_id = %(import_id)s)
order by v.id;

-- promote_imported: one promotion for each of these projects, locked already, as promote() writes it: the document with
-- all entries under the next number, the versions that are in it now, the row to rebuild it from. Projects without a
-- template only: nothing there asks for documents.
with entering as materialized (
    select v.id, v.project_id, v.schema_key,
           p.context #>> ((sidecar.path_steps(v.schema_key)).way || 'artifact_version_id'::text) as replaces,
           case coalesce(jsonb_typeof(v.value), 'null') when 'object' then v.value when 'null' then '{}'::jsonb
                else jsonb_build_object('value', v.value) end
           || jsonb_build_object('artifact_version_id', v.id, 'version', v.version_number, 'approved_at',
                                 to_char(v.approved_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
           || case when v.primary_file_id is null then '{}'::jsonb
                   else jsonb_build_object('file_id', v.primary_file_id) end as entry
    from public.artifact_versions v join public.projects p on p.id = v.project_id
    where v.project_id = any(%(ids)s::uuid[]) and v.status = 'approved' and v.promoted_at is null
      and exists (select from sidecar.imported i where i.row_id = v.id and i.import_id = %(import_id)s)
), changed as materialized (
    select e.project_id, clock_timestamp() as at, jsonb_agg(jsonb_build_object(
               'schema_key', e.schema_key, 'to_version_id', e.id, 'entry', e.entry, 'from_version_id',
               case when e.replaces ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then e.replaces end)
               order by e.schema_key) as changes
    from entering e group by e.project_id
), written as (
    update public.projects p
    set context = sidecar.context_after(p.context, c.changes, p.context_version + 1, c.at),
        context_version = p.context_version + 1
    from changed c where p.id = c.project_id
    returning p.id, p.context_version
), promoted as (
    update public.artifact_versions v set promoted_at = now() from entering e where v.id = e.id returning v.id
)
insert into public.promotions
    (project_id, context_version, actor_id, actor_label, reason, changes, request_id, date_created)
select w.id, w.context_version, %(actor_id)s, %(actor_label)s, %(reason)s, c.changes, %(request_id)s, c.at
from written w join changed c on c.project_id = w.id order by w.id;

-- finish_import: everything of the source was looked at
update sidecar.imports set state = 'done', finished_at = now(), problems = %(problems)s
where id = %(import_id)s and state <> 'rolled_back';

-- writes_to_do: columns of the source that do not hold the stable address yet, some at a time
select source_key, place, old_value, new_value, previous_value from sidecar.import_writes
where import_id = %(import_id)s and written_at is null and restored_at is null and source_key > %(after)s
order by source_key limit %(limit)s;

-- writes_to_restore: those that hold it
select source_key, place, old_value, new_value, previous_value from sidecar.import_writes
where import_id = %(import_id)s and restored_at is null and source_key > %(after)s
order by source_key limit %(limit)s;

-- written: what stands in the source now
update sidecar.import_writes set written_at = now() where import_id = %(import_id)s and source_key = any(%(source_keys)s);

-- restored: the old values stand again
update sidecar.import_writes set restored_at = now() where import_id = %(import_id)s and source_key = any(%(source_keys)s);

-- versions_left: an import's versions that are still in use, in the order of their source rows, some at a time: of the last
-- row all of them
select i.source_key, v.id, v.project_id
from sidecar.imported i cross join lateral unnest(i.earlier || i.row_id) r (id)
join public.artifact_versions v on v.id = r.id
where i.import_id = %(import_id)s and i.kind = 'version' and i.rolled_back_at is null and i.source_key > %(after)s
  and v.status <> 'archived' and (v.status = 'approved') = coalesce(%(approved)s::boolean, v.status = 'approved')
order by i.source_key fetch first (%(limit)s) rows with ties;

-- decided_since: what somebody did with some of an import's versions since
select v.id, v.schema_key, v.version_number, v.status, d.action, d.actor_label
from public.artifact_versions v
left join lateral (
    select a.action, a.actor_label from public.artifact_approvals a
    where a.artifact_version_id = v.id and a.request_id is distinct from %(request_id)s
      and a.action in ('approve', 'reject', 'supersede', 'request_changes', 'archive', 'withdraw')
    order by a.date_created desc limit 1) d on true
where v.id = any(%(ids)s) and v.status <> 'archived';

-- withdrawn: their bookkeeping says so; rows of the source that are imported again become new versions
update sidecar.imported i set rolled_back_at = now()
where i.import_id = %(import_id)s and i.kind = 'version' and i.rolled_back_at is null
  and not exists (select from public.artifact_versions v where v.id = i.row_id and v.status <> 'archived');

-- archive_projects: projects that the import made and in which nothing else is in use, some at a time. `last`: where the
-- next ones begin.
with next as materialized (
    select i.source_key, i.row_id from sidecar.imported i
    where i.import_id = %(import_id)s and i.kind = 'project' and i.source_key > %(after)s
    order by i.source_key limit %(limit)s
), archived as (
    update public.projects p set status = 'archived' from next
    where p.id = next.row_id and p.status = 'active'
      and not exists (select from public.artifact_versions v
                      where v.project_id = p.id and v.status not in ('rejected', 'archived'))
    returning p.id
)
select max(next.source_key) as last, (select count(*) from archived) as archived from next;

-- roll_back: nothing of it stands; the next import of this name is a new one
update sidecar.imports set state = 'rolled_back', finished_at = now() where id = %(import_id)s;

-- faults_in_rows: versions that are not what the bookkeeping says they were made as. What retention or an erasure took
-- is no fault, here and below.
select i.source_key, 'version_missing' as code, i.row_id::text as said
from sidecar.imported i
where i.import_id = %(import_id)s and i.kind = 'version' and i.rolled_back_at is null
  and not exists (select from public.artifact_versions v where v.id = i.row_id)
union all
select i.source_key, i.kind || '_missing', i.row_id::text from sidecar.imported i
where i.import_id = %(import_id)s and (
    i.kind = 'project' and not exists (select from public.projects p where p.id = i.row_id)
    or i.kind = 'run' and not exists (select from public.task_executions e where e.id = i.row_id)
    or i.kind = 'links' and not exists (select from public.tasks t where t.id = i.row_id))
union all
select i.source_key, 'record_missing', i.row_id::text from sidecar.imported i
where i.import_id = %(import_id)s and i.kind = 'version' and not exists (
    select from public.artifact_approvals a where a.artifact_version_id = i.row_id and a.action = 'import')
union all
select i.source_key, 'files_differ', array_to_string(coalesce(l.ids, '{}'), ', ')
from sidecar.imported i join public.artifact_versions v on v.id = i.row_id
left join lateral (
    select array_agg(f.directus_files_id order by f.sort, f.id) as ids from public.artifact_files f
    where f.artifact_version_id = i.row_id) l on true
where i.import_id = %(import_id)s and i.kind = 'version'
  and (coalesce(l.ids, '{}') is distinct from i.file_ids or v.primary_file_id is distinct from i.file_ids[1])
  -- a version that is still open may have been given more
  and v.status not in ('intermediate', 'pending') and v.bytes_removed_at is null and v.erased_at is null
union all
select i.source_key, 'file_missing', f.id::text
from sidecar.imported i cross join lateral unnest(i.file_ids) f (id)
where i.import_id = %(import_id)s and not exists (select from public.directus_files d where d.id = f.id)
  and not exists (select from public.artifact_versions v
                  where v.id = i.row_id and (v.bytes_removed_at is not null or v.erased_at is not null))
union all
select i.source_key, 'not_promoted', v.id::text
from sidecar.imported i join public.artifact_versions v on v.id = i.row_id
where i.import_id = %(import_id)s and i.kind = 'version' and v.status = 'approved' and v.promoted_at is null
union all
select i.source_key, 'entry_differs', coalesce(e.entry ->> 'artifact_version_id', 'nothing')
from sidecar.imported i join public.artifact_versions v on v.id = i.row_id
join public.projects p on p.id = v.project_id
cross join lateral (select p.context #> (sidecar.path_steps(v.schema_key)).way) e (entry)
where i.import_id = %(import_id)s and i.kind = 'version' and v.status = 'approved' and v.promoted_at is not null
  and e.entry ->> 'artifact_version_id' is distinct from v.id::text
order by 1, 2;

-- faults_in_contexts: projects of an import whose context is not what its promotions give
select p.key as source_key, 'context_differs' as code, p.context_version::text as said
from public.projects p
where p.id in (select v.project_id from sidecar.imported i join public.artifact_versions v on v.id = i.row_id
               where i.import_id = %(import_id)s and i.kind = 'version')
  and p.context is distinct from sidecar.context_as_of(p.id, p.context_version);

-- contents: what the hashes of an import's versions are worked out from, some at a time
select i.source_key, v.id, v.value, v.source_url, v.content_hash,
       array(select c.sha256 from public.artifact_files f left join sidecar.file_contents c on c.file_id = f.directus_files_id
             where f.artifact_version_id = v.id order by f.sort, f.id) as hashes
from sidecar.imported i join public.artifact_versions v on v.id = i.row_id
where i.import_id = %(import_id)s and i.kind = 'version' and i.source_key > %(after)s
  and v.bytes_removed_at is null and v.erased_at is null
order by i.source_key limit %(limit)s;

-- files_of_import: each file once, with what its bytes were
select distinct on (f.id) i.source_key, f.id, c.sha256
from sidecar.imported i join public.artifact_versions v on v.id = i.row_id
cross join lateral unnest(i.file_ids) f (id)
left join sidecar.file_contents c on c.file_id = f.id
where i.import_id = %(import_id)s and v.bytes_removed_at is null and v.erased_at is null order by f.id;

-- remember_content: the hash of bytes that passed through our hands
insert into sidecar.file_contents (file_id, sha256, size) values (%(file_id)s, %(sha256)s, %(size)s)
on conflict (file_id) do nothing;

-- user_named: who runs it, by id or e-mail address
select id, coalesce(nullif(trim(concat_ws(' ', first_name, last_name)), ''), email) as label
from public.directus_users where (id::text = %(user)s or lower(email) = lower(%(user)s)) and status = 'active';

-- files_in_no_version: those of some files that no version has
select f.id from unnest(%(ids)s::uuid[]) f (id)
where not exists (select from public.artifact_files l where l.directus_files_id = f.id)
  and not exists (select from public.artifact_versions v where v.primary_file_id = f.id);

-- forget_content: the file was stored for a row that was not taken, and is not kept
delete from sidecar.file_contents where file_id = %(file_id)s;

-- take_time: the role's limits are meant for requests
select set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true);
