-- file_of_version: a version's file, with what tells its bytes from others and what the worker counted in them
select f.id, f.type, f.filesize, f.uploaded_on, c.changed_at,
       case when jsonb_typeof(c.media -> 'pages') = 'number' then (c.media ->> 'pages')::int end as pages
from public.artifact_files l
join public.directus_files f on f.id = l.directus_files_id
left join sidecar.file_contents c on c.file_id = f.id
where l.artifact_version_id = %(version_id)s and f.id = %(file_id)s;
