-- project_named: whom --project means, by key or id
select id from public.projects where key = %(project)s or id::text = %(project)s;

-- looked_at: how much there is, for the summary
select (select count(*) from public.projects
        where %(project_id)s::uuid is null or id = %(project_id)s::uuid) as projects,
       (select count(*) from public.artifact_versions
        where %(project_id)s::uuid is null or project_id = %(project_id)s::uuid) as versions,
       (select count(*) from public.artifact_approvals
        where %(project_id)s::uuid is null or project_id = %(project_id)s::uuid) as approvals,
       (select count(*) from public.promotions
        where %(project_id)s::uuid is null or project_id = %(project_id)s::uuid) as promotions,
       (select count(*) from sidecar.audit_log
        where %(project_id)s::uuid is null or project_id = %(project_id)s::uuid) as log_entries;

-- take_time: the role's limits are meant for requests; whole tables get memory to sort and hash in; names come in full
select set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),
       set_config('work_mem', '64MB', true), set_config('jit', 'off', true),
       set_config('search_path', 'pg_catalog', true);

-- names_of_projects: how people call them
select id, coalesce(key, id::text) as name from public.projects;

-- The context. What stands in `projects` is compared with the promotions, and the promotions with the versions.

-- context_differs: the context is not the fold of its promotions; one row for each place where the two part
with recursive node (project_id, path, found, expected) as (
    select p.id, '', p.context, f.folded from public.projects p
    cross join lateral (
        select sidecar.context_as_of(p.id, (select coalesce(max(m.context_version), 0) from public.promotions m
                                            where m.project_id = p.id)) as folded offset 0) f
    where (%(project_id)s::uuid is null or p.id = %(project_id)s::uuid) and p.context is distinct from f.folded
    union all
    select n.project_id, n.path || c.step, c.found, c.expected from node n
    cross join lateral (
        select case n.path when '' then '' else '.' end || k.name as step, n.found -> k.name, n.expected -> k.name
        from (select jsonb_object_keys(n.found || n.expected)
              where jsonb_typeof(n.found) = 'object' and jsonb_typeof(n.expected) = 'object') k (name)
        union all
        select concat('[', i, ']'), n.found -> i, n.expected -> i
        from generate_series(0, case when jsonb_typeof(n.found) = 'array' and jsonb_typeof(n.expected) = 'array'
                                then greatest(jsonb_array_length(n.found), jsonb_array_length(n.expected)) end - 1) i
    ) c (step, found, expected)
    where c.found is distinct from c.expected
)
select project_id, nullif(path, '') as path, coalesce(left(found::text, 200), 'nothing') as found,
       coalesce(left(expected::text, 200), 'nothing') as expected
from node
where jsonb_typeof(found) is distinct from jsonb_typeof(expected) or jsonb_typeof(found) not in ('object', 'array');

-- context_version_differs: the context's number is that of the newest promotion
select p.id as project_id, null as path, concat('context version ', p.context_version) as found,
       concat(coalesce(newest.number, 0), ', the newest promotion') as expected
from public.projects p
left join (select project_id, max(context_version) as number from public.promotions group by project_id) newest
    on newest.project_id = p.id
where (%(project_id)s::uuid is null or p.id = %(project_id)s::uuid)
  and p.context_version is distinct from coalesce(newest.number, 0);

-- promotion_missing: promotions are numbered without a gap, from 1 on (0 is a context that was adopted)
select n.project_id, null as path,
       concat('promotion ', n.number, ' comes after ', coalesce(n.before::text, 'none')) as found,
       concat('promotion ', coalesce(n.before, 0) + 1) as expected
from (select project_id, context_version as number,
             lag(context_version) over (partition by project_id order by context_version) as before
      from public.promotions where %(project_id)s::uuid is null or project_id = %(project_id)s::uuid) n
where n.number <> coalesce(n.before + 1, least(n.number, 1));

