-- depends: 0015_search
-- What versions no longer have: files that went by a template's rule, and everything that was erased.

-- The files that a version had. Their hashes stay here when the bytes are gone, unless those were to be forgotten too.
-- sidecar.file_contents is about files that are there: the worker reads those again and again.
create table sidecar.removed_files (
    artifact_version_id uuid not null,
    file_id uuid not null,
    place integer not null,
    is_primary boolean not null,
    cause text not null,
    filename_download text,
    type text,
    filesize bigint,
    sha256 bytea,
    removed_at timestamptz not null default now(),
    constraint removed_file_once primary key (artifact_version_id, file_id),
    constraint removal_cause_known check (cause in ('retention', 'erasure'))
);

-- The files that Directus is to delete. A row is written in the transaction that takes a file from its version; the
-- worker has Directus delete it afterwards, as soon as nothing refers to the file. Where its bytes are is kept, for the
-- case that Directus dies between deleting its row and the bytes.
create table sidecar.file_removals (
    file_id uuid primary key,
    requested_at timestamptz not null default now(),
    due timestamptz not null default now(),
    asked_until timestamptz,
    attempts integer not null default 0,
    erase boolean not null default false,
    storage text,
    filename_disk text,
    filesize bigint,
    held_by text,
    error text,
    deleted_at timestamptz
);

-- claim_removal: the one that waits the longest.
create index file_removals_waiting on sidecar.file_removals (due) where deleted_at is null;

-- copies_of: where else is this content, are these bytes? Erasing asks; nothing that decides pays for it, as neither
-- column is written by a decision. Hash indexes: 36 bytes a row instead of 90, and only equality is asked.
create index versions_of_content on public.artifact_versions using hash (content_hash);
create index file_contents_of_bytes on sidecar.file_contents using hash (sha256);

-- An erased version holds nothing of what it was, and nothing is put into it again. (That it is archived, the guard
-- bytes_removed_by_registry says: no status leads out of that.)
alter table public.artifact_versions add constraint version_erased check (
    erased_at is null
    or (value is null and metadata is null and tags is null and source_url is null and primary_file_id is null));

alter table public.artifact_approvals drop constraint approval_action_known;
alter table public.artifact_approvals add constraint approval_action_known check (action in
    ('approve', 'reject', 'supersede', 'request_changes', 'comment', 'archive', 'withdraw', 'lock', 'unlock', 'tag',
     'share', 'import', 'remove_bytes', 'erase'));

-- An entry for each promotion that an erased version's entry was taken out of: what the promotion says now, and the hash
-- of the changes that it said before. The entry of before stays, so the chain still shows when the promotion was made.
alter table sidecar.audit_log drop constraint audit_kind_known;
alter table sidecar.audit_log add constraint audit_kind_known
    check (kind in ('approval', 'reason', 'promotion', 'erasure'));

create function sidecar.chain_erasure() returns trigger language plpgsql as $$
begin
    perform sidecar.chain(new.project_id, 'erasure', new.id, (
        sidecar.audited_promotion('erasure', new) || jsonb_build_object(
            'replaces_sha256', encode(sha256(convert_to(old.changes::text, 'UTF8')), 'hex')))::text);
    return null;
end $$;
