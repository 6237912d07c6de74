-- depends: 0005_audit_chain
-- The answer to a request that named an Idempotency-Key, kept to be given again. A row is written in the transaction of
-- the operation it answers and gets its answer before that commits: nobody else ever sees one without.
create table sidecar.idempotency_keys (
    caller text not null,
    method text not null,
    route text not null,
    key text not null,
    fingerprint bytea not null,
    request_id text not null,
    created_at timestamptz not null default now(),
    status smallint,
    headers jsonb,
    body bytea,
    constraint idempotency_key_unique primary key (caller, method, route, key),
    constraint idempotency_key_length check (length(key) between 1 and 255)
);

-- The worker's clean-up (expire): the oldest first.
create index idempotency_keys_by_age on sidecar.idempotency_keys (created_at);
