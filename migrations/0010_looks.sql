-- depends: 0006_idempotency_keys
-- What the worker must look at: a version whose files or hash it does not know yet, or a file whose bytes may be others.
-- A row is written in the transaction that causes it, whoever writes (after/36_looks.sql), and removed when it is done.
-- Several rows about one subject are meant: each is removed only by a look that began after it was committed, so what is
-- added while a look runs is looked at again. The table holds what is left to do and nothing else, however many versions
-- there are.
create table sidecar.looks (
    id bigint generated always as identity primary key,
    kind text not null,
    subject uuid not null,
    due timestamptz not null default now(),
    attempts integer not null default 0,
    constraint look_kind_known check (kind in ('version', 'file'))
);

-- claim_look: the newest that is due; and every other row about its subject.
create index looks_by_due on sidecar.looks (due);
create index looks_of_subject on sidecar.looks (subject);

-- What the bytes were when they were first seen stays; `changed_at` says since when they are others.
alter table sidecar.file_contents
    add column media jsonb,
    add column poster_id uuid,
    add column checked_at timestamptz not null default now(),
    add column changed_at timestamptz;

-- ask_for_old_files: the files whose bytes were not read for the longest time.
create index file_contents_by_check on sidecar.file_contents (checked_at);
-- `artifacts verify`: is this file a picture that the worker made?
create index file_contents_by_poster on sidecar.file_contents (poster_id) where poster_id is not null;

-- Versions from before: those with files, and those that were inserted without a hash or a type.
insert into sidecar.looks (kind, subject)
select 'version', v.id from public.artifact_versions v
where v.content_hash is null or v.artifact_type is null
   or exists (select from public.artifact_files l where l.artifact_version_id = v.id);
