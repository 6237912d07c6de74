-- Approve and promote as one call inside the database: what the same statements cost without HTTP, Python and round trips.
-- It writes the same rows as POST /v1/artifacts/{id}/approve (same.py compares them on every run). Guards and foreign keys
-- are in force. Where the product's statements change, change these likewise: they stand in the product's order.
create or replace function bench.approve_and_promote(version uuid, actor uuid, label text) returns jsonb
language plpgsql as $$
declare
    project record;
    candidate record;
    old record;
    entry jsonb;
    number integer;
    promotion uuid := gen_random_uuid();
    request text := gen_random_uuid()::text;
    at text := to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    way text[];
begin
    -- promotion: lock_projects_of_versions; review: lock_versions
    select p.id, p.context, p.context_version into project from public.projects p
    where p.id in (select v.project_id from public.artifact_versions v where v.id = version)
    order by p.id for no key update of p;
    select v.* into candidate from public.artifact_versions v where v.id = version for no key update of v;
    if candidate.status <> 'pending' then
        raise exception 'version % is %', version, candidate.status;
    end if;

    -- review: supersede, approve
    update public.artifact_versions set status = 'superseded'
    where project_id = project.id and schema_key = candidate.schema_key and status = 'approved' and id <> version
    returning * into old;
    update public.artifact_versions
    set status = 'approved', review_state = null, approved_at = now(), approved_by = actor
    where id = version and status = 'pending' returning * into candidate;

    -- promotion: write_promotion. The document as PostgreSQL itself can place an entry, whatever the product does for it.
    number := project.context_version + 1;
    way := string_to_array(candidate.schema_key, '.');
    entry := candidate.value || jsonb_build_object('artifact_version_id', candidate.id, 'approved_at', at,
                                                   'version', candidate.version_number);
    update public.projects set context_version = number, context = jsonb_set(
        jsonb_set(project.context, way, entry), '{_meta}', project.context -> '_meta' || jsonb_build_object(
            'schema_version', '1.0.0', 'last_updated', at, 'context_version', number,
            'total_artifacts', (project.context #>> '{_meta,total_artifacts}')::integer))
    where id = project.id;
    update public.artifact_versions set promoted_at = now() where id = version;
    insert into public.promotions (id, project_id, context_version, actor_id, actor_label, reason, changes, request_id,
                                   date_created)
    values (promotion, project.id, number, actor, label, null, jsonb_build_array(jsonb_build_object(
        'schema_key', candidate.schema_key, 'from_version_id', project.context #>> (way || '{artifact_version_id}'),
        'to_version_id', candidate.id, 'entry', entry)), request, now());

    -- audit: an approval, and what it superseded
    insert into public.artifact_approvals
        (artifact_version_id, project_id, task_id, action, actor_id, actor_type, actor_label, reason, promotion_id,
         request_id)
    values (version, project.id, candidate.source_task_id, 'approve', actor, 'human', label, null, promotion, request),
           (old.id, project.id, old.source_task_id, 'supersede', actor, 'human', label,
            format('Superseded by version %s.', candidate.version_number), promotion, request)
    on conflict do nothing;

    return jsonb_build_object('project_id', project.id, 'context_version', number, 'promoted', version,
                              'superseded', old.id);
end $$;

-- What pgbench calls: the n-th pending version of a caller.
create or replace function bench.approve_nth(lot text, caller integer, n integer, actor uuid, label text) returns jsonb
language sql as $$ select bench.approve_and_promote(bench.version_id(lot, caller, n), actor, label) $$;
