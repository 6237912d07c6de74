"""Every kind of damage, done to a copy by an administrator with the triggers off: that breach is said, and no other."""

from __future__ import annotations

import re

import pytest
from psycopg import sql as psql

from sidecar.provision.database import MIGRATIONS
from sidecar.provision.ids import ARTIFACTS_FOLDER
from sidecar.sql import parse
from sidecar.verify import verify
from tests.rows import Rows

UNUSED = "00000000-0000-0000-0000-000000000007"

# What is done, with names of `busy` in braces, and what is said. <…> stands for what differs from run to run.
DAMAGES = {
    "a value in the context is edited": (
        "update projects set context = jsonb_set(context, '{brand,logo,colour}', '\"red\"') where id = '{project}'",
        ['context_differs  spring brand.logo.colour: "red"; should be: "blue"'],
    ),
    "an entry is taken out of the context, another put in": (
        "update projects set context = context - 'voice' || '{\"brag\": [true]}' where id = '{project}'",
        [
            "context_differs  spring brag: [true]; should be: nothing",
            "context_differs  spring voice: nothing; should be: {<entry>}",
        ],
    ),
    "an adopted context is edited": (
        "update projects set context = context - 'brand' where key = 'adopted'",
        [
            "context_differs  adopted brand: nothing; should be:"
            ' {"claim": "Since 1900.", "artifact_version_id": "elsewhere"}'
        ],
    ),
    "the context's number is set back": (
        "update projects set context_version = 3 where id = '{project}'",
        ["context_version_differs  spring: context version 3; should be: 5, the newest promotion"],
    ),
    "a promotion is removed": (
        "delete from promotions where project_id = '{project}' and context_version = 1",
        [
            "promotion_missing  spring: promotion 2 comes after none; should be: promotion 1",
            "record_missing  spring: the promotion of entry 1 is gone; should be: {<entry>",
        ],
    ),
    "the newest promotion is removed": (
        "delete from promotions where project_id = '{project}' and context_version = 5",
        [
            "context_differs  spring _meta.context_version: 5; should be: 4",
            "context_differs  spring _meta.last_updated: <time>; should be: <time>",
            "context_differs  spring _meta.total_artifacts: 4; should be: 3",
            "context_differs  spring voice: {<entry>}; should be: nothing",
            "context_version_differs  spring: context version 5; should be: 4, the newest promotion",
            "record_missing  spring: the promotion of entry <n> is gone; should be: {<entry>",
            "version_not_in_context  spring voice: version 1 is promoted, and no promotion names its path;"
            " should be: version 1 in the context",
        ],
    ),
    "a promotion's reason is changed": (
        "update promotions set reason = 'Because.' where project_id = '{project}' and context_version = 1",
        ['promotion_changed  spring: promotion 1 has reason "Because."; should be: reason "Fresh." (entry 1)'],
    ),
    "what a promotion wrote is changed, and the context with it": (
        "update promotions set changes = jsonb_set(changes, '{0,entry,colour}', '\"red\"')"
        " where project_id = '{project}' and context_version = 2;"
        "update projects set context = jsonb_set(context, '{brand,logo,colour}', '\"red\"') where id = '{project}'",
        [
            "entry_differs  spring brand.logo: promotion 2 wrote {<entry>}; should be: {<entry>}",
            "promotion_changed  spring: promotion 2 has changes_sha256 <hash>;"
            " should be: changes_sha256 <hash> (entry <n>)",
        ],
    ),
    "changes are made unreadable": (
        "update promotions set changes = '{\"schema_key\": 1}' where project_id = '{project}' and context_version = 5",
        [
            "context_differs  the check failed: cannot extract elements from an object; should be: data it can read",
            "promotion_changed  spring: promotion 5 has changes_sha256 <hash>;"
            " should be: changes_sha256 <hash> (entry <n>)",
            "version_not_in_context  spring voice: version 1 is promoted, and no promotion names its path;"
            " should be: version 1 in the context",
        ],
    ),
    "what is in the context is put away": (
        "update artifact_versions set status = 'archived' where id = '{logo_2}'",
        [
            "decision_not_recorded  spring brand.logo: version 2 is archived, and no record says so;"
            " should be: a record of archive or withdraw or import or erase",
            "entry_without_version  spring brand.logo: version 2, which the context names, is archived;"
            " should be: an approved, promoted version of this path",
        ],
    ),
    "what is in the context is said not to be": (
        "update artifact_versions set promoted_at = null where id = '{logo_2}'",
        [
            "entry_without_version  spring brand.logo: version 2, which the context names, is approved and not"
            " promoted; should be: an approved, promoted version of this path"
        ],
    ),
    "what awaits promotion is said to be in the context": (
        "update artifact_versions set promoted_at = now() where id = '{song_2}'",
        [
            "entry_without_version  spring song: version 1, which the context names, is superseded;"
            " should be: an approved, promoted version of this path",
            "version_not_in_context  spring song: version 2 is promoted, and promotion 4 put version 1 there;"
            " should be: version 2 in the context",
        ],
    ),
    "a promoted version's value is changed": (
        "update artifact_versions set value = '{\"colour\": \"red\"}' where id = '{logo_1}'",
        ["entry_differs  spring brand.logo: promotion 1 wrote {<entry>}; should be: {<entry>}"],
    ),
    "a version is removed": (
        "delete from artifact_approvals where artifact_version_id = '{claim_1}';"
        "update artifact_versions set parent_id = null where parent_id = '{claim_1}';"
        "delete from artifact_versions where id = '{claim_1}'",
        [
            "number_gap  spring brand.claim: version 2; should be: version 1",
            "record_missing  spring: the record of entry <n> is gone; should be: {<entry>",
        ],
    ),
    "a number is given twice": (
        "alter table artifact_versions drop constraint version_number_unique;"
        "update artifact_versions set version_number = 1 where id = '{claim_2}'",
        [
            "entry_differs  spring brand.claim: promotion 3 wrote {<entry>}; should be: {<entry>}",
            "number_gap  spring brand.claim: version 1; should be: version 2",
        ],
    ),
    "two versions are approved": (
        "drop index idx_one_approved_per_path;update artifact_versions set status = 'approved' where id = '{song_1}'",
        [
            "decision_undone  spring song: version 1 is approved; should be: superseded or archived,"
            " as its record of supersede says",
            "two_approved  spring song: versions 1 and 2 are approved; should be: one approved version",
        ],
    ),
    "a version becomes approved past the registry": (
        "update artifact_versions set status = 'approved', review_state = null where id = '{scene}'",
        [
            "decision_not_recorded  spring scenes[1]: version 1 is approved, and no record says so;"
            " should be: a record of approve or import",
            "status_unreachable  spring scenes[1]: version 1 is approved, without a date of approval;"
            " should be: a date of approval",
        ],
    ),
    "a rejection is taken back": (
        "update artifact_versions set status = 'pending' where id = '{claim_1}'",
        [
            "decision_undone  spring brand.claim: version 1 is pending; should be: rejected or archived,"
            " as its record of reject says"
        ],
    ),
    "dates and states do not go together": (
        "update artifact_versions set approved_at = now() where id = '{scene}';"
        "update artifact_versions set promoted_at = now() where id = '{claim_1}';"
        "update artifact_versions set review_state = 'changes_requested' where id = '{song_2}'",
        [
            "decision_not_recorded  spring song: version 2 is changes_requested, and no record says so;"
            " should be: a record of request_changes",
            "status_unreachable  spring brand.claim: version 1 is rejected, without a date of approval, promoted;"
            " should be: a promoted version was approved, and is approved, superseded or archived",
            "status_unreachable  spring scenes[1]: version 1 is pending, with a date of approval, changes_requested;"
            " should be: no date of approval",
            "status_unreachable  spring song: version 2 is approved, with a date of approval, changes_requested;"
            " should be: changes are requested of a pending version only",
        ],
    ),
    "a primary file's link is removed": (
        "delete from artifact_files where artifact_version_id = '{logo_2}'",
        [
            "primary_file_not_linked  spring brand.logo: version 2 has the primary file {file}, not among its files;"
            " should be: a link to it in artifact_files"
        ],
    ),
    "paths are put above, below and beside others": (
        "insert into artifact_versions (project_id, schema_key, version_number, status, value)"
        " select '{project}', path, 1, 'pending', '1' from unnest(array['brand', 'song.text', 'scenes.one']) path",
        [
            "paths_in_conflict  spring brand: an entry, an object for brand.claim; should be: one of them",
            "paths_in_conflict  spring scenes: an object for scenes.one, a list for scenes[1]; should be: one of them",
            "paths_in_conflict  spring song: an entry, an object for song.text; should be: one of them",
        ],
    ),
    "a reason is changed": (
        "update artifact_approvals set reason = 'Too short.' where reason = 'Too long.'",
        [
            'record_changed  spring brand.claim: the record of reject has reason "Too short.";'
            ' should be: reason "Too long." (entry 6)'
        ],
    ),
    "a reason that was added later is taken out": (
        "update artifact_approvals set reason = null where reason = 'Short.'",
        [
            "record_changed  spring brand.claim: the record of approve has reason null;"
            ' should be: reason "Short." (entry 9)'
        ],
    ),
    "a record is given another actor": (
        "update artifact_approvals set actor_id = (select id from directus_users where email like 'robin%' limit 1),"
        " actor_label = 'Robin' where artifact_version_id = '{voice}'",
        [
            'record_changed  spring voice: the record of approve has actor_id "<id>", actor_label "Robin";'
            ' should be: actor_id "<id>", actor_label "<name>" (entry <n>)'
        ],
    ),
    "a record is removed": (
        "delete from artifact_approvals where artifact_version_id = '{song_2}' and action = 'comment'",
        ["record_missing  spring song: the record of entry <n> is gone; should be: {<entry>"],
    ),
    "a record is put in": (
        "insert into artifact_approvals (artifact_version_id, project_id, action, actor_label)"
        " values ('{scene}', '{project}', 'comment', 'Robin')",
        [
            "record_not_logged  spring scenes[1]: the record of comment by Robin has no entry in the log;"
            " should be: an entry for <id>"
        ],
    ),
    "a log entry is removed": (
        "delete from sidecar.audit_log where project_id = '{project}' and number = 6",
        [
            "log_entry_missing  spring: entry 7 comes after 5; should be: entry 6",
            "record_not_logged  spring brand.claim: the record of reject by <name> has no entry in the log;"
            " should be: an entry for <id>",
        ],
    ),
    "the first log entry is removed with its promotion": (
        "delete from sidecar.audit_log where project_id = '{project}' and number = 1;"
        "delete from promotions where project_id = '{project}' and context_version = 1",
        [
            "log_entry_missing  spring: entry 2 comes after none; should be: entry 1",
            "promotion_missing  spring: promotion 2 comes after none; should be: promotion 1",
        ],
    ),
    "a record and its entry are changed": (
        "update artifact_approvals set reason = 'Too short.' where reason = 'Too long.';"
        "update sidecar.audit_log set content = replace(content, 'Too long.', 'Too short.')",
        ["log_hash_wrong  spring: entry 6 has the hash <hash>; should be: <hash> for what it says"],
    ),
    "a record, its entry and the entry's hash are changed": (
        "update artifact_approvals set reason = 'Too short.' where reason = 'Too long.';"
        "update sidecar.audit_log set content = replace(content, 'Too long.', 'Too short.');"
        "update sidecar.audit_log set hash = sha256(previous_hash || convert_to(content, 'UTF8'))",
        ["log_link_broken  spring: entry 7 follows <hash>; should be: <hash>, the hash of the entry before it"],
    ),
    "the chain begins elsewhere": (
        "update sidecar.audit_log set previous_hash = sha256('other'), hash = sha256(sha256('other')"
        " || convert_to(content, 'UTF8')) where number = 1 and project_id ="
        " (select id from projects where key = 'adopted')",
        ["log_link_broken  adopted: entry 1 follows <hash>; should be: 32 zero bytes"],
    ),
    "a guard is dropped": (
        "drop trigger g60_version_kept on artifact_versions",
        [
            "guard_missing  public.artifact_versions: the trigger g60_version_kept is not there;"
            " should be: the trigger g60_version_kept of migrations/"
        ],
    ),
    "a guard fires on a condition that is never true": (
        "create or replace trigger g70_audit_append_only before truncate on sidecar.audit_log for each statement"
        " when (false) execute function sidecar.audit_append_only();"
        "alter table sidecar.audit_log enable always trigger g70_audit_append_only",
        [
            "guard_missing  sidecar.audit_log: the trigger g70_audit_append_only fires on a condition;"
            " should be: the trigger g70_audit_append_only of migrations/"
        ],
    ),
    "guards are switched off": (
        "",  # below, once the others are on again
        [
            "guard_disabled  public.artifact_approvals: the trigger u40_chain_approval is off for some sessions;"
            " should be: enabled always",
            "guard_disabled  public.artifact_versions: the trigger g60_version_kept is switched off;"
            " should be: enabled always",
        ],
    ),
    "a guard lets everything through": (
        "create or replace function sidecar.version_kept() returns trigger language plpgsql as 'begin return old; end'",
        ["guard_changed  sidecar.version_kept: the function has another text; should be: as in migrations/"],
    ),
    "a guard calls another one's function": (
        "create or replace trigger g60_version_kept before delete on artifact_versions for each row"
        " execute function sidecar.chain_promotion()",
        [
            "guard_changed  public.artifact_versions: the trigger g60_version_kept calls sidecar.chain_promotion;"
            " should be: sidecar.version_kept"
        ],
    ),
    "Directus owns a guarded table": (
        "alter table promotions owner to artifacts_directus",
        ["owner_wrong  public.promotions: owned by artifacts_directus; should be: artifacts_owner"],
    ),
    "everybody may read the tokens, and the sidecar may rewrite the log": (
        "grant select on sidecar.service_tokens to public;"
        "grant update, truncate on sidecar.audit_log to artifacts_sidecar;"
        "grant select (password) on directus_users to artifacts_sidecar",
        [
            "grant_too_wide  directus_users.password: artifacts_sidecar may read it; should be: not so",
            "grant_too_wide  sidecar.audit_log: artifacts_sidecar may truncate, update; should be: not so",
            "grant_too_wide  sidecar.service_tokens: everybody may select; should be: not so",
        ],
    ),
    "a file is left over": (
        "insert into directus_files (id, storage, filename_download, folder, created_on)"
        f" values ('{UNUSED}', 'local', 'left.png', '{ARTIFACTS_FOLDER}', '2026-01-01 12:00Z'),"
        f" (gen_random_uuid(), 'local', 'new.png', '{ARTIFACTS_FOLDER}', now())",
        [
            f"file_unused  left.png: nothing refers to the file {UNUSED} of 2026-01-01 12:00;"
            " should be: a version or a document that does"
        ],
    ),
    "an approved version is said to have lost its files": (
        "update artifact_versions set bytes_removed_at = now() where id = '{logo_2}'",
        [
            "gone_and_there  spring brand.logo: version 2 has 1 file, a primary file;"
            " should be: no files: they were removed",
            "removal_not_recorded  spring brand.logo: version 2 is approved, without its files;"
            " should be: archived, with as many records",
        ],
    ),
    "a version is said to be erased": (
        "alter table artifact_versions drop constraint version_erased;"
        "update artifact_versions set erased_at = now() where id = '{draft}'",
        [
            "gone_and_there  spring draft: version 1 has content; should be: nothing: it was erased",
            "removal_not_recorded  spring draft: version 1 is archived, erased;"
            " should be: archived, with as many records",
        ],
    ),
    "an erasure is put into the log": (
        "select sidecar.chain(project_id, 'erasure', id, (sidecar.audited_promotion('erasure', p)"
        ' || \'{"replaces_sha256": "00"}\')::text) from promotions p'
        " where project_id = '{project}' and context_version = 1",
        [
            "erasure_unfounded  spring: entry <n> replaces changes of 00;"
            " should be: <hash>, as the entry of its promotion before it says"
        ],
    ),
    "a file that was deleted is there again": (
        "insert into sidecar.file_removals (file_id, deleted_at) values ('{file}', '2026-01-01 12:00Z')",
        ["file_not_removed  logo.png: the file {file} is there; should be: deleted since 2026-01-01 12:00"],
    ),
    "a file's bytes are replaced": (
        "update directus_files set filesize = 5 where id = '{file}'",
        ["file_replaced  logo.png: the file {file} has 5 bytes; should be: 4, as it was received"],
    ),
    "a file's bytes are replaced by as many others": (
        "update sidecar.file_contents set changed_at = '2026-01-01 12:00Z' where file_id = '{file}'",
        [
            "file_replaced  logo.png: the file {file} has other bytes since 2026-01-01 12:00;"
            " should be: SHA-256 <hash>, as it was received"
        ],
    ),
    "what happened is forgotten before it is told": (
        "delete from sidecar.happened where subject in ('{logo_2}', '{claim_1}')",
        [
            "event_missing  spring brand.logo: no version.approved of version 2; should be: an event of each decision",
            "event_missing  spring brand.claim: no version.rejected of version 1; should be: an event of each decision",
        ],
    ),
    "an event is removed": (
        "insert into sidecar.events (project_id, number, type, subject, payload, happened_at)"
        " select '{project}', n, 'context.promoted', '{project}', '{}', now() from (values (1), (3)) v (n)",
        ["event_number_gap  spring: 2 events from 1 to 3; should be: 3"],
    ),
    "a poster is referred to by nothing but its file": (
        "insert into directus_files (id, storage, filename_download, folder, created_on)"
        f" values ('{UNUSED}', 'local', 'logo.poster.jpg', '{ARTIFACTS_FOLDER}', '2026-01-01 12:00Z');"
        f"update sidecar.file_contents set poster_id = '{UNUSED}' where file_id = '{{file}}'",
        [],
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_that_breach_is_found_and_no_other(damage, busy, database: Rows, damaging, found):
    statements, expected = DAMAGES[damage]
    with damaging():
        database.connection.execute(psql.SQL(_named(statements, busy)))
    if damage == "guards are switched off":
        database.run("alter table artifact_versions disable trigger g60_version_kept")
        database.run("alter table artifact_approvals enable trigger u40_chain_approval")

    said = [str(breach) for breach in found()]

    left = [line for line in said if not any(re.fullmatch(_pattern(each, busy), line) for each in expected)]
    missing = [each for each in expected if not any(re.fullmatch(_pattern(each, busy), line) for line in said)]
    assert (left, missing, len(said)) == ([], [], len(expected))


def test_a_role_that_may_become_the_owner_is_a_breach(database, found, roles_alone):
    with roles_alone:
        database.run("grant artifacts_owner to artifacts_directus")
        try:
            lines = [str(breach) for breach in found()]
        finally:
            database.run("revoke artifacts_owner from artifacts_directus")

    assert lines == ["role_too_powerful  artifacts_directus: a member of artifacts_owner; should be: no member of it"]


def test_every_check_has_a_damage_that_it_finds():
    tried = {line.split("  ")[0].split(":")[0] for _, lines in DAMAGES.values() for line in lines}

    assert tried | {"role_too_powerful"} == {*verify.OF_PROJECTS, *verify.OF_THE_DATABASE}


@pytest.mark.parametrize("code", [*verify.OF_PROJECTS, *verify.OF_THE_DATABASE])
def test_every_code_is_explained(code):
    assert f"| `{code}` |" in (MIGRATIONS.parent / "docs" / "reference" / "verify.md").read_text()


def test_every_statement_that_checks_is_run():
    asked = {"take_time", "looked_at", "project_named", "names_of_projects"}

    assert set(parse(verify.sql.path.read_text())) - asked == {*verify.OF_PROJECTS, *verify.OF_THE_DATABASE}


def _named(text: str, busy) -> str:
    return re.sub(r"\{(\w+)\}", lambda m: str(getattr(busy, m[1], m[0])), text)


def _pattern(line: str, busy) -> str:
    return re.sub(r"<\w+>", ".+", re.escape(_named(line, busy)))
