-- depends: 0003_indexes
-- The newest decisions of all projects: GET /v1/insights/reviews, and in Directus the list of approvals as it opens and the
-- panel of reasons. Without it each of them reads every decision ever made.
create index approvals_newest on public.artifact_approvals (date_created desc);
