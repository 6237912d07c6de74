-- Where a decided version comes from is part of what was decided: its relations are kept. Before the first decision a
-- relation that was a mistake may be taken back.
create or replace function sidecar.relation_kept() returns trigger language plpgsql as $$
declare
    decided boolean := true;
begin
    if tg_op = 'DELETE' then
        -- FOR SHARE waits for a decision that is being written, and then reads it.
        select v.status not in ('intermediate', 'pending') or v.review_state is not null into decided
        from public.artifact_versions v where v.id = old.from_version_id for share;
    end if;
    if decided then
        raise exception using errcode = '23514', constraint = 'relation_kept',
            message = 'The relations of a decided version are kept. Add another relation instead.';
    end if;
    return old;
end $$;

create or replace trigger g60_relation_kept before delete on public.artifact_relations for each row
    execute function sidecar.relation_kept();
create or replace trigger g70_relation_kept before truncate on public.artifact_relations for each statement
    execute function sidecar.relation_kept();
alter table public.artifact_relations enable always trigger g60_relation_kept, enable always trigger g70_relation_kept;
