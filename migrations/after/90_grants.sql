-- No role holds more than it uses.
grant usage on schema sidecar to artifacts_sidecar, artifacts_directus;

-- Directus works with its rows as before; the guards decide which of its writes stand.
grant select, insert, update, delete, references
    on public.artifact_versions, public.artifact_approvals, public.promotions to artifacts_directus;

-- The sidecar
grant usage on schema public to artifacts_sidecar;
grant select, insert, update on public.artifact_versions, public.projects, public.tasks, public.documents,
    public.task_artifacts, public.execution_artifacts, public.artifact_approvals, public.task_executions,
    public.execution_steps, public.artifact_transfers to artifacts_sidecar;
-- delete: a link gives way to the same link made anew (30_primary_file.sql); nothing else is deleted.
grant select, insert, update, delete on public.artifact_files to artifacts_sidecar;
grant select, insert on public.artifact_relations, public.promotions to artifacts_sidecar;
-- Erasing takes an entry out of a promotion, and copies out of Directus' own history.
grant update (changes) on public.promotions to artifacts_sidecar;
grant select (id, collection, item, data, delta), update (data, delta) on public.directus_revisions to artifacts_sidecar;
grant select on public.project_templates to artifacts_sidecar;
grant select, insert, update on public.webhook_endpoints to artifacts_sidecar;
-- Administrators are told when an endpoint is switched off.
grant insert (recipient, status, subject, message, collection, item) on public.directus_notifications to artifacts_sidecar;
do $$
begin
    execute format('grant usage on sequence %s to artifacts_sidecar',
                   pg_get_serial_sequence('public.directus_notifications', 'id'));
end $$;

-- Who is calling, and which files there are: these columns of Directus' own tables, nothing else of them.
grant select (id, first_name, last_name, email, status, role) on public.directus_users to artifacts_sidecar;
grant select (id, parent) on public.directus_roles to artifacts_sidecar;
grant select (id, admin_access, ip_access) on public.directus_policies to artifacts_sidecar;
grant select (id, "user", role, policy) on public.directus_access to artifacts_sidecar;
grant select (id, policy, collection, action, permissions, fields) on public.directus_permissions to artifacts_sidecar;
grant select (many_collection, many_field, one_collection, one_allowed_collections, one_collection_field)
    on public.directus_relations to artifacts_sidecar;
grant select (id, storage, filename_disk, filename_download, title, type, folder, filesize, width, height, created_on,
    uploaded_on) on public.directus_files to artifacts_sidecar;

grant select, insert, update, delete on all tables in schema sidecar to artifacts_sidecar;
revoke update, delete on sidecar.audit_log from artifacts_sidecar;
-- The guard of a file that is being removed asks whether it is.
grant select (file_id, asked_until) on sidecar.file_removals to artifacts_directus;
-- Triggers ask the worker to look, with the rights of whoever writes.
grant insert (kind, subject) on sidecar.looks to artifacts_directus;
-- What happened is noted with the rights of whoever does it.
grant insert (project_id, type, subject, record) on sidecar.happened to artifacts_directus;
-- They keep a version's words (48_search_words.sql), too; an update looks for the row by its id.
grant insert (version_id, date_created, words), update (words), select (version_id) on sidecar.search_words to artifacts_directus;
grant usage on all sequences in schema sidecar to artifacts_sidecar;
grant execute on all functions in schema sidecar to artifacts_sidecar, artifacts_directus;

-- Who only looks: the registered collections, the names and sizes of files, and the words. Not webhook_endpoints, whose
-- addresses are often secrets themselves; nothing else of schema sidecar.
grant usage on schema public, sidecar to artifacts_reader;
grant select on public.projects, public.project_templates, public.tasks, public.task_executions, public.execution_steps,
    public.artifact_versions, public.artifact_files, public.task_artifacts, public.execution_artifacts,
    public.artifact_relations, public.artifact_approvals, public.promotions, public.documents, public.artifact_transfers,
    sidecar.search_words to artifacts_reader;
grant select (id, filename_download, title, type, folder, filesize, width, height, created_on, uploaded_on)
    on public.directus_files to artifacts_reader;
