-- Schema `sidecar` holds what Directus must not see: tokens, jobs, the migrations' own record.
create schema if not exists sidecar authorization artifacts_owner;
