"""One name joins a rule in the database, its code in the API and its translation."""

from __future__ import annotations

import re

import pytest

from sidecar.errors import CODES
from sidecar.provision.database import MIGRATIONS

GUARDS = {path.stem: path.read_text() for path in (MIGRATIONS / "guards").glob("*.sql")}

# What no rule of the database says: the request, the caller, what is not there, the order of things, and health.
SAID_BY_PYTHON = {
    "lock_of_another", "used_in_place", "too_many_tags",
    "template_violation", "template_broken", "template_not_found", "nothing_at_path", "file_not_linked",
    "bytes_removed", "confirmation_required", "too_many_copies",
    "link_invalid", "link_expired", "bytes_missing", "range_not_satisfiable",
    "stable_links_off", "import_rolled_back", "import_row_unreadable", "import_row_unmapped", "import_key_repeated",
    "import_id_taken", "import_path_decided", "import_file_missing", "import_row_changed",
    "invalid_json", "invalid_text", "invalid_value", "value_not_json", "unsupported_media_type", "body_too_large",
    "route_not_found", "method_not_allowed", "bad_request", "token_missing", "token_invalid", "actor_unknown",
    "actor_not_allowed", "forbidden", "restricted_policy", "artifact_not_found", "project_not_found",
    "task_not_found", "execution_not_found", "step_not_found", "file_not_found", "path_not_in_context",
    "reference_not_found", "file_upload_failed", "already_decided", "not_submitted", "reason_required",
    "two_approvals_for_one_path", "decision_repeated", "approved_is_replaced", "context_version_conflict",
    "context_path_occupied", "one_project_at_a_time", "if_match_invalid", "project_key_known", "registry_busy",
    "database_unavailable", "directus_unavailable", "internal_error", "idempotency_key_invalid",
    "execution_elsewhere", "step_unfinished", "step_ended", "step_dependency_unknown", "step_dependency_cycle",
    "step_output_missing", "stage_by_decision",
    "webhook_not_found", "delivery_not_found", "webhook_inactive", "event_gone", "wake_over", "too_many_waiting",
    "transfer_not_found", "transfer_carried", "not_approved", "nothing_to_transfer", "server_not_allowed",
    "prompt_unfinished", "output_missing", "too_many_outputs", "server_failed",
    "idempotency_key_reused", "idempotency_key_in_use", "own_work", "more_approvals_needed", "context_version_unknown",
    "review_links_off", "review_link_not_found", "review_link_expired", "review_link_revoked", "review_link_stopped",
    "review_link_narrow", "review_link_too_long", "review_form_expired", "nothing_to_share", "too_many_to_share",
    "too_many_requests",
    "file_without_pages", "page_not_found", "page_too_heavy", "document_unreadable", "document_locked", "previews_busy",
    "upload_too_large", "file_type_mismatch", "file_url_refused", "file_url_failed", "file_url_too_large",
}  # fmt: skip
SAID_BY_THE_EXTENSION = {
    "task_has_versions", "execution_has_versions", "step_has_versions", "file_in_use", "decide_separately",
    "decide_through_reviews", "version_required", "registry_only", "registry_unavailable", "registry_slow",
    "registry_failed", "registry_path", "operation_invalid", "not_authenticated", "cross_site",
}  # fmt: skip
# Uniqueness no caller of the API can break: the registry numbers under a lock, and links with ON CONFLICT DO NOTHING.
# Whoever breaks it through Directus is told so by Directus.
NEVER_SAID = {
    "version_number_unique", "context_version_unique", "file_linked_once", "version_linked_once", "stage_linked_once",
    "execution_engine_workflow_unique", "transfer_open_once",
    "relation_unique", "idx_one_approved_per_path", "approval_once_per_actor", "projects_key_unique",
    "project_templates_name_unique",
}  # fmt: skip


@pytest.fixture
def rules(database):
    """Names of constraints and unique indexes on our tables, by kind: c, u."""
    tables = [path.stem for path in (MIGRATIONS.parent / "directus-schema" / "collections").glob("*.yaml")]
    checks = "select conname from pg_constraint where contype = 'c' and conrelid::regclass::text = any(%s)"
    unique = (
        "select indexrelid::regclass::text from pg_index"
        " where indisunique and not indisprimary and indrelid::regclass::text = any(%s)"
    )
    return {"c": set(database.column(checks, tables)), "u": set(database.column(unique, tables))}


def test_guards_and_checks_are_the_codes_that_neither_python_nor_the_extension_says_alone(rules):
    assert (set(GUARDS) | rules["c"]) == set(CODES) - SAID_BY_PYTHON - SAID_BY_THE_EXTENSION


def test_unique_constraints_are_known(rules):
    assert rules["u"] == NEVER_SAID


@pytest.mark.parametrize("name", GUARDS)
def test_a_guards_file_function_constraint_and_triggers_bear_one_name(name):
    text = GUARDS[name]
    guarded = f"sidecar.{name}()"

    assert f"create or replace function {guarded}" in text
    assert set(re.findall(r"constraint = '(\w+)'", text)) <= {name}
    triggers = re.findall(r"create or replace trigger (\w+)", text)
    assert triggers
    assert all(re.fullmatch(rf"g\d\d_{name}", trigger) for trigger in triggers)
    assert set(re.findall(r"execute function ([\w.]+\(\))", text)) == {guarded}
    assert sorted(re.findall(r"enable always trigger (\w+)", text)) == sorted(triggers)


def test_every_guard_fires_always_and_with_the_rights_of_whoever_writes(database):
    triggers = database.all(
        "select t.tgname, t.tgenabled, p.prosecdef from pg_trigger t join pg_proc p on p.oid = t.tgfoid"
        " join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'sidecar' and t.tgname ~ '^[gu][0-9]{2}_'"
    )

    assert {re.sub(r"^g\d\d_", "", row["tgname"]) for row in triggers if row["tgname"].startswith("g")} == set(GUARDS)
    assert {(row["tgenabled"], row["prosecdef"]) for row in triggers} == {("A", False)}


def test_running_the_guards_again_changes_nothing(urls, database):
    from sidecar.provision.database import migrate

    def shape():
        return database.all(
            "select tgname, tgenabled, pg_get_triggerdef(oid), pg_get_functiondef(tgfoid) from pg_trigger"
            " where not tgisinternal order by 1, 3"
        )

    before = shape()

    assert migrate(urls["admin"]) == []
    assert shape() == before
