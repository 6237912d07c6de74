-- lock_versions: the versions to decide, in one order for everybody. `replaces` is the version whose entry stands at the
-- path in the context; `unfinished` says that some task, by source or by link, still works on it.
select v.*, p.context #>> ((sidecar.path_steps(v.schema_key)).way || 'artifact_version_id'::text) as replaces,
       (exists (select from public.tasks t where t.id = v.source_task_id and t.status not in ('done', 'cancelled'))
        or exists (select from public.task_artifacts l join public.tasks t on t.id = l.task_id
                   where l.artifact_version_id = v.id and t.status not in ('done', 'cancelled'))) as unfinished
from public.artifact_versions v join public.projects p on p.id = v.project_id
where v.id = any(%(ids)s) order by v.id for no key update of v;

-- version_exists: for answers about records
select id from public.artifact_versions where id = %(id)s;

-- votes: who else has approved a pending version, and whether the caller has
select count(distinct coalesce(actor_id::text, actor_label)) filter (
           where (actor_id, actor_label) is distinct from (%(actor_id)s::uuid, %(actor_label)s::text)
             and (actor_id is null or actor_id is distinct from %(actor_id)s::uuid)) as others,
       coalesce(bool_or(case when %(actor_id)s::uuid is null then actor_id is null and actor_label = %(actor_label)s::text
                             else actor_id = %(actor_id)s::uuid end), false) as own
from public.artifact_approvals where artifact_version_id = %(id)s and action = 'approve';

-- other_candidates: what else waits at the paths of some versions
select v.id from public.artifact_versions v
join public.artifact_versions chosen on chosen.project_id = v.project_id and chosen.schema_key = v.schema_key
where chosen.id = any(%(ids)s) and v.status = 'pending' and v.id <> all(%(named)s)
order by v.id;

-- supersede: the approved versions that give way, before their successors are approved (one approved per path)
update public.artifact_versions set status = 'superseded'
where project_id = %(project_id)s and schema_key = any(%(schema_keys)s) and status = 'approved' and id <> all(%(ids)s)
returning *;

-- approve: pending versions become approved
update public.artifact_versions
set status = 'approved', review_state = null, approved_at = now(), approved_by = %(actor_id)s
where id = any(%(ids)s) and status = 'pending'
returning *;

-- reject: a pending version becomes rejected, with the reason that teaches
update public.artifact_versions set status = 'rejected', review_state = null, rejection_reason = %(reason)s
where id = %(id)s and status = 'pending'
returning *;

-- request_changes: stays pending, leaves the inbox
update public.artifact_versions set review_state = 'changes_requested'
where id = %(id)s and status = 'pending'
returning *;

-- submit: an intermediate version asks for review
update public.artifact_versions set status = 'pending' where id = %(id)s and status = 'intermediate' returning *;

-- ask_for_review: the tasks of drafts that were submitted wait for a person; a cancelled one stays cancelled
update public.tasks set status = 'needs_review'
where id in (select source_task_id from public.artifact_versions where id = any(%(ids)s))
  and status is distinct from 'needs_review' and status is distinct from 'cancelled';

-- submitted: what the rules of its project's template are asked about
select v.schema_key, v.value, t.context_schema from public.artifact_versions v
join public.projects p on p.id = v.project_id join public.project_templates t on t.id = p.template_id
where v.id = %(id)s;

-- archive: put away what is not in the context
update public.artifact_versions set status = 'archived', review_state = null
where id = %(id)s and status in ('intermediate', 'pending', 'rejected', 'superseded')
returning *;

-- keep_rejection_reason: a reason that comes after the rejection; the first one stays what the next run reads
update public.artifact_versions set rejection_reason = %(reason)s
where id = %(id)s and status = 'rejected' and rejection_reason is null;

-- own_record: the caller's latest record of this action on a version; programs are told apart by their label
select * from public.artifact_approvals
where artifact_version_id = %(id)s and action = %(action)s and actor_id is not distinct from %(actor_id)s
  and (actor_id is not null or actor_label = %(actor_label)s)
order by date_created desc, id limit 1;

-- any_record: the latest record of this action on a version, whoever wrote it
select * from public.artifact_approvals
where artifact_version_id = %(id)s and action = %(action)s
order by date_created desc, id limit 1;

-- add_reason: the one change an approval record takes, while it has no reason
update public.artifact_approvals set reason = %(reason)s, feedback = coalesce(%(feedback)s, feedback)
where id = %(id)s and reason is null
returning *;

