-- The locks over a path: its own, those of the paths above it, and the project's, which has no path.
-- A lock of scenes covers scenes[3].image; a lock of scenes[3] does not cover scenes[30].
create or replace function sidecar.locks_over(planning_locked boolean, locks jsonb, path text)
returns table (schema_key text, lock jsonb) language sql immutable parallel safe as $$
    select l.key, l.value
    from jsonb_each(case jsonb_typeof(locks) when 'object' then locks else '{}' end) l
    where l.key = path or starts_with(path, l.key || '.') or starts_with(path, l.key || '[')
    union all
    select null, coalesce(locks -> '*', '{}') where planning_locked
$$;
