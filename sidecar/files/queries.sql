-- approved_at_path: the version a path has approved, by the index that allows only one
select id, schema_key, version_number, status, primary_file_id, source_url from public.artifact_versions
where project_id = %(project_id)s and schema_key = %(schema_key)s and status = 'approved';

-- newest_at_path: the newest version of a path that was not turned down or put away
select id, schema_key, version_number, status, primary_file_id, source_url from public.artifact_versions
where project_id = %(project_id)s and schema_key = %(schema_key)s and status not in ('rejected', 'archived')
order by version_number desc limit 1;

-- linked_files: a version's files, in order
select f.id, f.type, f.filename_download, f.filesize
from public.artifact_files l join public.directus_files f on f.id = l.directus_files_id
where l.artifact_version_id = %(version_id)s order by l.sort nulls last, l.id;

-- file_by_id: what the answer to a download says of its file
select id, type, filename_download from public.directus_files where id = %(id)s;
