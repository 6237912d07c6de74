-- Undoes the statement that calls it: what its caller had read no longer stands.
create or replace function sidecar.changed_meanwhile() returns integer language plpgsql as $$
begin
    raise exception using errcode = '40001', message = 'Something else was decided in between.';
end $$;
