-- linked_files: a version's files, in order
select f.id, f.type, f.filename_download, f.filesize
from public.artifact_files l join public.directus_files f on f.id = l.directus_files_id
where l.artifact_version_id = %(version_id)s order by l.sort nulls last, l.id;

-- file_by_id: what the answer to a download says of its file
select id, type, filename_download from public.directus_files where id = %(id)s;
