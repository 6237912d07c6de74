-- claim: take the key, anew if it has expired; no row: it has an answer (a running original is waited for)
insert into sidecar.idempotency_keys as k (caller, method, route, key, fingerprint, request_id)
values (%(caller)s, %(method)s, %(route)s, %(key)s, %(fingerprint)s, %(request_id)s)
-- Where the condition is false the row is locked all the same: no clean-up takes it before find reads it.
on conflict on constraint idempotency_key_unique do update
set fingerprint = excluded.fingerprint, request_id = excluded.request_id, created_at = excluded.created_at,
    status = null, headers = null, body = null
where k.created_at < now() - make_interval(hours => %(hours)s::int)
returning 1;

-- find: the answer kept under a key, and for which payload
select fingerprint, status, headers, body from sidecar.idempotency_keys
where caller = %(caller)s and method = %(method)s and route = %(route)s and key = %(key)s
  and created_at >= now() - make_interval(hours => %(hours)s::int);

-- finish: the answer of the operation, in the transaction that claimed the key
update sidecar.idempotency_keys set status = %(status)s, headers = %(headers)s, body = %(body)s
where caller = %(caller)s and method = %(method)s and route = %(route)s and key = %(key)s;

-- expire: a batch of expired keys, oldest first; one that is being claimed anew is left alone
delete from sidecar.idempotency_keys where (caller, method, route, key) in (
    select caller, method, route, key from sidecar.idempotency_keys
    where created_at < now() - make_interval(hours => %(hours)s::int)
    order by created_at limit %(batch)s::int for update skip locked);
