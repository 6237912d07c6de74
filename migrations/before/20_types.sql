-- What Directus cannot make: it creates json where we need jsonb, and uuid and timestamp columns without defaults.
-- Run again after every change of the Directus schema, so that a column added later is treated too.
do $$
declare
    place record;
begin
    for place in
        select table_name, column_name from information_schema.columns
        where table_schema = 'public' and data_type = 'json'
          and (table_name, column_name) in (
              ('projects', 'context'), ('projects', 'locks'), ('project_templates', 'context_schema'),
              ('project_templates', 'tasks'),
              ('task_executions', 'definition'), ('execution_steps', 'depends_on'), ('execution_steps', 'input'),
              ('execution_steps', 'output'), ('execution_steps', 'parameters'), ('execution_steps', 'definition'),
              ('artifact_versions', 'value'), ('artifact_versions', 'metadata'), ('artifact_versions', 'tags'),
              ('artifact_relations', 'metadata'), ('artifact_transfers', 'result'), ('artifact_approvals', 'feedback'), ('promotions', 'changes'),
              ('webhook_endpoints', 'events'))
    loop
        execute format('alter table public.%I alter column %I type jsonb using %I::jsonb',
                       place.table_name, place.column_name, place.column_name);
    end loop;

    -- Rows inserted beside Directus need an id; Directus makes its own.
    for place in
        select table_name, column_name from information_schema.columns
        where table_schema = 'public' and column_name = 'id' and data_type = 'uuid' and column_default is null
          and table_name in (
              'projects', 'project_templates', 'tasks', 'task_executions', 'execution_steps', 'artifact_versions',
              'artifact_files', 'task_artifacts', 'execution_artifacts', 'artifact_relations', 'artifact_approvals',
              'promotions', 'documents', 'artifact_transfers', 'webhook_endpoints')
    loop
        execute format('alter table public.%I alter column id set default gen_random_uuid()', place.table_name);
    end loop;

    -- Paths compare byte by byte: a prefix is then a range of the index, whatever the database's language.
    if exists (select from information_schema.columns where table_schema = 'public' and table_name = 'artifact_versions'
               and column_name = 'schema_key' and collation_name is distinct from 'C') then
        alter table public.artifact_versions alter column schema_key type varchar(255) collate "C";
    end if;
end $$;

alter table public.projects alter column context set default '{}';
alter table public.projects alter column context_version set default 0;
alter table public.artifact_versions alter column status set default 'pending';
alter table public.artifact_versions alter column date_created set default current_timestamp;
alter table public.artifact_approvals alter column date_created set default current_timestamp;
alter table public.promotions alter column date_created set default current_timestamp;

-- Projects that were here before us have neither.
update public.projects set context = coalesce(context, '{}'), context_version = coalesce(context_version, 0)
where context is null or context_version is null;
