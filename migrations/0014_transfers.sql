-- depends: 0013_executions
-- Transfers to other servers: what may stand once only, and an index for each statement that asks
-- (sidecar/transfers/queries.sql).

update public.artifact_transfers set status = 'pending' where status is null;
update public.artifact_transfers set attempts = 0 where attempts is null;
update public.artifact_transfers set date_created = now() where date_created is null;
update public.artifact_transfers set target_server = regexp_replace(btrim(target_server), '/+$', '')
where target_server is distinct from regexp_replace(btrim(target_server), '/+$', '');
update public.artifact_transfers set target_subfolder = nullif(btrim(target_subfolder, '/'), '')
where target_subfolder is distinct from nullif(btrim(target_subfolder, '/'), '');
-- Of a copy that was asked for twice and not sent yet, the first stays.
update public.artifact_transfers a set status = 'failed', error_message = 'The same transfer was asked for before.'
from public.artifact_transfers b
where a.status in ('pending', 'uploading') and b.status in ('pending', 'uploading')
  and a.artifact_version_id = b.artifact_version_id and a.target_server = b.target_server
  and a.target_subfolder is not distinct from b.target_subfolder
  and (b.date_created, b.id) < (a.date_created, a.id);

-- add_transfer: asked again while it is under way, it is the transfer that exists.
create unique index transfer_open_once on public.artifact_transfers (artifact_version_id, target_server, target_subfolder)
    nulls not distinct where status in ('pending', 'uploading');

-- claim_transfer: what is due. Holds what is left to do, however many transfers have been carried out.
create index transfers_due on public.artifact_transfers ((coalesce(next_attempt_at, date_created)))
    where status in ('pending', 'uploading');

-- list_transfers, newest first: of everything, of a version, of a step at either end; and those that failed.
create index transfers_newest on public.artifact_transfers (date_created desc, id desc);
create index transfers_of_version on public.artifact_transfers (artifact_version_id, date_created desc, id desc);
create index transfers_of_source on public.artifact_transfers (source_step_id, date_created desc, id desc)
    where source_step_id is not null;
create index transfers_of_target on public.artifact_transfers (target_step_id, date_created desc, id desc)
    where target_step_id is not null;
create index transfers_failed on public.artifact_transfers (date_created desc, id desc) where status = 'failed';
