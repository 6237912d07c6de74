-- depends: 0018_insights
-- Review links: somebody without an account looks at some versions, comments, decides, for a time. The address is shown
-- once; its hash is kept. `made_by` is the caller that lends their right ("user:…" or "token:…"), asked again at each use.
create table sidecar.review_links (
    id uuid primary key,
    token_hash bytea not null,
    guest_name text not null,
    guest_email text,
    note text,
    may text[] not null,
    made_by text not null,
    made_by_label text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    revoked_by_label text,
    last_used_at timestamptz,
    constraint review_link_may_known check (may <@ array ['view', 'comment', 'decide'] and 'view' = any(may))
);

-- list_links: newest first; forget_links: those that ended long ago.
create index review_links_newest on sidecar.review_links (created_at desc, id desc);
create index review_links_by_end on sidecar.review_links (least(expires_at, revoked_at));

-- What a link shows, fixed when it is made.
create table sidecar.review_link_versions (
    link_id uuid not null references sidecar.review_links (id) on delete cascade,
    artifact_version_id uuid not null,
    place integer not null,
    constraint review_link_version_once primary key (link_id, artifact_version_id)
);
create index review_links_of_version on sidecar.review_link_versions (artifact_version_id);

-- What was sent through a link. A form sent twice is one use; the uses of the last hour are counted before the next.
create table sidecar.review_link_uses (
    link_id uuid not null references sidecar.review_links (id) on delete cascade,
    form text not null,
    artifact_version_id uuid not null,
    action text not null,
    said bytea not null,
    used_at timestamptz not null default now(),
    constraint review_link_used_once primary key (link_id, form, artifact_version_id, action, said)
);
