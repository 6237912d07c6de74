-- depends: 0004_file_contents
-- Who changed a record behind the registry's back? One chain of entries per project: an entry for each approval record,
-- for each reason added to one later, and for each promotion. An entry's hash covers the hash before it, so nothing can
-- be changed, taken out or put in between without changing every entry after it. `artifacts verify` recomputes it all.
create table sidecar.audit_log (
    project_id uuid not null,
    number bigint not null,
    kind text not null,
    row_id uuid not null,
    content text not null,
    previous_hash bytea not null,
    hash bytea not null,
    constraint audit_entry_unique primary key (project_id, number),
    constraint audit_kind_known check (kind in ('approval', 'reason', 'promotion'))
);

-- What an entry says about its row, in words that neither the session nor a column added later changes. Entries that
-- stand were made with these two functions: they are never edited; another format is another function.
create function sidecar.audited_approval(kind text, a public.artifact_approvals) returns jsonb
language sql stable parallel safe as $$
    select jsonb_build_object(
        'kind', kind, 'id', a.id, 'project_id', a.project_id, 'artifact_version_id', a.artifact_version_id,
        'task_id', a.task_id, 'action', a.action, 'actor_id', a.actor_id, 'actor_type', a.actor_type,
        'actor_label', a.actor_label, 'reason', a.reason, 'feedback', a.feedback, 'promotion_id', a.promotion_id,
        'request_id', a.request_id,
        'date_created', to_char(a.date_created at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
$$;

-- The changes hold whole values, which the versions keep too: their hash is enough here.
create function sidecar.audited_promotion(kind text, p public.promotions) returns jsonb
language sql stable parallel safe as $$
    select jsonb_build_object(
        'kind', kind, 'id', p.id, 'project_id', p.project_id, 'context_version', p.context_version,
        'actor_id', p.actor_id, 'actor_label', p.actor_label, 'reason', p.reason, 'request_id', p.request_id,
        'changes_sha256', encode(sha256(convert_to(p.changes::text, 'UTF8')), 'hex'),
        'date_created', to_char(p.date_created at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
$$;

-- The next entry of a project's chain. The lock is the one that decisions hold already when they come here: whoever
-- writes a record without it waits, and the next statement reads the entry that it waited for (READ COMMITTED).
create function sidecar.chain(project uuid, kind text, row_id uuid, content text) returns void
language plpgsql as $$
begin
    perform from public.projects where id = project for no key update;
    insert into sidecar.audit_log (project_id, number, kind, row_id, content, previous_hash, hash)
    select project, coalesce(newest.number, 0) + 1, chain.kind, chain.row_id, chain.content, link.hash,
           sha256(link.hash || convert_to(chain.content, 'UTF8'))
    from (select) one
    left join lateral (select l.number, l.hash from sidecar.audit_log l
                       where l.project_id = project order by l.number desc limit 1) newest on true
    cross join lateral (select coalesce(newest.hash, decode(repeat('00', 32), 'hex'))) link (hash);
end $$;

-- Every record gets its entry in the transaction that writes it, whoever writes it.
-- A deleted user's id that becomes null is no entry: the log keeps the id, and verify expects the null.
create function sidecar.chain_approval() returns trigger language plpgsql as $$
declare
    kind text := case tg_op when 'INSERT' then 'approval' else 'reason' end;
begin
    perform sidecar.chain(new.project_id, kind, new.id, sidecar.audited_approval(kind, new)::text);
    return null;
end $$;

create function sidecar.chain_promotion() returns trigger language plpgsql as $$
begin
    perform sidecar.chain(new.project_id, 'promotion', new.id, sidecar.audited_promotion('promotion', new)::text);
    return null;
end $$;

-- Made here, where they hold off writers until the records from before are in; kept up by after/40_audit_chain.sql.
create trigger u40_chain_approval after insert on public.artifact_approvals for each row
    execute function sidecar.chain_approval();
create trigger u45_chain_reason after update on public.artifact_approvals for each row
    when ((old.reason, old.feedback) is distinct from (new.reason, new.feedback))
    execute function sidecar.chain_approval();
create trigger u40_chain_promotion after insert on public.promotions for each row
    execute function sidecar.chain_promotion();

-- Records from before the chain, in the order in which they came. Once: whatever is found later without an entry is a
-- breach and stays one.
do $$
declare
    found record;
begin
    for found in
        select project_id, 'promotion' as kind, id, date_created, sidecar.audited_promotion('promotion', p)::text as content
        from public.promotions p
        union all
        select project_id, 'approval', id, date_created, sidecar.audited_approval('approval', a)::text
        from public.artifact_approvals a
        order by date_created, kind desc, id
    loop
        perform sidecar.chain(found.project_id, found.kind, found.id, found.content);
    end loop;
end $$;
