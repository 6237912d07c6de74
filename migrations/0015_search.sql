-- depends: 0006_idempotency_keys
-- The words of each version, for GET /v1/artifacts?q= and ?tag=. A table of its own: a decision updates the version's row,
-- and every index of that row with it; the words stay as they are, so a decision pays nothing for them. Written by triggers
-- (after/48_search_words.sql), with the versions that were there before. No foreign key: versions are never deleted, and
-- one would cost each insert a look-up and a lock. The moment is the version's own, to sort by without reading it.
create table sidecar.search_words (
    version_id uuid primary key,
    date_created timestamptz,
    words tsvector not null
);
-- Words hardly compress; long ones lie beside the row, so that the rows of many hits lie close together.
alter table sidecar.search_words alter column words set storage external;

-- newest_versions, oldest_versions and Directus' list of versions, newest first, whatever else is asked; without it every
-- version is read (0.3 s of a million, now 0.05 ms).
create index versions_newest on public.artifact_versions (date_created desc, id desc);
-- The same with status=intermediate: too few to be met on the way. What is submitted for review is not in it.
create index versions_intermediate on public.artifact_versions (date_created, id) where status = 'intermediate';
-- The same with awaiting_promotion=true: mostly few, and old.
create index versions_awaiting_newest on public.artifact_versions (date_created, id)
    where status = 'approved' and promoted_at is null;
