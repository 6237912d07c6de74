-- A project starts with an empty context, and only promotions change it.
create or replace function sidecar.context_by_registry() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        new.context := coalesce(new.context, '{}');
        new.context_version := coalesce(new.context_version, 0);
        if current_user = 'artifacts_sidecar' or (new.context = '{}' and new.context_version = 0) then
            return new;
        end if;
    end if;
    raise exception using errcode = '23514', constraint = 'context_by_registry',
        message = 'The context of a project changes only by promoting approved versions.';
end $$;

create or replace trigger g10_context_by_registry before insert on public.projects for each row
    when (new.context is null or new.context_version is null or new.context <> '{}' or new.context_version <> 0)
    execute function sidecar.context_by_registry();
create or replace trigger g40_context_by_registry before update on public.projects for each row
    when (current_user <> 'artifacts_sidecar'
          and (old.context, old.context_version) is distinct from (new.context, new.context_version))
    execute function sidecar.context_by_registry();
alter table public.projects enable always trigger g10_context_by_registry, enable always trigger g40_context_by_registry;
