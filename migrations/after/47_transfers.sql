-- What follows from the status of a transfer, whoever writes it. Times that come with a row are kept: it may record what
-- happened elsewhere.
create or replace function sidecar.keep_transfer() returns trigger language plpgsql as $$
begin
    new.status := coalesce(new.status, case tg_op when 'INSERT' then 'pending' end);
    new.attempts := coalesce(new.attempts, 0);
    new.date_created := coalesce(new.date_created, clock_timestamp());
    -- One spelling each: transfer_open_once compares them.
    new.target_server := regexp_replace(btrim(new.target_server), '/+$', '');
    new.target_subfolder := nullif(btrim(btrim(new.target_subfolder), '/'), '');
    if tg_op = 'UPDATE' and new.status is not distinct from old.status then
        return new;
    end if;
    if new.status = 'completed' then
        new.uploaded_at := coalesce(new.uploaded_at, clock_timestamp());
        new.error_message := null;
    end if;
    if new.status in ('completed', 'failed') then
        new.next_attempt_at := null;
    elsif tg_op = 'UPDATE' and old.status = 'failed' and new.status = 'pending' then
        new.attempts := 0;
        new.next_attempt_at := null;
    elsif new.status = 'uploading' and current_user <> 'artifacts_sidecar' then
        -- Somebody else carries the bytes: no worker takes it up after a while.
        new.next_attempt_at := null;
    end if;
    return new;
end $$;

create or replace trigger u60_keep_transfer_added before insert on public.artifact_transfers for each row
    execute function sidecar.keep_transfer();
create or replace trigger u60_keep_transfer before update of status, target_server, target_subfolder
    on public.artifact_transfers for each row
    when ((old.status, old.target_server, old.target_subfolder) is distinct from
          (new.status, new.target_server, new.target_subfolder))
    execute function sidecar.keep_transfer();
alter table public.artifact_transfers enable always trigger u60_keep_transfer_added;
alter table public.artifact_transfers enable always trigger u60_keep_transfer;
