-- What a version was made from is never made from it, directly or through others, whoever adds relations at the same
-- moment. A circle may lead through any number of projects, so there is one lock for all of them, held to the end of the
-- transaction; each statement below sees what the lock waited for (READ COMMITTED).
-- A version that this very transaction made needs no lock: nobody else can refer to it yet, so every way back to it
-- is our own. That is a submission with its sources: submissions never wait for each other here.
-- The walk begins with the side that ends first, and reads each version once and by the indexes only.
create or replace function sidecar.relation_cycle() returns trigger language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    most bigint := 1000;
    seen bigint;
    circle boolean;
begin
    if exists (select from public.artifact_relations where from_version_id = new.from_version_id
               and to_version_id = new.to_version_id and relation_type = new.relation_type) then
        return new; -- relation_unique decides
    end if;
    -- An old version that this transaction has updated has our xmin too, but not our date.
    if not exists (select from public.artifact_versions where id = new.from_version_id
                   and date_created = transaction_timestamp() and xmin = pg_current_xact_id()::xid) then
        if current_setting('transaction_isolation') = 'repeatable read' then
            raise exception using errcode = '0A000', message = 'Relations are added in READ COMMITTED or SERIALIZABLE.';
        end if;
        perform pg_advisory_xact_lock(hashtextextended('artifacts/relations', 0));
    end if;
    loop
        select count(*), bool_or(walked.id = new.to_version_id) into seen, circle from (
            with recursive derived (id) as (
                select r.from_version_id from public.artifact_relations r where r.to_version_id = new.from_version_id
                union
                select r.from_version_id from derived d join public.artifact_relations r on r.to_version_id = d.id)
            select id from derived limit most) walked;
        exit when circle or seen < most;
        select count(*), bool_or(walked.id = new.from_version_id) into seen, circle from (
            with recursive source (id) as (
                select r.to_version_id from public.artifact_relations r where r.from_version_id = new.to_version_id
                union
                select r.to_version_id from source s join public.artifact_relations r on r.from_version_id = s.id)
            select id from source limit most) walked;
        exit when circle or seen < most;
        most := most * 10;
    end loop;
    if circle then
        raise exception using errcode = '23514', constraint = 'relation_cycle',
            message = 'The source was itself made from this version, directly or through others.';
    end if;
    return new;
end $$;

create or replace trigger g20_relation_cycle before insert on public.artifact_relations for each row
    when (new.from_version_id <> new.to_version_id)
    execute function sidecar.relation_cycle();
alter table public.artifact_relations enable always trigger g20_relation_cycle;
