-- depends: 0018_insights
-- Events: what happened, told to other programs. Three tables after one another: what happened and has no number yet,
-- the numbered events, and what is sent of them.

-- A row is written by the transaction that causes it (after/49_events.sql), whoever causes it. It holds what is left to
-- be numbered and nothing else. Its id is drawn while the writer holds the locks of what it does, so among transactions
-- that waited for each other the order of the ids is the order of the commits.
create table sidecar.happened (
    id bigint generated always as identity primary key,
    project_id uuid,
    type text not null,
    subject uuid not null,
    record uuid,
    happened_at timestamptz not null default clock_timestamp()
);

-- The worker numbers what is committed, per project and without a gap (events/number.py). A number drawn by the
-- writers would have gaps after a rollback, or one lock for everybody who writes into a project.
-- Events of no project have a count of their own under the id of zeros.
create table sidecar.event_numbers (
    project_id uuid primary key,
    number bigint not null
);

create table sidecar.events (
    position bigint generated always as identity primary key,
    id uuid not null default gen_random_uuid(),
    project_id uuid not null,
    number bigint not null,
    type text not null,
    subject uuid not null,
    version_id uuid,
    payload jsonb not null,
    happened_at timestamptz not null,
    numbered_at timestamptz not null default now(),
    constraint event_number_unique unique (project_id, number)
);
-- list_events of a version; what is older than it is kept.
create index events_of_version on sidecar.events (version_id) where version_id is not null;
create index events_by_age on sidecar.events (numbered_at);

-- Since when every decision has its event: `artifacts verify` asks for no older one. Moved on when old ones are removed.
create table sidecar.events_kept (
    since timestamptz not null
);
insert into sidecar.events_kept (since) values (clock_timestamp());

-- What an endpoint's events are signed with. During a rotation the secret of before signs, too.
create table sidecar.webhook_secrets (
    endpoint_id uuid primary key,
    secret text not null,
    previous text,
    previous_until timestamptz,
    made_at timestamptz not null default now()
);

-- Runs, tasks and versions that somebody waits for: the address is a secret, and goes when it was used.
create table sidecar.waits (
    id uuid primary key default gen_random_uuid(),
    execution_id uuid,
    task_id uuid,
    version_id uuid,
    project_id uuid,
    url text,
    condition text not null,
    expects integer not null,
    since timestamptz not null,
    status text not null default 'waiting',
    due boolean not null default true,
    created_at timestamptz not null default now(),
    woken_at timestamptz,
    constraint wait_condition_known check (condition in ('all', 'any')),
    constraint wait_status_known check (status in ('waiting', 'woken', 'delivered', 'failed', 'dropped', 'replaced')),
    constraint wait_is_for_something check (execution_id is not null or version_id is not null)
);
-- keep_wait: somebody waits once, until they are woken.
create unique index wait_once on sidecar.waits ((coalesce(execution_id, version_id))) where status = 'waiting';
-- due_waits: what was just made.
create index waits_due on sidecar.waits (id) where status = 'waiting' and due;
-- add_wait, and the waits of a run.
create index waits_of_run on sidecar.waits (execution_id) where execution_id is not null;

-- One queue for each endpoint and each wake. Whoever holds it sends what is in it, one after the other; a worker that
-- was killed holds it no longer than its lease.
create table sidecar.delivery_queues (
    queue uuid primary key,
    endpoint_id uuid,
    wait_id uuid,
    origin text,
    held_until timestamptz,
    paused_until timestamptz,
    failures integer not null default 0,
    failing_since timestamptz
);

create table sidecar.deliveries (
    id uuid primary key default gen_random_uuid(),
    position bigint generated always as identity,
    queue uuid not null,
    endpoint_id uuid,
    wait_id uuid,
    event bigint,
    type text not null,
    message_id text not null,
    payload jsonb,
    status text not null default 'pending',
    attempts integer not null default 0,
    due timestamptz not null default now(),
    date_created timestamptz not null default now(),
    first_tried_at timestamptz,
    finished_at timestamptz,
    answer_status integer,
    answer text,
    duration_ms integer,
    error text,
    constraint delivery_status_known check (status in ('pending', 'delivered', 'failed', 'dropped'))
);
-- next_delivery and claim_queue: what is left of a queue, in order.
create index deliveries_pending on sidecar.deliveries (queue, position) where status = 'pending';
-- list_deliveries, newest first: of an endpoint, of everything; those that failed; of a wait.
create unique index deliveries_newest on sidecar.deliveries (position);
create index deliveries_of_endpoint on sidecar.deliveries (endpoint_id, position) where endpoint_id is not null;
create index deliveries_failed on sidecar.deliveries (position) where status = 'failed';
create index deliveries_of_wait on sidecar.deliveries (wait_id) where wait_id is not null;
