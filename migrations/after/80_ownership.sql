-- An owner can switch triggers off, so nobody who logs in owns the guarded tables.
grant usage, create on schema public to artifacts_owner;
alter table public.artifact_versions owner to artifacts_owner;
alter table public.artifact_approvals owner to artifacts_owner;
alter table public.promotions owner to artifacts_owner;

-- A view over a column keeps it from being dropped through Directus' data model page.
create or replace view sidecar.kept_columns_of_projects as select id, context, context_version from public.projects;
alter view sidecar.kept_columns_of_projects owner to artifacts_owner;
grant select on public.projects to artifacts_owner;

do $$
declare
    item record;
begin
    for item in select p.oid::regprocedure as signature from pg_proc p
                join pg_namespace n on n.oid = p.pronamespace
                where n.nspname = 'sidecar' and pg_get_userbyid(p.proowner) <> 'artifacts_owner'
    loop
        execute format('alter routine %s owner to artifacts_owner', item.signature);
    end loop;
    for item in select c.oid::regclass as name from pg_class c
                join pg_namespace n on n.oid = c.relnamespace
                where n.nspname = 'sidecar' and c.relkind = 'r' and pg_get_userbyid(c.relowner) <> 'artifacts_owner'
    loop
        execute format('alter table %s owner to artifacts_owner', item.name);
    end loop;
    for item in select format('sidecar.%I', t.typname) as name from pg_type t
                join pg_namespace n on n.oid = t.typnamespace
                where n.nspname = 'sidecar' and t.typtype = 'e' and pg_get_userbyid(t.typowner) <> 'artifacts_owner'
    loop
        execute format('alter type %s owner to artifacts_owner', item.name);
    end loop;
end $$;
