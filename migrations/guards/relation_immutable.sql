-- Which version was made from which, and how, is said once. What the producer notes beside it may be corrected.
-- A deleted user's id becomes null: foreign keys act inside a trigger, where the depth is above 0.
create or replace function sidecar.relation_immutable() returns trigger language plpgsql as $$
begin
    raise exception using errcode = '23514', constraint = 'relation_immutable',
        message = 'A relation never changes. Add another one instead.';
end $$;

create or replace trigger g30_relation_immutable before update on public.artifact_relations for each row
    when ((old.id, old.from_version_id, old.to_version_id, old.relation_type, old.date_created)
          is distinct from (new.id, new.from_version_id, new.to_version_id, new.relation_type, new.date_created)
       or (new.user_created is distinct from old.user_created
           and (pg_trigger_depth() = 0 or new.user_created is not null)))
    execute function sidecar.relation_immutable();
alter table public.artifact_relations enable always trigger g30_relation_immutable;
