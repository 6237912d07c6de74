-- intermediate → pending → approved → superseded → archived; pending → rejected → archived;
-- intermediate, pending, approved → archived. For everybody, the sidecar included.
create or replace function sidecar.version_status_one_way() returns trigger language plpgsql as $$
begin
    if (old.status, new.status) not in (
        ('intermediate', 'pending'), ('intermediate', 'archived'), ('pending', 'approved'), ('pending', 'rejected'),
        ('pending', 'archived'), ('approved', 'superseded'), ('approved', 'archived'), ('superseded', 'archived'),
        ('rejected', 'archived')) then
        raise exception using errcode = '23514', constraint = 'version_status_one_way',
            message = format('A version that is %s cannot become %s.', old.status, new.status);
    end if;
    return new;
end $$;

create or replace trigger g50_version_status_one_way before update of status on public.artifact_versions for each row
    when (old.status is distinct from new.status)
    execute function sidecar.version_status_one_way();
alter table public.artifact_versions enable always trigger g50_version_status_one_way;
