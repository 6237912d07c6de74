-- What the measurements work on. Everything lies in schema `bench` of a database that is removed afterwards.
-- The functions run as administrator with the triggers off (stack.py): a million versions in a minute.
create schema if not exists bench;
grant usage on schema bench to artifacts_sidecar;

-- The id of the n-th pending version of a caller of a lot; the client computes the same (lots.py).
create or replace function bench.version_id(lot text, caller integer, n integer) returns uuid
language sql immutable strict parallel safe as $$ select md5(lot || '/version/' || caller || '/' || n)::uuid $$;

create or replace function bench.project_id(lot text, number integer) returns uuid
language sql immutable strict parallel safe as $$ select md5(lot || '/project/' || number)::uuid $$;

-- Paths have two steps, as `scene_00012.image`.
create or replace function bench.path(number integer) returns text
language sql immutable strict parallel safe as $$ select 'scene_' || lpad(number::text, 5, '0') || '.image' $$;

-- A value of the size that image generators report: about 200 bytes.
create or replace function bench.value(n integer) returns jsonb
language sql immutable strict parallel safe as $$
    select jsonb_build_object('prompt', 'a lighthouse above the fog at dawn, wide, film grain', 'seed', n * 7919,
                              'width', 1024, 'height', 1024, 'model', 'painter-xl', 'steps', 30, 'guidance', 6.5)
$$;

create or replace function bench.entry(id uuid, number integer, at timestamptz) returns jsonb
language sql stable strict parallel safe as $$
    select bench.value(number) || jsonb_build_object('artifact_version_id', id, 'version', number,
        'approved_at', to_char(at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
$$;

-- Projects whose context holds `paths` entries, each an approved version 1; promotion 0 says it was adopted.
create or replace function bench.add_projects(lot text, projects integer, paths integer) returns void
language plpgsql as $$
begin
    insert into public.artifact_versions (id, project_id, schema_key, version_number, status, artifact_type, value,
                                          approved_at, promoted_at, date_created)
    select md5(lot || '/first/' || p || '/' || k)::uuid, bench.project_id(lot, p), bench.path(k), 1, 'approved', 'image',
           bench.value(1), now(), now(), now()
    from generate_series(0, projects - 1) p, generate_series(0, paths - 1) k;

    insert into public.projects (id, key, title, kind, status, context, context_version)
    select bench.project_id(lot, p), lot || '-' || p, lot || ' ' || p, 'project', 'active', c.context, 1
    from generate_series(0, projects - 1) p, lateral (
        select jsonb_object_agg(split_part(bench.path(k), '.', 1), jsonb_build_object('image',
                   bench.entry(md5(lot || '/first/' || p || '/' || k)::uuid, 1, now())))
               || jsonb_build_object('_meta', jsonb_build_object('schema_version', '1.0.0', 'context_version', 1,
                   'total_artifacts', paths, 'last_updated', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))
               as context
        from generate_series(0, paths - 1) k) c;

    insert into public.promotions (id, project_id, context_version, actor_label, reason, changes, date_created)
    select md5(lot || '/adopted/' || p)::uuid, id, 0, 'bench', 'Adopted.',
           jsonb_build_array(jsonb_build_object('schema_key', '', 'entry', context)), now()
    from generate_series(0, projects - 1) p join public.projects on id = bench.project_id(lot, p);
end $$;

-- Pending versions for each of `callers`: of their own path each, in one project (`shared`) or one project each.
create or replace function bench.add_pending(lot text, callers integer, versions integer, shared boolean) returns void
language sql as $$
    insert into public.artifact_versions (id, project_id, schema_key, version_number, status, artifact_type, value,
                                          parent_id, date_created)
    select bench.version_id(lot, c, n), bench.project_id(lot, case when shared then 0 else c end), bench.path(c), n + 2,
           'pending', 'image', bench.value(n + 2), case when n = 0 then null else bench.version_id(lot, c, n - 1) end, now()
    from generate_series(0, callers - 1) c, generate_series(0, versions - 1) n
$$;

-- A registry that has been used: 100 paths a project, 10 versions a path: 8 superseded or rejected, one approved, one
-- pending; for each path the task that made them, done; for each decision its record, for each approval its promotion.
-- Call it for a range of projects at a time.
create or replace function bench.add_history(lot text, first integer, last integer) returns void
language plpgsql as $$
begin
    insert into public.tasks (id, title, project_id, status, schema_key)
    select md5(lot || '/task/' || p || '/' || k)::uuid, 'Paint ' || k, bench.project_id(lot, p), 'done', bench.path(k)
    from generate_series(first, last) p, generate_series(0, 99) k;

    insert into public.task_artifacts (task_id, artifact_version_id, sort)
    select md5(lot || '/task/' || p || '/' || k)::uuid, md5(lot || '/h/' || p || '/' || k || '/' || n)::uuid, n
    from generate_series(first, last) p, generate_series(0, 99) k, generate_series(1, 10) n;

    insert into public.artifact_versions (id, project_id, schema_key, version_number, status, artifact_type, value,
                                          source_task_id, approved_at, promoted_at, date_created)
    select md5(lot || '/h/' || p || '/' || k || '/' || n)::uuid, bench.project_id(lot, p), bench.path(k), n,
           case when n = 10 then 'pending' when n = 9 then 'approved' when n % 4 = 0 then 'rejected' else 'superseded' end,
           'image', bench.value(n), md5(lot || '/task/' || p || '/' || k)::uuid,
           case when n < 10 and n % 4 > 0 then now() end,
           case when n < 10 and n % 4 > 0 then now() end, now() - make_interval(mins => (10 - n) * 60 + k)
    from generate_series(first, last) p, generate_series(0, 99) k, generate_series(1, 10) n;

    insert into public.artifact_approvals (artifact_version_id, project_id, action, actor_type, actor_label, date_created)
    select v.id, v.project_id, case when v.status = 'rejected' then 'reject' else 'approve' end, 'system', 'bench',
           v.date_created
    from generate_series(first, last) p
    join public.artifact_versions v on v.project_id = bench.project_id(lot, p) and v.status <> 'pending';

    insert into public.promotions (project_id, context_version, actor_label, changes, date_created)
    select bench.project_id(lot, p), row_number() over (partition by p order by n, k), 'bench', jsonb_build_array(
               jsonb_build_object('schema_key', bench.path(k), 'from_version_id', null,
                   'to_version_id', md5(lot || '/h/' || p || '/' || k || '/' || n)::uuid,
                   'entry', bench.entry(md5(lot || '/h/' || p || '/' || k || '/' || n)::uuid, n, now()))), now()
    from generate_series(first, last) p, generate_series(0, 99) k, generate_series(1, 9) n where n % 4 > 0;

    insert into public.projects (id, key, title, kind, status, context, context_version)
    select bench.project_id(lot, p), lot || '-' || p, lot || ' ' || p, 'project', 'active', c.context, 700
    from generate_series(first, last) p, lateral (
        select jsonb_object_agg(split_part(bench.path(k), '.', 1), jsonb_build_object('image',
                   bench.entry(md5(lot || '/h/' || p || '/' || k || '/9')::uuid, 9, now())))
               || jsonb_build_object('_meta', jsonb_build_object('schema_version', '1.0.0', 'context_version', 700,
                   'total_artifacts', 100, 'last_updated', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))
               as context
        from generate_series(0, 99) k) c;
end $$;
