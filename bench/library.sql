-- A registry as people fill one, for searching: 1,000 versions a project on average, a few projects large and most small,
-- begun one after the other over three years; some forty paths each, five versions a path, values of 1 to 2 kB of words as
-- frequent as words are, tags, people, tasks, runs. Run as administrator with the triggers off (stack.py).
create schema if not exists bench;

-- The n-th word there is: the 20 first ones stand in nearly every text, the last ones in few.
create or replace function bench.word(n double precision) returns text language sql immutable strict parallel safe as
$$ select substr(md5('word/' || floor(n)::bigint), 1, 3 + floor(n)::integer % 6) || floor(n)::bigint % 89 $$;

create table if not exists bench.snippets (n integer primary key, words text not null);

-- 5,000 texts of 60 to 120 words, by Zipf's law out of 20,000.
create or replace function bench.add_snippets() returns void language sql as $$
    insert into bench.snippets
    select n, w.words from generate_series(0, 4999) n
    cross join lateral (select string_agg(bench.word(exp(random() * ln(20000))), ' ') as words
                        from generate_series(1, 60 + n % 60)) w
    on conflict do nothing
$$;

create or replace function bench.library_path(k integer) returns text language sql immutable strict parallel safe as $$
    select case when k < 8 then (array['brand.logo', 'brand.colors', 'brand.claim', 'panel_plan', 'cover', 'song',
                                       'deliverables.business_card', 'deliverables.poster'])[k + 1]
                when k % 3 = 0 then 'scene_images[' || k / 3 || ']'
                when k % 3 = 1 then 'scenes[' || k / 3 || '].dialogue'
                else 'scenes[' || k / 3 || '].render_spec' end
$$;

-- How many paths project p has: 1,000 projects have 200,000 together.
create or replace function bench.library_paths(p integer) returns integer language sql immutable strict parallel safe as
$$ select case when p % 100 = 7 then 2000 when p % 10 = 3 then 600 else 134 end $$;

create or replace function bench.add_library(lot text, first integer, last integer) returns void
language plpgsql as $$
begin
    insert into public.projects (id, key, title, kind, status, context, context_version)
    select bench.project_id(lot, p), lot || '-' || p, 'Project ' || p, 'project', 'active', '{}', 0
    from generate_series(first, last) p;

    insert into public.tasks (id, title, project_id, status)
    select md5(lot || '/task/' || p || '/' || t)::uuid, 'Task ' || t, bench.project_id(lot, p), 'needs_review'
    from generate_series(first, last) p, generate_series(0, 19) t;

    insert into public.task_executions (id, project_id, task_id, name, status)
    select md5(lot || '/run/' || p || '/' || t)::uuid, bench.project_id(lot, p),
           md5(lot || '/task/' || p || '/' || t)::uuid, 'run', 'completed'
    from generate_series(first, last) p, generate_series(0, 19) t;

    insert into public.artifact_versions (id, project_id, schema_key, version_number, status, review_state, artifact_type,
        value, metadata, tags, source_task_id, execution_id, user_created, approved_at, promoted_at, rejection_reason,
        date_created)
    select md5(lot || '/v/' || p || '/' || k || '/' || n)::uuid, bench.project_id(lot, p), bench.library_path(k), n, s.status,
           case when s.status = 'pending' and h % 10 = 0 then 'changes_requested' end,
           (array['image', 'image', 'json', 'text', 'audio'])[1 + k % 5],
           jsonb_build_object('prompt', a.words, 'notes', b.words, 'theme', 'theme' || p, 'code', 'code' || h || 'x' || n,
                              'seed', h, 'width', 1024, 'season', 'season' || p / 100),
           jsonb_build_object('model', 'painter-' || k % 7, 'cost', h % 1000),
           case when h % 4 = 0 then jsonb_build_array((array['draft', 'final', 'blue', 'print'])[1 + h % 3])
                when h % 1000 = 1 then '["rare"]' end,
           case when h % 2 = 0 then md5(lot || '/task/' || p || '/' || k % 20)::uuid end,
           case when h % 3 = 0 then md5(lot || '/run/' || p || '/' || k % 20)::uuid end,
           md5('user/' || least(h % 40, h % 7))::uuid,
           case when s.status in ('approved', 'superseded') then d.at + interval '1 hour' end,
           case when s.status = 'superseded' or (s.status = 'approved' and h % 200 > 0) then d.at + interval '2 hours' end,
           case when s.status = 'rejected' then 'Not right.' end, d.at
    from generate_series(first, last) p
    cross join lateral generate_series(0, bench.library_paths(p) - 1) k
    cross join generate_series(1, 5) n
    cross join lateral (select abs(hashint8(p::bigint * 1000003 + k * 7 + n)) as h, abs(hashint8(p * 5003 + k)) % 100 as r) x
    cross join lateral (select case
        when n = 5 then case when h % 1000 = 999 and r < 15 then 'intermediate' when r < 15 then 'pending'
                             when r < 35 then 'rejected' else 'approved' end
        when n = 4 and r < 35 then 'approved'
        when h % 100 = 0 then 'pending' when h % 100 < 20 then 'rejected' when h % 500 = 499 then 'archived'
        else 'superseded' end as status) s
    cross join lateral (select timestamptz '2024-01-01' + make_interval(days => p, mins => k * 30 + n * 700, secs => h % 60)
        as at) d
    join bench.snippets a (number, words) on a.number = h % 5000
    join bench.snippets b (number, words) on b.number = (h / 5000) % 5000;

    insert into public.task_artifacts (task_id, artifact_version_id, sort)
    select v.source_task_id, v.id, 1 from generate_series(first, last) p
    join public.artifact_versions v on v.project_id = bench.project_id(lot, p) where v.source_task_id is not null;
end $$;
