-- Nothing is put into an erased version again, by nobody. (The CHECK of the same name says what such a row is.)
create or replace function sidecar.version_erased() returns trigger language plpgsql as $$
begin
    raise exception using errcode = '23514', constraint = 'version_erased',
        message = 'This version was erased. Submit it anew if it should be there.';
end $$;

create or replace trigger g25_version_erased before update on public.artifact_versions for each row
    when (old.erased_at is not null
          and (new.value is not null or new.metadata is not null or new.tags is not null or new.source_url is not null))
    execute function sidecar.version_erased();
alter table public.artifact_versions enable always trigger g25_version_erased;
