-- The approvals of a path: each version that was approved, with the record that approved it. Of several records (votes
-- before it, a promotion by somebody else after it) it is the first that is not older than the approval.
create or replace function sidecar.approvals_of_path(project uuid, path text)
returns table (version_id uuid, version_number integer, record_id uuid, approved timestamptz, reason text)
language sql stable as $$
    select v.id, v.version_number, a.id, a.date_created, a.reason
    from public.artifact_versions v
    cross join lateral (
        select r.id, r.date_created, r.reason from public.artifact_approvals r
        where r.artifact_version_id = v.id and r.action = 'approve' and r.date_created >= v.approved_at
        order by r.date_created, r.id limit 1) a
    where v.project_id = project and v.schema_key = path and v.approved_at is not null
$$;

-- What was chosen over a version that was turned down: the version approved together with that decision, else the first
-- one approved that is newer. Once it is there it stays the same, whatever is decided later.
create or replace function sidecar.chosen_over(project uuid, path text, number integer, turned_down timestamptz)
returns table (version_id uuid, version_number integer, record_id uuid, approved timestamptz, reason text)
language sql stable as $$
    select a.* from sidecar.approvals_of_path(project, path) a
    where a.version_number > number or a.approved = turned_down
    order by a.approved = turned_down desc, a.approved, a.record_id limit 1
$$;
