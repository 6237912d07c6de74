-- depends: 0006_idempotency_keys
-- keep_documents: which documents belong to the versions of some paths; and the foreign key from documents.
create index documents_of_version on public.documents (artifact_version_id) where artifact_version_id is not null;
