-- The triggers that write the audit log, there and in force after every set-up (made by 0005_audit_chain.sql).
create or replace trigger u40_chain_approval after insert on public.artifact_approvals for each row
    execute function sidecar.chain_approval();
create or replace trigger u45_chain_reason after update on public.artifact_approvals for each row
    when ((old.reason, old.feedback) is distinct from (new.reason, new.feedback))
    execute function sidecar.chain_approval();
create or replace trigger u40_chain_promotion after insert on public.promotions for each row
    execute function sidecar.chain_promotion();
create or replace trigger u45_chain_erasure after update on public.promotions for each row
    when (old.changes is distinct from new.changes)
    execute function sidecar.chain_erasure();
alter table public.artifact_approvals enable always trigger u40_chain_approval, enable always trigger u45_chain_reason;
alter table public.promotions enable always trigger u40_chain_promotion, enable always trigger u45_chain_erasure;
