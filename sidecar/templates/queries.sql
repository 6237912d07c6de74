-- template_name: whom to tell about a template that cannot be read, or kept to
select t.name from public.projects p join public.project_templates t on t.id = p.template_id
where p.id = %(project_id)s;

-- files_by_id: what a rule asks about files: their type, and their size as we counted it, else as Directus did
select f.id, f.type, coalesce(c.size, f.filesize) as size
from unnest(%(ids)s::uuid[]) with ordinality as named(id, n)
join public.directus_files f on f.id = named.id
left join sidecar.file_contents c on c.file_id = f.id
order by named.n;

-- files_by_version: the same for the files linked to some versions
select l.artifact_version_id, f.id, f.type, coalesce(c.size, f.filesize) as size
from public.artifact_files l
join public.directus_files f on f.id = l.directus_files_id
left join sidecar.file_contents c on c.file_id = f.id
where l.artifact_version_id = any(%(ids)s)
order by l.sort nulls last, l.id;
