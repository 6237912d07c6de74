-- find_service_token: the token with this hash, unless revoked or expired
select id, name, role, actor_type
from sidecar.service_tokens
where token_hash = %(token_hash)s and revoked_at is null and (expires_at is null or expires_at > now());

-- live_token: the token with this id, unless revoked or expired
select id, name, role, actor_type
from sidecar.service_tokens
where id = %(id)s and revoked_at is null and (expires_at is null or expires_at > now());

-- touch_service_token: when a token was last used, written at most once an hour so that reads stay reads
update sidecar.service_tokens set last_used_at = now()
where id = %(id)s and (last_used_at is null or last_used_at < now() - interval '1 hour');

-- add_service_token: a new token, or a new secret for a known name; only the hash is kept
insert into sidecar.service_tokens (name, role, actor_type, token_hash)
values (%(name)s, %(role)s, %(actor_type)s, %(token_hash)s)
returning id, name, role, actor_type, created_at;

-- keep_service_token: makes exactly this secret the one live token of its name (set-up runs it again and again)
insert into sidecar.service_tokens (name, role, actor_type, token_hash)
values (%(name)s, %(role)s, %(actor_type)s, %(token_hash)s)
on conflict (token_hash) do update set role = excluded.role, revoked_at = null;

-- revoke_others: the earlier secrets of a name
update sidecar.service_tokens set revoked_at = now()
where name = %(name)s and token_hash <> %(token_hash)s and revoked_at is null;

-- list_service_tokens: every token, newest first, without its secret
select id, name, role, actor_type, created_at, last_used_at, expires_at, revoked_at
from sidecar.service_tokens order by created_at desc;

-- revoke_service_token: by name or id; answers what was revoked
update sidecar.service_tokens set revoked_at = now()
where (name = %(token)s or id::text = %(token)s) and revoked_at is null
returning id, name;

-- rights_of_user: an active user, their policies through roles and their parents, and what those read
with recursive person as (
    select id, role, coalesce(nullif(trim(concat_ws(' ', first_name, last_name)), ''), email, id::text) as label
    from public.directus_users where id = %(user_id)s and status = 'active'
), roles as (
    select r.id, r.parent from public.directus_roles r join person on person.role = r.id
    union
    select r.id, r.parent from public.directus_roles r join roles on roles.parent = r.id
), policies as (
    select distinct p.id, p.admin_access, p.ip_access
    from public.directus_policies p
    join public.directus_access a on a.policy = p.id
    where a."user" = %(user_id)s or a.role in (select id from roles)
)
select person.id, person.label,
       coalesce((select jsonb_agg(jsonb_build_object(
           'id', p.id, 'admin', p.admin_access, 'ip_access', p.ip_access,
           'reads', (select case when bool_or(coalesce(d.permissions::text, '{}') in ('{}', 'null')
                                              and d.fields = '*') then 'all' else 'some' end
                     from public.directus_permissions d
                     where d.policy = p.id and d.collection = 'artifact_versions' and d.action = 'read'
                     having count(*) > 0)))
         from policies p), '[]') as policies
from person;
