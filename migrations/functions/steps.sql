-- Whether a step may start: it is queued, and every step it depends on has completed, by its latest attempt.
create or replace function sidecar.step_is_ready(run uuid, depends_on jsonb, status text)
returns boolean language sql stable as $$
    select status = 'queued' and not exists (
        select from jsonb_array_elements_text(case jsonb_typeof(depends_on) when 'array' then depends_on else '[]' end) d(name)
        where (select s.status from public.execution_steps s where s.execution_id = run and s.step_name = d.name
               order by s.attempt desc, s.date_created desc, s.id desc limit 1) is distinct from 'completed')
$$;

-- The stage a version has reached as an output: what was decided about it, else what was said.
create or replace function sidecar.stage_reached(status text, review_state text, said text)
returns text language sql immutable as $$
    select case when status in ('approved', 'superseded') then 'approved' when status = 'rejected' then 'failed'
                when status = 'pending' and review_state is not null then 'reviewed' else said end
$$;
