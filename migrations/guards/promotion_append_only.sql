-- The history of a context is never changed or deleted; only a deleted user's id becomes null. When a version is erased,
-- the sidecar's role takes its entry out: exactly that, and nothing else of the row.
create or replace function sidecar.promotion_append_only() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and current_user = 'artifacts_sidecar'
       and to_jsonb(old) - 'changes' = to_jsonb(new) - 'changes' and new.changes = sidecar.erased_changes(old.changes) then
        return new;
    end if;
    raise exception using errcode = '23514', constraint = 'promotion_append_only',
        message = 'Promotion records are never changed or deleted.';
end $$;

create or replace trigger g30_promotion_append_only before update on public.promotions for each row
    when (not (pg_trigger_depth() > 0 and new.actor_id is null
               and to_jsonb(old) - 'actor_id' = to_jsonb(new) - 'actor_id'))
    execute function sidecar.promotion_append_only();
create or replace trigger g60_promotion_append_only before delete on public.promotions for each row
    execute function sidecar.promotion_append_only();
create or replace trigger g70_promotion_append_only before truncate on public.promotions for each statement
    execute function sidecar.promotion_append_only();
alter table public.promotions enable always trigger g30_promotion_append_only,
    enable always trigger g60_promotion_append_only, enable always trigger g70_promotion_append_only;