-- entry_without_version: what promotions last put at a path is approved, or superseded by what awaits promotion.
-- An entry of no version is one that was adopted and came back.
with last as (
    select distinct on (p.project_id, c.change ->> 'schema_key')
           p.project_id, c.change ->> 'schema_key' as path, c.change ->> 'to_version_id' as version_id,
           coalesce(c.change -> 'entry', 'null') = 'null' as withdrawn
    from public.promotions p
    cross join lateral jsonb_array_elements(
        case jsonb_typeof(p.changes) when 'array' then p.changes else '[]' end) c (change)
    where p.context_version > 0 and (%(project_id)s::uuid is null or p.project_id = %(project_id)s::uuid)
    order by p.project_id, c.change ->> 'schema_key', p.context_version desc
)
select last.project_id, last.path,
       case when v.id is null then concat('the context names version id ', last.version_id, ', which does not exist')
            when (v.project_id, v.schema_key) <> (last.project_id, last.path)
            then concat('the context names version ', v.version_number, ' of ', v.schema_key)
            else concat('version ', v.version_number, ', which the context names, is ', v.status,
                        case when v.promoted_at is null then ' and not promoted' end) end as found,
       'an approved, promoted version of this path' as expected
from last
left join public.artifact_versions v on v.id::text = last.version_id
where not last.withdrawn and last.version_id is not null and not coalesce(
    v.project_id = last.project_id and v.schema_key = last.path and v.promoted_at is not null
    and (v.status = 'approved' or v.status = 'superseded' and exists (
            select from public.artifact_versions next where next.project_id = v.project_id
            and next.schema_key = v.schema_key and next.status = 'approved' and next.promoted_at is null)), false);

-- version_not_in_context: a version that is approved and promoted is what the promotions last put at its path
with last as (
    select distinct on (p.project_id, c.change ->> 'schema_key')
           p.project_id, c.change ->> 'schema_key' as path, p.context_version as number,
           case when coalesce(c.change -> 'entry', 'null') <> 'null' then c.change ->> 'to_version_id' end as version_id
    from public.promotions p
    cross join lateral jsonb_array_elements(
        case jsonb_typeof(p.changes) when 'array' then p.changes else '[]' end) c (change)
    where p.context_version > 0 and (%(project_id)s::uuid is null or p.project_id = %(project_id)s::uuid)
    order by p.project_id, c.change ->> 'schema_key', p.context_version desc
)
select v.project_id, v.schema_key as path,
       concat('version ', v.version_number, ' is promoted, and ',
              case when last.path is null then 'no promotion names its path'
                   when last.version_id is null then concat('promotion ', last.number, ' withdrew its path')
                   else concat('promotion ', last.number, ' put ', coalesce(
                       (select concat('version ', o.version_number) from public.artifact_versions o
                        where o.id::text = last.version_id), last.version_id), ' there') end) as found,
       concat('version ', v.version_number, ' in the context') as expected
from public.artifact_versions v
left join last on last.project_id = v.project_id and last.path = v.schema_key
where (%(project_id)s::uuid is null or v.project_id = %(project_id)s::uuid)
  and v.status = 'approved' and v.promoted_at is not null and last.version_id is distinct from v.id::text;

-- entry_differs: the entry that a promotion wrote is made of its version's value, file, number and approval; the file may
-- have been removed since. Of an erased version nothing but its id and number is left in any promotion.
select p.project_id, v.schema_key as path,
       concat('promotion ', p.context_version, ' wrote ', left((c.change -> 'entry')::text, 200)) as found,
       left(made.entry::text, 200) as expected
from public.promotions p
cross join lateral jsonb_array_elements(
    case jsonb_typeof(p.changes) when 'array' then p.changes else '[]' end) c (change)
