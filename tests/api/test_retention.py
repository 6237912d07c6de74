"""Retention: what a template says it is time for is archived, and its files go where the rule says so."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from click.testing import CliRunner
from werkzeug.serving import make_server

from sidecar.access.caller import RIGHTS_OF_ROLE, Caller
from sidecar.call import Call
from sidecar.database import Database
from sidecar.retention import commands
from sidecar.retention.daily import retain_all
from sidecar.retention.retain import retain
from tests.given import code

NOW = {"after_days": 0}
REMOVE = {"after_days": 0, "bytes": "remove"}
ADMIN = Caller(None, "an operator", "system", RIGHTS_OF_ROLE["admin"], "test")


@pytest.fixture
def admin(given):
    return given.person("admin")


@pytest.fixture
def ruled(given):
    """`ruled({"logo": {…}})`: a project whose template says this of retention, by path."""

    def make(rules, **columns) -> UUID:
        template = given.template({path: {"retention": rule} for path, rule in rules.items()})
        return given.project(template_id=template, **columns)

    return make


@pytest.fixture
def old():
    """`old(40)`: a moment so many days ago."""
    return lambda days: datetime.now(UTC) - timedelta(days=days)


@pytest.fixture
def pool(settings):
    database = Database(settings.database_url.get_secret_value(), largest=4)
    database.open()
    yield database
    database.close()


@pytest.fixture
def call(sidecar_role, settings):
    """A call of the operation itself, in a transaction that the test ends."""
    return Call(sidecar_role.connection, ADMIN, "test", settings)


def apply(person, project=None, **fields):
    body = {"project_id": str(project) if project else None, **fields}
    answer = person.post("/v1/retention", body)
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


def statuses(database, *versions):
    return [database.status(version) for version in versions]


# What is due


def test_a_superseded_rejected_or_intermediate_version_is_archived_when_it_is_old_enough(
    given, admin, ruled, old, database
):
    rule = {"after_days": 30}
    project = ruled({"logo": {"superseded": rule, "rejected": rule, "intermediate": rule}})
    due = [
        given.version(project, "logo", status=s, date_created=old(31))
        for s in ("superseded", "rejected", "intermediate")
    ]
    young = [
        given.version(project, "logo", status=s, date_created=old(29))
        for s in ("superseded", "rejected", "intermediate")
    ]

    data = apply(admin, project)

    assert statuses(database, *due) == ["archived"] * 3
    assert statuses(database, *young) == ["superseded", "rejected", "intermediate"]
    assert data["archived"] == 3
    assert sorted((v["artifact_version_id"], v["status"]) for v in data["versions"]) == sorted(
        zip(map(str, due), ("superseded", "rejected", "intermediate"), strict=True)
    )


def test_an_approved_and_a_pending_version_are_never_due(given, admin, ruled, old, database):
    project = ruled({"logo": dict.fromkeys(("superseded", "rejected", "intermediate", "archived"), REMOVE)})
    file = given.file()
    kept = [
        given.approved(project, "logo", files=(file,), date_created=old(1000)),
        given.version(project, "logo", files=(given.file(),), date_created=old(1000)),
        given.version(project, "logo", date_created=old(1000), review_state="changes_requested"),
    ]

    with database.unchanged():
        data = apply(admin, project)

    assert (data["archived"], data["versions"]) == (0, [])
    assert statuses(database, *kept) == ["approved", "pending", "pending"]


def test_the_days_count_from_the_decision(given, admin, reviewer, ruled, old, database):
    project = ruled({"logo": {"rejected": {"after_days": 30}}})
    version = given.version(project, "logo", date_created=old(100))
    assert reviewer.decide("reject", version).status_code == 200

    assert apply(admin, project)["archived"] == 0
    assert database.status(version) == "rejected"


def test_the_newest_of_a_status_are_kept_at_each_path(given, admin, ruled, database):
    project = ruled(
        {
            "logo": {"superseded": {"after_days": 0, "keep_last": 2}},
            "song": {"superseded": {"after_days": 0, "keep_last": 2}},
        }
    )
    logos = [given.version(project, "logo", status="superseded") for _ in range(4)]
    songs = [given.version(project, "song", status="superseded") for _ in range(2)]

    apply(admin, project)

    assert statuses(database, *logos) == ["archived", "archived", "superseded", "superseded"]
    assert statuses(database, *songs) == ["superseded", "superseded"]


def test_a_pattern_speaks_of_its_paths_and_a_paths_own_rule_wins(given, admin, ruled, database):
    project = ruled({"scenes[*].image": {"superseded": NOW}, "scenes[2].image": {}})
    first, second, other = (
        given.version(project, path, status="superseded") for path in ("scenes[1].image", "scenes[2].image", "logo")
    )

    data = apply(admin, project)

    assert statuses(database, first, second, other) == ["archived", "superseded", "superseded"]
    assert [(rule["rule"], rule["status"], rule["archived"]) for rule in data["rules"]] == [
        ("scenes[*].image", "superseded", 1)
    ]


def test_what_stands_in_the_context_until_its_successor_is_promoted_is_not_due(given, admin, reviewer, ruled, database):
    project = ruled({"logo": {"superseded": REMOVE}})
    first = given.promoted(project, "logo", files=(given.file(),))
    second = given.version(project, "logo")
    assert reviewer.approve(second, promote=False).status_code == 200

    with database.unchanged():
        assert apply(admin, project)["archived"] == 0

    assert reviewer.promote(project_id=str(project)).status_code == 200
    assert apply(admin, project)["archived"] == 1
    assert statuses(database, first, second) == ["archived", "approved"]


def test_a_rule_that_cannot_be_read_asks_for_nothing_and_is_named(given, admin, ruled, database):
    project = ruled({"logo": {"superseded": {"after_days": "soon", "bytes": "remove"}}, "song": {"superseded": NOW}})
    logo, song = (given.version(project, path, status="superseded") for path in ("logo", "song"))

    data = apply(admin, project)

    assert [(p["path"], p["word"]) for p in data["problems"]] == [("logo", "retention.superseded.after_days")]
    assert statuses(database, logo, song) == ["superseded", "archived"]


def test_a_rule_that_cannot_be_read_is_refused_when_something_is_submitted(producer, ruled):
    project = ruled({"logo": {"superseded": {"after_days": "soon"}}})

    answer = producer.submit(project, "logo", 1)

    assert (answer.status_code, code(answer)) == (422, "template_broken")


# Files


def test_files_go_with_the_version_where_the_rule_says_so(given, admin, producer, ruled, database):
    project = ruled({"logo": {"superseded": REMOVE}, "song": {"superseded": {"after_days": 0, "bytes": "keep"}}})
    first, second, kept = given.file(), given.file(name="second.png"), given.file()
    database.run("update directus_files set filesize = 7 where id = any(%s)", [first, second])
    logo = given.version(project, "logo", status="superseded", files=(first, second))
    song = given.version(project, "song", status="superseded", files=(kept,))
    database.run("insert into sidecar.file_contents (file_id, sha256, size) values (%s, %s, 7)", first, b"\x01" * 32)

    data = apply(admin, project)

    assert (data["archived"], data["bytes_removed"], data["files"], data["bytes"]) == (2, 1, 2, 14)
    shown = producer.get(f"/v1/artifacts/{logo}").json["data"]
    assert shown["bytes_removed_at"]
    assert (shown["files"], shown["primary_file_id"]) == ([], None)
    assert [(f["id"], f["filename_download"], f["sha256"]) for f in shown["removed_files"]] == [
        (str(first), "logo.png", "01" * 32), (str(second), "second.png", None),
    ]  # fmt: skip
    assert database.actions(logo) == ["archive", "remove_bytes"]
    assert producer.get(f"/v1/artifacts/{song}").json["data"]["bytes_removed_at"] is None
    waiting = database.column("select file_id from sidecar.file_removals where deleted_at is null")
    assert set(waiting) == {first, second}
    assert (data["waiting"]["files"], data["waiting"]["bytes"], data["waiting"]["held"]) == (2, 14, 0)


def test_the_value_the_hash_and_the_records_of_a_version_without_files_stay(given, admin, ruled, database):
    project = ruled({"logo": {"superseded": REMOVE}})
    version = given.version(
        project, "logo", {"colour": "green"}, status="superseded", files=(given.file(),), content_hash="ab" * 32
    )
    before = database.version(version)

    apply(admin, project)

    changed = {name for name, value in database.version(version).items() if value != before[name]}
    assert changed == {"status", "primary_file_id", "bytes_removed_at"}


USES = ["another version", "a document", "a setting", "a user's picture", "a collection of the user's own"]


@pytest.mark.parametrize("use", USES)
def test_a_file_that_something_else_refers_to_is_held(given, admin, ruled, database, directus_role, use):
    project, file = ruled({"logo": {"superseded": REMOVE}}), given.file()
    given.version(project, "logo", status="superseded", files=(file,))
    if use == "another version":
        given.version(given.project(), "cover", files=(given.file(), file))
    elif use == "a document":
        database.run("insert into documents (title, file_id, status) values ('Logo', %s, 'archived')", file)
    elif use == "a setting":
        directus_role.run("insert into directus_settings (project_logo) values (%s)", file)
    elif use == "a user's picture":
        database.run("update directus_users set avatar = %s where id = %s", file, given.person(None).id)
    else:
        directus_role.run(
            "create table posts (id serial primary key, picture uuid references directus_files on delete set null)"
        )
        directus_role.run(
            "insert into directus_relations (many_collection, many_field, one_collection)"
            " values ('posts', 'picture', 'directus_files')"
        )
        directus_role.run("insert into posts (picture) values (%s)", file)

    for dry_run in (True, False):
        data = apply(admin, project, dry_run=dry_run)
        assert (data["bytes_removed"], data["files"]) == (1, 0)
        (held,) = data["held"]
        assert held["file_id"] == str(file)
        names = dict(
            zip(
                USES,
                (
                    "artifact_versions",
                    "documents",
                    "directus_settings.project_logo",
                    "directus_users.avatar",
                    "posts.picture",
                ),
                strict=True,
            )
        )
        assert held["used_by"] == names[use]


def test_a_column_that_the_sidecar_may_not_read_holds_every_file_and_is_named(given, admin, ruled, directus_role):
    project, file = ruled({"logo": {"superseded": REMOVE}}), given.file()
    given.version(project, "logo", status="superseded", files=(file,))
    # Made beside Directus: nobody let the sidecar read it.
    directus_role.run("create table secrets (picture uuid references directus_files)")

    data = apply(admin, project)

    assert data["held"] == [{"file_id": str(file), "used_by": "secrets.picture (cannot be read: run the set-up)"}]


def test_a_reference_without_a_foreign_key_counts(given, admin, ruled, directus_role):
    project, file = ruled({"logo": {"superseded": REMOVE}}), given.file()
    given.version(project, "logo", status="superseded", files=(file,))
    directus_role.run("create table blocks (item text, kind text)")
    directus_role.run(
        "insert into directus_relations (many_collection, many_field, one_collection_field, one_allowed_collections)"
        " values ('blocks', 'item', 'kind', 'posts,directus_files')"
    )
    directus_role.run("insert into blocks values (%s, 'directus_files')", str(file))

    assert apply(admin, project)["held"] == [{"file_id": str(file), "used_by": "blocks.item"}]


def test_versions_that_share_a_file_lose_it_together(given, admin, ruled):
    project, file = ruled({"logo": {"superseded": REMOVE}}), given.file()
    for _ in range(2):
        given.version(project, "logo", status="superseded", files=(file,))

    assert (apply(admin, project, dry_run=True)["files"], apply(admin, project)["files"]) == (1, 1)


def test_the_archived_document_of_the_version_gives_way(given, admin, ruled, database):
    project, file = ruled({"logo": {"superseded": REMOVE}}), given.file()
    version = given.version(project, "logo", status="superseded", files=(file,))
    insert = (
        "insert into documents (title, file_id, artifact_version_id, status)"
        " values ('Logo', %s, %s, 'archived') returning id"
    )
    document = database.value(insert, file, version)

    assert apply(admin, project)["files"] == 1
    assert database.one("select file_id, status from documents where id = %s", document) == {
        "file_id": None,
        "status": "archived",
    }


def test_archived_versions_lose_their_files_by_a_rule_of_their_own(given, admin, reviewer, ruled, database):
    project = ruled({"logo": {"archived": REMOVE}})
    version = given.version(project, "logo", files=(given.file(),))
    plain = given.version(project, "logo")
    assert reviewer.decide("archive", version, plain).status_code == 200

    data = apply(admin, project)

    assert (data["archived"], data["bytes_removed"]) == (0, 1)
    assert database.version(version)["bytes_removed_at"]
    assert database.actions(version) == ["archive", "remove_bytes"]
    assert apply(admin, project)["versions"] == []


def test_a_download_of_what_was_removed_says_so(given, admin, producer, ruled, database):
    project, file = ruled({"logo": {"superseded": REMOVE}}), given.file()
    version = given.version(project, "logo", status="superseded", files=(file,))
    link = producer.get(f"/v1/artifacts/{version}/download?redirect=false").json["data"]["url"]
    apply(admin, project)

    answer = producer.get(f"/v1/artifacts/{version}/download")
    assert (answer.status_code, code(answer)) == (410, "bytes_removed")
    assert answer.json["errors"][0]["message"].startswith("Version 1 of logo has lost its files on ")

    database.run("update sidecar.file_removals set deleted_at = now()")
    database.run("delete from directus_files where id = %s", file)
    answer = producer.client.get(link.partition("8090")[2])
    assert (answer.status_code, code(answer)) == (410, "bytes_removed")


@pytest.mark.parametrize("verb", ["restore", "use", "edit"])
def test_what_has_lost_its_files_is_not_copied(given, admin, producer, ruled, database, verb):
    project = ruled({"logo": {"superseded": REMOVE}})
    version = given.version(project, "logo", status="superseded", files=(given.file(),))
    apply(admin, project)
    bodies = {"restore": {}, "use": {"project_id": str(given.project())}, "edit": {"value": 7}}

    with database.unchanged():
        answer = producer.post(f"/v1/artifacts/{version}/{verb}", bodies[verb])

    assert (answer.status_code, code(answer)) == (410, "bytes_removed")


def test_an_edit_that_brings_its_own_files_passes(given, admin, producer, ruled):
    project = ruled({"logo": {"superseded": REMOVE}})
    version = given.version(project, "logo", status="superseded", files=(given.file(),))
    apply(admin, project)

    answer = producer.post(f"/v1/artifacts/{version}/edit", {"file_ids": [str(given.file())]})

    assert answer.status_code == 201, answer.text


def test_a_context_whose_files_are_gone_is_not_reverted_to(given, admin, reviewer, ruled, database):
    project = ruled({"logo": {"superseded": REMOVE}})
    given.promoted(project, "logo", files=(given.file(),))
    second = given.version(project, "logo")
    assert reviewer.approve(second).status_code == 200
    apply(admin, project)

    with database.unchanged():
        answer = reviewer.post(f"/v1/projects/{project}/context/revert", {"to_version": 1})

    assert (answer.status_code, code(answer)) == (410, "bytes_removed")


# Dry run, again, in pages, by whom


def test_a_dry_run_changes_nothing_and_answers_what_the_run_then_does(given, admin, ruled, database):
    project = ruled({"logo": {"superseded": REMOVE, "rejected": NOW}})
    for status in ("superseded", "rejected", "superseded"):
        given.version(project, "logo", status=status, files=(given.file(),))

    with database.unchanged():
        foretold = apply(admin, project, dry_run=True)
        looked = admin.get(f"/v1/retention?project_id={project}").json["data"]
    done = apply(admin, project)

    said = ("archived", "bytes_removed", "files", "bytes", "held", "rules")
    assert {name: foretold[name] for name in said} == {name: done[name] for name in said}
    assert {name: looked[name] for name in said} == {name: done[name] for name in said}
    by_id = lambda data: sorted(data["versions"], key=lambda v: v["artifact_version_id"])  # noqa: E731
    assert by_id(foretold) == by_id(done)


def test_repeating_it_changes_nothing(given, admin, ruled, database):
    project = ruled({"logo": {"superseded": REMOVE}})
    given.version(project, "logo", status="superseded", files=(given.file(),))
    apply(admin, project)

    with database.unchanged():
        assert apply(admin, project)["archived"] == 0
    assert database.value("select count(*) from sidecar.removed_files") == 1


@pytest.mark.parametrize("dry_run", [True, False])
def test_pages_come_to_an_end_and_hold_each_version_once(given, admin, ruled, dry_run):
    projects = [ruled({"*": {"superseded": NOW}}) for _ in range(2)]
    made = {
        str(given.version(p, path, status="superseded"))
        for p in projects
        for path in ("a", "a", "b", "c")
        for _ in range(2)
    }
    seen: list[str] = []
    cursor, pages = None, 0

    while True:
        answer = admin.post("/v1/retention", {"dry_run": dry_run, "cursor": cursor, "limit": 3}).json
        seen += [version["artifact_version_id"] for version in answer["data"]["versions"]]
        cursor, pages = answer["meta"]["next_cursor"], pages + 1
        if cursor is None:
            break

    assert sorted(seen) == sorted(made)
    assert 6 <= pages <= 8


@pytest.mark.parametrize(
    "cursor", ["x", "x/1/a", f"{UUID(int=1)}/-1/a", f"{UUID(int=1)}/99999999999/a", f"{UUID(int=1)}/one/a"]
)
def test_a_cursor_of_somebody_else_is_refused(admin, cursor):
    answer = admin.post("/v1/retention", {"cursor": cursor})

    assert (answer.status_code, code(answer)) == (422, "invalid_value")


def test_only_administrators_do_it(reviewer):
    assert code(reviewer.post("/v1/retention", {})) == "forbidden"
    assert code(reviewer.get("/v1/retention")) == "forbidden"


def test_the_worker_does_all_projects_batch_by_batch(given, ruled, pool, settings, database):
    versions = [
        given.version(ruled({"logo": {"superseded": REMOVE}}), "logo", status="superseded", files=(given.file(),))
        for _ in range(3)
    ]

    done = retain_all(pool, settings, "worker-test")

    assert (done["archived"], done["files"]) == (3, 3)
    assert statuses(database, *versions) == ["archived"] * 3
    (record, _) = database.approvals(versions[0])
    assert (record["actor_type"], record["reason"]) == (
        "system",
        "Retention: superseded for 0 days or more (the rule of logo).",
    )
    assert retain_all(pool, settings, "worker-test")["archived"] == 0


# Two at once


def blocked(database, count=1):
    """Wait until so many sessions wait for a lock."""
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    while database.value(waiting) < count:
        threading.Event().wait(0.01)


def test_a_restore_that_comes_while_the_files_are_taken_waits_and_is_refused(given, producer, ruled, call, database):
    project = ruled({"logo": {"superseded": REMOVE}})
    version = given.version(project, "logo", status="superseded", files=(given.file(),))
    answers: list = []

    with call.connection.transaction():
        retain(call, project_id=project)
        restoring = threading.Thread(
            target=lambda: answers.append(producer.post(f"/v1/artifacts/{version}/restore", {}))
        )
        restoring.start()
        blocked(database)
    restoring.join()

    assert [(answer.status_code, code(answer)) for answer in answers] == [(410, "bytes_removed")]


def test_a_use_that_comes_while_the_files_are_taken_waits_and_is_refused(given, producer, ruled, call, database):
    project, elsewhere = ruled({"logo": {"superseded": REMOVE}}), given.project()
    version = given.version(project, "logo", status="superseded", files=(given.file(),))
    answers: list = []

    with call.connection.transaction():
        retain(call, project_id=project)
        body = {"project_id": str(elsewhere)}
        using = threading.Thread(target=lambda: answers.append(producer.post(f"/v1/artifacts/{version}/use", body)))
        using.start()
        blocked(database)
    using.join()

    assert [(answer.status_code, code(answer)) for answer in answers] == [(410, "bytes_removed")]


def test_a_copy_that_is_being_made_keeps_the_file(given, admin, ruled, connect, database):
    project, elsewhere, file = ruled({"logo": {"superseded": REMOVE}}), given.project(), given.file()
    version = given.version(project, "logo", status="superseded", files=(file,))
    copying = connect("sidecar")
    answers: list = []

    with copying.connection.transaction():
        copying.one("select * from artifact_versions where id = %s for share", version)
        copying.run(
            "insert into artifact_versions (project_id, schema_key, value, primary_file_id)"
            " values (%s, 'logo', '1', %s)",
            elsewhere, file,
        )  # fmt: skip
        retaining = threading.Thread(target=lambda: answers.append(apply(admin, project)))
        retaining.start()
        blocked(database)
    retaining.join()

    assert answers[0]["bytes_removed"] == 1
    assert database.column("select directus_files_id from artifact_files") == [file]
    used = database.all("select used_by from sidecar.file_uses(array[%s::uuid], '{}')", file)
    assert used == [{"used_by": "artifact_versions"}]


def test_a_draft_that_is_submitted_at_the_same_moment_is_archived_or_waits_for_review(
    given, admin, producer, ruled, database
):
    project = ruled({"logo": {"intermediate": NOW}})
    versions = [given.version(project, "logo", status="intermediate") for _ in range(8)]
    together, submitted = threading.Barrier(2), []

    def submit():
        together.wait(10)
        submitted.extend(producer.post(f"/v1/artifacts/{v}/submit", {}).status_code for v in versions)

    thread = threading.Thread(target=submit)
    thread.start()
    together.wait(10)
    archived = {v["artifact_version_id"] for v in apply(admin, project)["versions"]}
    thread.join()

    for version, answer in zip(versions, submitted, strict=True):
        assert (database.status(version), answer) == (
            ("archived", 409) if str(version) in archived else ("pending", 200)
        )


def test_the_command_shows_what_would_be_done_and_does_it(given, ruled, app, database):
    project = ruled({"logo": {"superseded": NOW}}, key="spring")
    given.version(project, "logo", status="superseded")
    token = given.token("admin").token
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        where = ["--url", f"http://127.0.0.1:{server.port}", "--token", token]
        with database.unchanged():
            foretold = CliRunner().invoke(commands.retain, ["--dry-run", "--json", *where])
        done = CliRunner().invoke(commands.retain, ["--project", "spring", *where])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    assert foretold.exit_code == 0, foretold.output
    assert '"project": "spring", "rule": "logo", "status": "superseded", "archived": 1' in foretold.output
    assert "1 versions were archived." in done.output
