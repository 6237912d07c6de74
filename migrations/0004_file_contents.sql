-- depends: 0003_indexes
-- Directus keeps no checksum and lets a file's bytes be replaced: the registry keeps its own hash of what it received.
create table sidecar.file_contents (
    file_id uuid primary key,
    sha256 bytea not null,
    size bigint not null,
    noted_at timestamptz not null default now()
);
