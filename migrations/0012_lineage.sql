-- depends: 0006_idempotency_keys
-- The way down, from a version to what was made from it (relation_cycle, sidecar.lineage_walk, sidecar.affected_by,
-- relations_of_version). relation_unique serves the way up. Both are read from the index alone.
create index relations_of_source on public.artifact_relations (to_version_id, from_version_id, relation_type);

-- A relation that is added beside Directus says when, too.
alter table public.artifact_relations alter column date_created set default current_timestamp;
