-- Promotions are written by the sidecar.
create or replace function sidecar.promotion_by_registry() returns trigger language plpgsql as $$
begin
    raise exception using errcode = '23514', constraint = 'promotion_by_registry',
        message = 'Promotions are written by the artifact registry.';
end $$;

create or replace trigger g10_promotion_by_registry before insert on public.promotions for each row
    when (current_user <> 'artifacts_sidecar')
    execute function sidecar.promotion_by_registry();
alter table public.promotions enable always trigger g10_promotion_by_registry;
