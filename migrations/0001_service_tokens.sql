-- Service tokens of programs. The secret is shown once; its SHA-256 is kept.
create table sidecar.service_tokens (
    id uuid primary key default gen_random_uuid(),
    name text not null,
    role text not null,
    actor_type text not null default 'system',
    token_hash bytea not null,
    created_at timestamptz not null default now(),
    last_used_at timestamptz,
    expires_at timestamptz,
    revoked_at timestamptz,
    constraint service_token_hash unique (token_hash),
    constraint service_token_role_known check (role in ('producer', 'reviewer', 'admin')),
    constraint service_token_actor_known check (actor_type in ('system', 'ai'))
);

create unique index service_token_name_live on sidecar.service_tokens (name) where revoked_at is null;