join public.artifact_versions v on v.id::text = c.change ->> 'to_version_id'
left join sidecar.removed_files gone on gone.artifact_version_id = v.id and gone.is_primary
cross join lateral (select case when v.erased_at is not null then sidecar.erased_entry(v.id, v.version_number) else
    case coalesce(jsonb_typeof(v.value), 'null') when 'object' then v.value when 'null' then '{}'
         else jsonb_build_object('value', v.value) end
    || jsonb_build_object('artifact_version_id', v.id, 'version', v.version_number, 'approved_at',
                          to_char(v.approved_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
    || case when coalesce(v.primary_file_id, gone.file_id) is null then '{}'
            else jsonb_build_object('file_id', coalesce(v.primary_file_id, gone.file_id)) end end
    as entry) made
where (%(project_id)s::uuid is null or p.project_id = %(project_id)s::uuid)
  and p.context_version > 0 and c.change -> 'entry' <> 'null' and c.change -> 'entry' <> made.entry;

-- The versions

-- number_gap: the versions of a path are numbered 1, 2, 3 …; the first that is not, of each path
select distinct on (n.project_id, n.schema_key)
       n.project_id, n.schema_key as path,
       concat('version ', n.version_number) as found, concat('version ', n.place) as expected
from (select project_id, schema_key, version_number,
             row_number() over (partition by project_id, schema_key order by version_number) as place
      from public.artifact_versions where %(project_id)s::uuid is null or project_id = %(project_id)s::uuid) n
where n.version_number is distinct from n.place
order by n.project_id, n.schema_key, n.place;

-- two_approved: one version of a path is approved at any time
select v.project_id, v.schema_key as path,
       concat('versions ', string_agg(v.version_number::text, ' and ' order by v.version_number), ' are approved')
           as found,
       'one approved version' as expected
from public.artifact_versions v
where v.status = 'approved' and (%(project_id)s::uuid is null or v.project_id = %(project_id)s::uuid)
group by v.project_id, v.schema_key having count(*) > 1;

-- status_unreachable: a status that no decision leaves, or dates that do not go with it
select v.project_id, v.schema_key as path,
       concat('version ', v.version_number, ' is ', coalesce(v.status, 'without a status'),
              case when v.approved_at is null then ', without' else ', with' end, ' a date of approval',
              case when v.promoted_at is not null then ', promoted' end, ', ' || v.review_state) as found,
       case when v.status in ('approved', 'superseded') and v.approved_at is null then 'a date of approval'
            when v.promoted_at is not null
            then 'a promoted version was approved, and is approved, superseded or archived'
            when v.review_state is not null and v.status <> 'pending'
            then 'changes are requested of a pending version only'
            when v.status in ('intermediate', 'pending', 'rejected') then 'no date of approval'
            else 'one of the statuses of a version' end as expected
from public.artifact_versions v
where (%(project_id)s::uuid is null or v.project_id = %(project_id)s::uuid)
  and (v.status in ('approved', 'superseded') and v.approved_at is null
       or v.status in ('intermediate', 'pending', 'rejected') and v.approved_at is not null
       or v.promoted_at is not null and (v.approved_at is null or v.status not in
           ('approved', 'superseded', 'archived'))
       or v.review_state is not null and v.status <> 'pending'
       or v.status is null
       or v.status not in ('intermediate', 'pending', 'approved', 'superseded', 'rejected', 'archived'));

-- decision_not_recorded: what a decision left has its approval record
select v.project_id, v.schema_key as path,
       concat('version ', v.version_number, ' is ', coalesce(v.review_state, v.status), ', and no record says so')
           as found,
       concat('a record of ', array_to_string(needed.actions, ' or ')) as expected
from public.artifact_versions v
join (values ('approved', array['approve', 'import']), ('superseded', array['approve', 'import']),
             ('superseded', array['supersede']), ('rejected', array['reject', 'import']),
             ('archived', array['archive', 'withdraw', 'import', 'erase']),
             ('changes_requested', array['request_changes'])) needed (state, actions)
    on needed.state = coalesce(v.review_state, v.status)
where (%(project_id)s::uuid is null or v.project_id = %(project_id)s::uuid)
  and not exists (select from public.artifact_approvals a
                  where a.artifact_version_id = v.id and a.action = any(needed.actions));

-- decision_undone: what a record says was decided still stands (an approval may be one vote of several: not asked)
select v.project_id, v.schema_key as path,
       concat('version ', v.version_number, ' is ', v.status) as found,
       concat(array_to_string(left_as.statuses, ' or '), ', as its record of ', a.action, ' says') as expected
from public.artifact_approvals a
join (values ('reject', array['rejected', 'archived']), ('supersede', array['superseded', 'archived']),
             ('archive', array['archived']), ('withdraw', array['archived'])) left_as (action, statuses)
    on left_as.action = a.action
join public.artifact_versions v on v.id = a.artifact_version_id
where (%(project_id)s::uuid is null or a.project_id = %(project_id)s::uuid) and v.status <> all(left_as.statuses);

-- primary_file_not_linked: the primary file is among the files
select v.project_id, v.schema_key as path,
       concat('version ', v.version_number, ' has the primary file ', v.primary_file_id, ', not among its files')
           as found,
       'a link to it in artifact_files' as expected
from public.artifact_versions v
where v.primary_file_id is not null and (%(project_id)s::uuid is null or v.project_id = %(project_id)s::uuid)
  and not exists (select from public.artifact_files f
                  where f.artifact_version_id = v.id and f.directus_files_id = v.primary_file_id);

-- removal_not_recorded: that a version lost its files, or was erased, is said of archived ones, and recorded
select v.project_id, v.schema_key as path,
       concat('version ', v.version_number, ' is ', v.status,
              case when v.bytes_removed_at is not null then ', without its files' end,
              case when v.erased_at is not null then ', erased' end,
              case when said.bytes then ', with a record of its files' end,
              case when said.erased then ', with a record of erasure' end) as found,
       'archived, with as many records' as expected
from public.artifact_versions v
cross join lateral (
    select exists (select from public.artifact_approvals a where a.artifact_version_id = v.id
                   and a.action = 'remove_bytes') as bytes,
           exists (select from public.artifact_approvals a where a.artifact_version_id = v.id
                   and a.action = 'erase') as erased) said
where (%(project_id)s::uuid is null or v.project_id = %(project_id)s::uuid)
  and (v.bytes_removed_at is not null or v.erased_at is not null)
  and (v.status <> 'archived' or (v.erased_at is not null) <> said.erased
       or v.erased_at is null and not said.bytes or v.bytes_removed_at is null and said.bytes)
union all
select v.project_id, v.schema_key, concat('version ', v.version_number, ' has all it had'),
       concat('it gone, as its record of ', a.action, ' says')
from public.artifact_approvals a join public.artifact_versions v on v.id = a.artifact_version_id
where (%(project_id)s::uuid is null or a.project_id = %(project_id)s::uuid) and a.action in ('remove_bytes', 'erase')
  and v.bytes_removed_at is null and v.erased_at is null;

-- gone_and_there: a version that lost its files has none, and one that was erased has nothing of what it was
select v.project_id, v.schema_key as path,
       concat('version ', v.version_number, ' has ', concat_ws(', ',
           case when links.number > 0 then concat(links.number, case links.number when 1 then ' file' else ' files' end) end,
           case when v.primary_file_id is not null then 'a primary file' end,
           case when v.erased_at is not null and coalesce(v.value, v.metadata, v.tags) is not null then 'content' end,
           case when v.erased_at is not null and v.source_url is not null then 'an address' end)) as found,
       case when v.erased_at is null then 'no files: they were removed' else 'nothing: it was erased' end as expected
from public.artifact_versions v
cross join lateral (select count(*) as number from public.artifact_files l where l.artifact_version_id = v.id) links
where (%(project_id)s::uuid is null or v.project_id = %(project_id)s::uuid)
  and (v.bytes_removed_at is not null or v.erased_at is not null)
  and (links.number > 0 or v.primary_file_id is not null or v.erased_at is not null
       and (coalesce(v.value, v.metadata, v.tags) is not null or v.source_url is not null));

-- paths_in_conflict: every place on the way of the paths in use is one thing: an entry, an object or a list
with used as (
    select distinct project_id, schema_key from public.artifact_versions
    where status not in ('rejected', 'archived') and (%(project_id)s::uuid is null or project_id = %(project_id)s::uuid)
), place as (
    select project_id, schema_key as place, 'an entry' as kind, schema_key as path from used
    union all
    select project_id, left(schema_key, i - 1),
           case substr(schema_key, i, 1) when '.' then 'an object' else 'a list' end, schema_key
    from used cross join lateral generate_series(2, length(schema_key)) i
    where substr(schema_key, i, 1) in ('.', '[')
)
select place.project_id, place.place as path,
       concat_ws(', ', case when bool_or(place.kind = 'an entry') then 'an entry' end,
                 'an object for ' || min(place.path) filter (where place.kind = 'an object'),
                 'a list for ' || min(place.path) filter (where place.kind = 'a list')) as found,
       'one of them' as expected
from place
group by place.project_id, place.place having min(place.kind) <> max(place.kind);

-- The audit log. `content` says what the row was when the entry was made; a deleted user's id is null in the row alone.

-- log_entry_missing: a project's entries are numbered 1, 2, 3 …
select n.project_id, null as path,
       concat('entry ', n.number, ' comes after ', coalesce(n.before::text, 'none')) as found,
       concat('entry ', coalesce(n.before, 0) + 1) as expected
from (select project_id, number, lag(number) over (partition by project_id order by number) as before
      from sidecar.audit_log where %(project_id)s::uuid is null or project_id = %(project_id)s::uuid) n
where n.number <> coalesce(n.before, 0) + 1;

-- log_link_broken: an entry names the hash of the entry before it; the first names 32 zero bytes
select n.project_id, null as path,
       concat('entry ', n.number, ' follows ', encode(n.previous_hash, 'hex')) as found,
       coalesce(encode(n.hash_before, 'hex') || ', the hash of the entry before it', '32 zero bytes') as expected
from (select project_id, number, previous_hash, lag(number) over chain as before, lag(hash) over chain as hash_before
      from sidecar.audit_log where %(project_id)s::uuid is null or project_id = %(project_id)s::uuid
      window chain as (partition by project_id order by number)) n
where n.number = coalesce(n.before, 0) + 1
  and n.previous_hash is distinct from coalesce(n.hash_before, decode(repeat('00', 32), 'hex'));

-- log_hash_wrong: an entry's hash is that of the hash before it and its content
select l.project_id, null as path,
       concat('entry ', l.number, ' has the hash ', encode(l.hash, 'hex')) as found,
       concat(encode(sha256(l.previous_hash || convert_to(l.content, 'UTF8')), 'hex'), ' for what it says') as expected
from sidecar.audit_log l
where (%(project_id)s::uuid is null or l.project_id = %(project_id)s::uuid)
  and l.hash <> sha256(l.previous_hash || convert_to(l.content, 'UTF8'));

-- record_changed: an approval record is what its newest entry says
select l.project_id, (select schema_key from public.artifact_versions where id = a.artifact_version_id) as path,
       concat('the record of ', a.action, ' has ', differing.found) as found,
       concat(differing.expected, ' (entry ', l.number, ')') as expected
from sidecar.audit_log l
join public.artifact_approvals a on a.id = l.row_id
cross join lateral (
    select string_agg(concat(k, ' ', coalesce(r.row -> k, 'null')), ', ' order by k) as found,
           string_agg(concat(k, ' ', coalesce(l.content::jsonb -> k, 'null')), ', ' order by k) as expected
    from (select sidecar.audited_approval(l.kind, a) as row) r, jsonb_object_keys(r.row || l.content::jsonb) k
    where r.row -> k is distinct from l.content::jsonb -> k and not (k = 'actor_id' and a.actor_id is null)) differing
where (%(project_id)s::uuid is null or l.project_id = %(project_id)s::uuid)
  and l.kind in ('approval', 'reason')
  and not exists (select from sidecar.audit_log later
                  where later.row_id = l.row_id and later.kind = 'reason' and later.number > l.number)
  and sidecar.audited_approval(l.kind, a)::text <> l.content
  and (a.actor_id is not null
       or sidecar.audited_approval(l.kind, a) - 'actor_id' <> l.content::jsonb - 'actor_id');

-- promotion_changed: a promotion is what its newest entry says; its changes by their hash
select l.project_id, null as path, concat('promotion ', p.context_version, ' has ', differing.found) as found,
       concat(differing.expected, ' (entry ', l.number, ')') as expected
from sidecar.audit_log l
join public.promotions p on p.id = l.row_id
cross join lateral (
    select string_agg(concat(k, ' ', coalesce(r.row -> k, 'null')), ', ' order by k) as found,
           string_agg(concat(k, ' ', coalesce(l.content::jsonb -> k, 'null')), ', ' order by k) as expected
    from (select sidecar.audited_promotion(l.kind, p) as row) r,
         jsonb_object_keys(r.row || (l.content::jsonb - 'replaces_sha256')) k
    where r.row -> k is distinct from l.content::jsonb -> k and not (k = 'actor_id' and p.actor_id is null)) differing
where (%(project_id)s::uuid is null or l.project_id = %(project_id)s::uuid) and l.kind in ('promotion', 'erasure')
  and not exists (select from sidecar.audit_log later where later.project_id = l.project_id
                  and later.row_id = l.row_id and later.kind = 'erasure' and later.number > l.number)
  and sidecar.audited_promotion(l.kind, p)::text <> l.content
  and sidecar.audited_promotion(l.kind, p) <> l.content::jsonb - 'replaces_sha256'
  and (p.actor_id is not null or sidecar.audited_promotion(l.kind, p) - 'actor_id'
                                 <> l.content::jsonb - 'actor_id' - 'replaces_sha256');

-- erasure_unfounded: an erasure takes up the promotion where its entry before left it
select e.project_id, null as path,
       concat('entry ', e.number, ' replaces changes of ', coalesce(e.replaced, 'no hash')) as found,
       coalesce(e.before, 'an entry of the promotion') || ', as the entry of its promotion before it says' as expected
from (select l.project_id, l.number, l.kind, l.content::jsonb ->> 'replaces_sha256' as replaced,
             lag(l.content::jsonb ->> 'changes_sha256') over (partition by l.project_id, l.row_id order by l.number) as before
      from sidecar.audit_log l
      where (%(project_id)s::uuid is null or l.project_id = %(project_id)s::uuid) and l.kind in ('promotion', 'erasure')
        and l.row_id in (select row_id from sidecar.audit_log where kind = 'erasure')) e
where e.kind = 'erasure' and e.replaced is distinct from e.before;

-- record_not_logged: every approval record and every promotion has its entry
select a.project_id,
       (select schema_key from public.artifact_versions where id = a.artifact_version_id) as path,
       concat('the record of ', a.action, ' by ', a.actor_label, ' has no entry in the log') as found,
       'an entry for ' || a.id as expected
from public.artifact_approvals a
where (%(project_id)s::uuid is null or a.project_id = %(project_id)s::uuid)
  and not exists (select from sidecar.audit_log l where l.row_id = a.id and l.kind = 'approval')
union all
select p.project_id, null,
       concat('promotion ', p.context_version, ' has no entry in the log'), 'an entry for ' || p.id
from public.promotions p
where (%(project_id)s::uuid is null or p.project_id = %(project_id)s::uuid)
  and not exists (select from sidecar.audit_log l where l.row_id = p.id and l.kind = 'promotion');

-- record_missing: every entry's row is there
select l.project_id,
       (select schema_key from public.artifact_versions
        where id::text = l.content::jsonb ->> 'artifact_version_id') as path,
       concat('the ', case l.kind when 'approval' then 'record' when 'erasure' then 'promotion' else l.kind end, ' of entry ', l.number, ' is gone')
           as found,
       left(l.content, 200) as expected
from sidecar.audit_log l
where (%(project_id)s::uuid is null or l.project_id = %(project_id)s::uuid)
  and (l.kind = 'approval' and not exists (select from public.artifact_approvals a where a.id = l.row_id)
       or l.kind in ('promotion', 'erasure') and not exists (select from public.promotions p where p.id = l.row_id));

-- The database itself: what keeps all of the above

-- event_missing: every decision since events are kept has its event, or is about to be numbered. Imports announce nothing.
with decided as (
    select v.project_id, v.schema_key, v.id, v.version_number, 'version.approved' as type
    from public.artifact_versions v
    where v.status in ('approved', 'superseded', 'archived') and v.approved_at > (select since from sidecar.events_kept)
    union all
    select v.project_id, v.schema_key, v.id, v.version_number,
           case a.action when 'reject' then 'version.rejected' when 'request_changes' then 'version.changes_requested'
                         else 'version.superseded' end
    from public.artifact_approvals a join public.artifact_versions v on v.id = a.artifact_version_id
    where a.action in ('reject', 'request_changes', 'supersede')
      and a.date_created > (select since from sidecar.events_kept)
), imported as (
    select i.row_id as id from sidecar.imported i where i.kind = 'version'
    union
    select unnest(i.earlier) from sidecar.imported i where i.kind = 'version'
)
select d.project_id, d.schema_key as path, concat('no ', d.type, ' of version ', d.version_number) as found,
       'an event of each decision' as expected
from (select distinct * from decided) d
where (%(project_id)s::uuid is null or d.project_id = %(project_id)s::uuid)
  and not exists (select from sidecar.events e where e.subject = d.id and e.type = d.type)
  and not exists (select from sidecar.happened h where h.subject = d.id and h.type = d.type)
  and not exists (select from imported i where i.id = d.id);

-- event_number_gap: a project's events are numbered without a gap, as far back as they are kept
select e.project_id, null as path, concat(count(*), ' events from ', min(e.number), ' to ', max(e.number)) as found,
       concat(max(e.number) - min(e.number) + 1) as expected
from sidecar.events e
where %(project_id)s::uuid is null or e.project_id = %(project_id)s::uuid
group by e.project_id having count(*) <> max(e.number) - min(e.number) + 1;

-- guard_missing: every trigger of migrations/ is there, with a condition where it has one
select null as project_id, t.relation as path,
       case when g.oid is null then concat('the trigger ', t.name, ' is not there')
            else concat('the trigger ', t.name, ' fires ',
                        case when t.conditional then 'always' else 'on a condition' end) end as found,
       concat('the trigger ', t.name, ' of migrations/') as expected
from jsonb_to_recordset(%(triggers)s::jsonb) as t (name text, relation text, function text, conditional boolean)
left join pg_trigger g on g.tgrelid = to_regclass(t.relation) and g.tgname = t.name
where g.oid is null or (g.tgqual is not null) <> t.conditional;

-- guard_disabled: triggers fire always, in replica sessions too
select null as project_id, t.relation as path,
       concat('the trigger ', t.name, ' is ',
              case g.tgenabled when 'D' then 'switched off' else 'off for some sessions' end) as found,
       'enabled always' as expected
from jsonb_to_recordset(%(triggers)s::jsonb) as t (name text, relation text)
join pg_trigger g on g.tgrelid = to_regclass(t.relation) and g.tgname = t.name
where g.tgenabled <> 'A';

-- guard_changed: triggers call what they should, and functions are as migrations/ has them
select null as project_id, t.relation as path,
       concat('the trigger ', t.name, ' calls ', g.tgfoid::regproc) as found, 'sidecar.' || t.function as expected
from jsonb_to_recordset(%(triggers)s::jsonb) as t (name text, relation text, function text)
join pg_trigger g on g.tgrelid = to_regclass(t.relation) and g.tgname = t.name
join pg_proc p on p.oid = g.tgfoid
where (p.pronamespace::regnamespace::text, p.proname) <> ('sidecar', t.function)
union all
select null, 'sidecar.' || f.name,
       case when p.oid is null then 'the function is not there'
            when p.prosecdef then 'the function has its owner''s rights' else 'the function has another text' end,
       'as in migrations/'
from jsonb_to_recordset(%(functions)s::jsonb) as f (name text, body text)
left join pg_proc p on p.pronamespace = 'sidecar'::regnamespace and p.proname = f.name
where p.oid is null or p.prosecdef or p.prosrc <> f.body;

-- owner_wrong: nobody who logs in owns a guarded table or anything in schema sidecar
select null as project_id, o.thing as path, 'owned by ' || pg_get_userbyid(o.owner) as found,
       'artifacts_owner' as expected
from (select c.oid::regclass::text as thing, c.relowner as owner from pg_class c
      where c.relkind in ('r', 'v', 'S') and c.relnamespace = 'sidecar'::regnamespace
         or c.oid in ('public.artifact_versions'::regclass, 'public.artifact_approvals'::regclass,
                      'public.promotions'::regclass)
      union all
      select p.oid::regprocedure::text, p.proowner from pg_proc p where p.pronamespace = 'sidecar'::regnamespace
      union all
      select 'schema sidecar', nspowner from pg_namespace where nspname = 'sidecar') o
where pg_get_userbyid(o.owner) <> 'artifacts_owner'
order by o.thing;

-- role_too_powerful: our roles have no attributes and no memberships that lead past the guards
select null as project_id, r.rolname as path,
       concat_ws(', ', case when r.rolsuper then 'a superuser' end, case when r.rolcreaterole then 'may make roles' end,
                 case when r.rolreplication then 'may replicate' end,
                 case when r.rolbypassrls then 'passes row security' end,
                 case when r.rolname = 'artifacts_owner' and r.rolcanlogin then 'may log in' end) as found,
       'none of that' as expected
from pg_roles r
where r.rolname in ('artifacts_owner', 'artifacts_directus', 'artifacts_sidecar')
  and (r.rolsuper or r.rolcreaterole or r.rolreplication or r.rolbypassrls
       or r.rolname = 'artifacts_owner' and r.rolcanlogin)
union all
select null, r.rolname, 'a member of ' || other.rolname, 'no member of it'
from pg_roles r
join pg_roles other on pg_has_role(r.oid, other.oid, 'member') and other.oid <> r.oid
where r.rolname in ('artifacts_owner', 'artifacts_directus', 'artifacts_sidecar') and not r.rolsuper
  and (other.rolsuper or other.rolcreaterole or other.rolname in
       ('artifacts_owner', 'artifacts_directus', 'artifacts_sidecar', 'pg_write_all_data', 'pg_write_server_files',
        'pg_execute_server_program'));

-- grant_too_wide: who may write guarded tables and see schema sidecar; at most what migrations/after/90_grants.sql says
with allowed (grantee, relation, privileges) as (values
    ('artifacts_sidecar', 'public.artifact_versions', array['SELECT', 'INSERT', 'UPDATE']),
    ('artifacts_sidecar', 'public.artifact_approvals', array['SELECT', 'INSERT', 'UPDATE']),
    ('artifacts_sidecar', 'public.projects', array['SELECT', 'INSERT', 'UPDATE']),
    ('artifacts_sidecar', 'public.promotions', array['SELECT', 'INSERT']),
    ('artifacts_sidecar', 'public.artifact_files', array['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
    ('artifacts_directus', 'public.artifact_versions', array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'REFERENCES']),
    ('artifacts_directus', 'public.artifact_approvals', array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'REFERENCES']),
    ('artifacts_directus', 'public.promotions', array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'REFERENCES']),
    ('artifacts_owner', 'public.projects', array['SELECT']),
    ('artifacts_sidecar', 'sidecar.audit_log', array['SELECT', 'INSERT']),
    ('artifacts_sidecar', 'sidecar.*', array['SELECT', 'INSERT', 'UPDATE', 'DELETE']),
    ('artifacts_reader', 'sidecar.search_words', array['SELECT'])
), given as (
    select c.oid::regclass::text as relation, c.relnamespace = 'sidecar'::regnamespace as internal,
           case a.grantee when 0 then 'everybody' else pg_get_userbyid(a.grantee)::text end as grantee, a.privilege_type
    from pg_class c cross join lateral aclexplode(c.relacl) a
    where a.grantee <> c.relowner and c.relkind in ('r', 'v')
      and (c.relnamespace = 'sidecar'::regnamespace
           or c.oid in ('public.artifact_versions'::regclass, 'public.artifact_approvals'::regclass,
                        'public.promotions'::regclass, 'public.projects'::regclass, 'public.artifact_files'::regclass))
)
select null as project_id, g.relation as path,
       concat(g.grantee, ' may ', string_agg(lower(g.privilege_type), ', ' order by g.privilege_type)) as found,
       'not so' as expected
from given g
where not exists (
        select from allowed a where a.grantee = g.grantee and g.privilege_type = any(a.privileges)
        and (a.relation = g.relation
             or a.relation = 'sidecar.*' and g.internal and g.relation <> 'sidecar.audit_log'))
  and (g.internal or g.privilege_type <> 'SELECT')
group by g.relation, g.grantee
union all
select null, 'directus_users.' || c.name, 'artifacts_sidecar may read it', 'not so'
from unnest(array['password', 'token', 'tfa_secret', 'auth_data']) c (name)
where has_column_privilege('artifacts_sidecar', 'public.directus_users', c.name, 'SELECT');

-- file_unused: a file in Directus' folder "Artifacts", an hour old, that nothing refers to
select null as project_id, f.filename_download as path,
       concat('nothing refers to the file ', f.id, ' of ',
              to_char(f.created_on at time zone 'utc', 'YYYY-MM-DD HH24:MI'),
              (select ' (not looked at: ' || string_agg(concat(k.conrelid::regclass, '.', a.attname), ', ') || ')'
               from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
               where k.confrelid = 'public.directus_files'::regclass and k.contype = 'f'
                 and k.conrelid::regclass::text not in
                     ('public.artifact_files', 'public.artifact_versions', 'public.documents',
                      'public.directus_settings'))) as found,
       'a version or a document that does' as expected
from public.directus_files f
where f.folder = %(folder)s::uuid and f.created_on < now() - interval '1 hour'
  and not exists (select from public.artifact_files l where l.directus_files_id = f.id)
  and not exists (select from public.artifact_versions v where v.primary_file_id = f.id)
  and not exists (select from public.documents d where d.file_id = f.id)
  and not exists (select from sidecar.file_contents c where c.poster_id = f.id)
  and not exists (select from sidecar.file_removals r where r.file_id = f.id and r.deleted_at is null);

-- file_not_removed: a file that Directus said it had deleted is not there
select null as project_id, f.filename_download as path, concat('the file ', f.id, ' is there') as found,
       concat('deleted since ', to_char(r.deleted_at at time zone 'utc', 'YYYY-MM-DD HH24:MI')) as expected
from sidecar.file_removals r join public.directus_files f on f.id = r.file_id
where r.deleted_at is not null;

-- file_replaced: a file has the bytes that the registry received and hashed; the worker reads them, here is its finding
select null as project_id, f.filename_download as path,
       case when c.changed_at is null then concat('the file ', f.id, ' has ', coalesce(f.filesize::text, 'no'), ' bytes')
            else concat('the file ', f.id, ' has other bytes since ',
                        to_char(c.changed_at at time zone 'utc', 'YYYY-MM-DD HH24:MI')) end as found,
       case when c.changed_at is null then concat(c.size, ', as it was received')
            else concat('SHA-256 ', encode(c.sha256, 'hex'), ', as it was received') end as expected
from sidecar.file_contents c join public.directus_files f on f.id = c.file_id
where f.filesize is distinct from c.size or c.changed_at is not null;