-- withdraw: out of the context without a successor
update public.artifact_versions set status = 'archived' where id = %(id)s and status = 'approved' returning *;

-- complete_tasks: the tasks of the decided versions, when the caller asks for it
update public.tasks set status = 'done'
where id = any(%(ids)s) and status not in ('done', 'cancelled') returning id;

-- approvals_of_version: every record of a version, oldest first
select * from public.artifact_approvals where artifact_version_id = %(id)s order by date_created, id;

-- approvals_of_versions: the same of several versions
select * from public.artifact_approvals where artifact_version_id = any(%(ids)s::uuid[]) order by date_created, id;

-- standing: what the approval of one version depends on, read without a lock. `occupied` says that the context holds an
-- entry at the path although no version of it is approved; where one is approved and promoted, the entry is its own.
select v.id, v.project_id, v.schema_key, v.version_number, v.status, v.review_state, v.artifact_type, v.value,
       v.primary_file_id, v.source_url, v.source_task_id, v.user_created, t.context_schema, old.id as old_id, old.version_number as old_number,
       old.source_task_id as old_task_id, old.promoted_at as old_promoted_at, old.id::text as replaces,
       case when old.id is null then p.context #> (sidecar.path_steps(v.schema_key)).way is not null end as occupied,
       now() as now
from public.artifact_versions v
join public.projects p on p.id = v.project_id
left join public.project_templates t on t.id = p.template_id
left join public.artifact_versions old
    on old.project_id = v.project_id and old.schema_key = v.schema_key and old.status = 'approved'
where v.id = %(id)s;

-- approve_at_once: approvals of one project and their promotions in one statement, each under a number of its own. Every
-- part waits for the one before it: the document with all of them in it (its row is the project's lock), the versions that
-- give way, the ones that take their places, the rows that tell of it. If one part does not find what `standing` saw,
-- sidecar.changed_meanwhile() undoes all of it. Joins instead of arrays: their plan is the same for one and for many, and
-- is made once.
with wanted as materialized (
    select w.* from jsonb_to_recordset(%(wanted)s) as w(
        place integer, id uuid, old_id uuid, primary_file_id uuid, approved_at timestamptz, actor_id uuid, actor_label text, reason text,
        request_id text, promotion_id uuid, changes jsonb)
), written as (
    update public.projects
    set context = sidecar.context_after(context, %(changes)s, context_version + %(count)s, clock_timestamp()),
        context_version = context_version + %(count)s
    where id = %(project_id)s
    returning context_version - %(count)s as before, (context #>> '{_meta,last_updated}')::timestamptz as at
), superseded as (
    update public.artifact_versions v set status = 'superseded' from wanted w
    where v.id = w.old_id and v.status = 'approved' and v.promoted_at is not null and exists (select from written)
    returning v.id
), approved as (
    update public.artifact_versions v
    set status = 'approved', review_state = null, approved_at = w.approved_at, approved_by = w.actor_id,
        promoted_at = now()
    from wanted w
    where v.id = w.id and v.status = 'pending' and exists (select from written)
      -- a pending version's file may still come, and the entry names it
      and v.primary_file_id is not distinct from w.primary_file_id
      and (select count(*) from superseded) = (select count(old_id) from wanted)
    returning v.id
), kept as (
    insert into public.promotions
        (id, project_id, context_version, actor_id, actor_label, reason, changes, request_id, date_created)
    select w.promotion_id, %(project_id)s, written.before + w.place, w.actor_id, w.actor_label, w.reason, w.changes,
           w.request_id, written.at
    from written, wanted w
    where (select count(*) from approved) = %(count)s
    returning id
), recorded as (
    insert into public.artifact_approvals
        (artifact_version_id, project_id, task_id, action, actor_id, actor_type, actor_label, reason, feedback,
         promotion_id, request_id)
    select r.artifact_version_id, %(project_id)s, r.task_id, r.action, r.actor_id, r.actor_type, r.actor_label,
           r.reason, nullif(r.feedback, 'null'), r.promotion_id, r.request_id
    from jsonb_to_recordset(%(records)s) as r(
        artifact_version_id uuid, task_id uuid, action text, actor_id uuid, actor_type text, actor_label text,
        reason text, feedback jsonb, promotion_id uuid, request_id text)
    where exists (select from kept)
    on conflict do nothing
)
select coalesce((select before from written, kept limit 1), sidecar.changed_meanwhile()) as before;
