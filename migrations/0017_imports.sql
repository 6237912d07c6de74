-- depends: 0013_executions
-- Older data: which row of which source became what. A batch's rows and its bookkeeping are one transaction, so an import
-- that was killed goes on where it stopped, and the same import again finds nothing to do.
create table sidecar.imports (
    id uuid primary key default gen_random_uuid(),
    name text not null,
    map jsonb not null,
    source text not null,
    state text not null default 'running',
    actor_id uuid,
    actor_label text not null,
    problems integer not null default 0,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    constraint import_state_known check (state in ('running', 'done', 'rolled_back'))
);

-- begin_import: the same name goes on with the same import, until that is rolled back.
create unique index import_name_live on sidecar.imports (name) where state <> 'rolled_back';

-- `row_id` is the version, project or run that a source row became, or the task that was linked. `earlier` are versions
-- of the same source row from before it changed there.
create table sidecar.imported (
    import_id uuid not null references sidecar.imports (id),
    source_key text not null,
    kind text not null,
    row_id uuid not null,
    fingerprint bytea not null,
    file_ids uuid[] not null default '{}',
    earlier uuid[] not null default '{}',
    noted_at timestamptz not null default now(),
    rolled_back_at timestamptz,
    constraint imported_once primary key (import_id, source_key),
    constraint imported_kind_known check (kind in ('version', 'project', 'run', 'links'))
);

-- staged_problems: was the version of this id made by an import? rollback, validate: whose version is this?
create index imported_by_row on sidecar.imported (row_id);

-- What stood in a column of the source before the stable address of the approved file was written there; and the address
-- that was written before this one, which no longer works.
create table sidecar.import_writes (
    import_id uuid not null references sidecar.imports (id),
    source_key text not null,
    place jsonb not null,
    old_value text,
    new_value text not null,
    previous_value text,
    written_at timestamptz,
    restored_at timestamptz,
    constraint import_write_once primary key (import_id, source_key)
);

-- What a batch is staged in: each import has a temporary table like this one, filled by COPY, empty after the transaction.
create table sidecar.import_staged (
    import_id uuid not null,
    place integer not null,
    source_key text not null,
    fingerprint bytea not null,
    id uuid not null,
    id_wanted boolean not null,
    project_id uuid not null,
    schema_key text collate "C" not null,
    status text not null,
    review_state text,
    artifact_type text,
    value jsonb,
    metadata jsonb,
    tags jsonb,
    file_ids uuid[] not null,
    source_url text,
    content_hash text,
    rejection_reason text,
    approved_at timestamptz,
    approved_by uuid,
    user_created uuid,
    date_created timestamptz,
    source_task_id uuid,
    execution_id uuid,
    run_id uuid,
    variant_of text,
    replaces uuid
);
