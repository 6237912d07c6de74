"""Erasing: what a version was is gone from everything the registry keeps; that it was, and who decided, stays."""

from __future__ import annotations

import json
import threading

import pytest
from psycopg.types.json import Jsonb

from sidecar.access.caller import RIGHTS_OF_ROLE, Caller
from sidecar.call import Call
from sidecar.retention.erase import Erasure, erase
from sidecar.verify.verify import OF_PROJECTS, snapshot, verify
from tests.given import code

SECRET = "Ida Okafor, 4 Elm Street"
VALUE = {"name": SECRET, "age": 41}


@pytest.fixture
def admin(given):
    return given.person("admin")


@pytest.fixture
def project(given):
    return given.project("cast")


@pytest.fixture
def made(producer):
    """`made("portrait")`: a version with the secret in it, through the API."""

    def make(path="portrait", value=VALUE, project="cast", **fields) -> str:
        answer = producer.submit(project, path, value, metadata={"note": SECRET}, tags=[SECRET], **fields)
        assert answer.status_code == 201, answer.text
        return answer.json["data"]["id"]

    return make


@pytest.fixture
def breaches(connect):
    """`breaches()`: what verify finds in the rows of projects."""

    def look():
        connection = connect("sidecar").connection
        with snapshot(connection):
            return [str(breach) for breach in verify(connection) if breach.code in OF_PROJECTS]

    return look


def erased(person, version, reason="Request 17.", **fields):
    answer = person.post(f"/v1/artifacts/{version}/erase", {"reason": reason, "confirm": True, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


def everywhere(database, text):
    """The tables in which some row holds a text."""
    tables = database.column(
        "select format('%%I.%%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'v', 'm') and n.nspname in ('public', 'sidecar')"
    )
    found = f"select exists (select from %s t where t::text ilike %%s or t::text ilike %%s)"  # noqa: F541
    as_bytes = text.encode().hex()
    return [table for table in tables if database.value(found % table, f"%{text}%", f"%{as_bytes}%")]


def test_what_it_was_is_gone_and_what_was_decided_stays(project, admin, reviewer, made, database):
    version = made()
    assert reviewer.approve(version, reason="Fits.").status_code == 200
    before = database.version(version)

    data = erased(admin, version)

    after = database.version(version)
    changed = {name for name, value in after.items() if value != before[name]}
    assert changed == {"status", "value", "metadata", "tags", "erased_at"}
    assert (after["status"], after["value"], after["metadata"], after["tags"]) == ("archived", None, None, None)
    assert database.actions(version) == ["approve", "erase"]
    assert database.approvals(version)[-1]["reason"] == "Request 17."
    assert data["status"] == "erased"
    assert [v["artifact_version_id"] for v in data["erased"]] == [version]


def test_no_table_holds_the_payload_afterwards(project, admin, producer, reviewer, given, made, database):
    execution = producer.post("/v1/executions", {"project_id": "cast", "name": "night run", "status": "running"}).json[
        "data"
    ]["id"]
    step = producer.post(f"/v1/executions/{execution}/steps", {"step_name": "draw", "status": "running"}).json["data"][
        "id"
    ]
    next_step = producer.post(
        f"/v1/executions/{execution}/steps", {"step_name": "print", "input": {"who": VALUE}}
    ).json["data"]["id"]
    answer = producer.post(
        "/v1/artifacts",
        {
            "project_id": "cast",
            "schema_key": "portrait",
            "value": VALUE,
            "step_id": step,
            "source_url": f"https://a.test/?{SECRET}",
        },
        headers={"Idempotency-Key": "one"},
    )
    version = answer.json["data"]["id"]
    assert producer.call("PATCH", f"/v1/steps/{step}", json={"status": "completed", "output": VALUE}).status_code == 200
    assert reviewer.approve(version).status_code == 200
    assert reviewer.approve(made("song", {"title": "Elm"})).status_code == 200
    context = {"portrait": {**VALUE, "artifact_version_id": version}}
    for collection, item, data in (
        ("artifact_versions", version, {"value": VALUE}),
        ("projects", project, {"context": context, "title": "kept"}),
        ("execution_steps", step, {"output": VALUE}),
    ):
        _revision(database, collection, str(item), data)
    other = made("other", {"title": "Oak"})
    _revision(database, "artifact_versions", other, {"value": {"title": "Oak"}})
    assert {
        "public.artifact_versions",
        "public.projects",
        "public.promotions",
        "public.execution_steps",
        "sidecar.idempotency_keys",
        "public.directus_revisions",
    } <= set(everywhere(database, "Ida Okafor"))

    # What people wrote in reasons and tags records is theirs, and stays: here nobody did.
    data = erased(admin, version)
    for left in (
        made_of
        for made_of in database.column("select id from artifact_versions where value is not null or tags is not null")
    ):
        erased(admin, left)

    assert everywhere(database, "Ida Okafor") == []
    assert data["taken_out_of"]["promotions"] == 1
    assert data["taken_out_of"]["steps"] == 2
    assert data["taken_out_of"]["revisions"] == 3
    assert data["taken_out_of"]["answers"] == 1
    assert database.value("select data ->> 'title' from directus_revisions where collection = 'projects'") == "kept"
    assert database.value("select input from execution_steps where id = %s", next_step) == {"erased": True}


def _revision(database, collection, item, data):
    activity = database.value(
        "insert into directus_activity (action, collection, item) values ('update', %s, %s) returning id",
        collection,
        item,
    )
    database.run(
        "insert into directus_revisions (activity, collection, item, data, delta) values (%s, %s, %s, %s, %s)",
        activity, collection, item, json.dumps(data), json.dumps(data),
    )  # fmt: skip


def test_an_approved_version_leaves_the_context_by_a_promotion(project, admin, reviewer, made, database, breaches):
    version, other = made(), made("song", {"title": "Elm"})
    for one in (version, other):
        assert reviewer.approve(one).status_code == 200

    data = erased(admin, version)

    assert data["promotions"] == [{"project_id": str(project), "context_version": 3}]
    context = database.context(project)
    assert ("portrait" in context, context["song"]["title"], context["_meta"]["context_version"]) == (False, "Elm", 3)
    assert breaches() == []


def test_a_context_as_of_an_earlier_version_shows_that_an_entry_was_erased(
    project, admin, reviewer, made, producer, breaches
):
    version = made()
    assert reviewer.approve(version).status_code == 200
    erased(admin, version)

    then = producer.get("/v1/projects/cast/context?version=1").json["data"]

    assert SECRET not in json.dumps(then)
    shown = then.get("context", then)["portrait"]
    assert shown == {"artifact_version_id": version, "version": 1, "erased": True}
    history = producer.get("/v1/projects/cast/context/history").text
    assert SECRET not in history
    assert breaches() == []


def test_the_audit_chain_says_what_was_taken_out_and_holds(
    project, admin, reviewer, made, producer, database, breaches
):
    first, second = made(), made(value={"name": "other", "by": SECRET})
    for one in (first, second):
        assert reviewer.approve(one).status_code == 200

    erased(admin, first)
    erased(admin, second)

    entries = producer.get("/v1/projects/cast/audit").json["data"]
    kinds = [(entry["kind"], entry["action"], entry["context_version"]) for entry in reversed(entries)]
    assert kinds.count(("erasure", "erase", 1)) == 1
    assert kinds.count(("erasure", "erase", 2)) == 1
    log = database.all(
        "select kind, content::jsonb as content from sidecar.audit_log"
        " where row_id = (select id from promotions where context_version = 1) order by number"
    )
    assert [entry["kind"] for entry in log] == ["promotion", "erasure"]
    assert log[1]["content"]["replaces_sha256"] == log[0]["content"]["changes_sha256"]
    assert breaches() == []


def test_a_superseded_version_that_stands_in_the_context_still_leaves_it(
    project, admin, reviewer, made, database, breaches
):
    first, second = made(), made(value={"name": "other"})
    assert reviewer.approve(first).status_code == 200
    assert reviewer.approve(second, promote=False).status_code == 200

    erased(admin, first)

    assert "portrait" not in database.context(project)
    assert database.status(second) == "approved"
    assert breaches() == []
    assert reviewer.promote(project_id=str(project)).status_code == 200
    assert database.context(project)["portrait"]["name"] == "other"
    assert breaches() == []


@pytest.mark.parametrize("status", ["intermediate", "pending", "rejected", "superseded", "archived"])
def test_a_version_of_any_status_is_erased(given, project, admin, database, status):
    version = given.version(project, "portrait", VALUE, status=status)

    erased(admin, version)

    assert (database.status(version), database.version(version)["value"]) == ("archived", None)


def test_its_own_files_go_and_those_of_others_stay(given, project, admin, made, producer, database):
    own, shared = given.file(name="ida.png"), given.file(name="shared.png")
    version = made(file_ids=[str(own), str(shared)])
    other = made("cover", {"x": 1}, file_ids=[str(shared)])

    data = erased(admin, version)

    assert {f["file_id"]: f["used_by"] for f in data["files"]} == {str(own): None, str(shared): "artifact_versions"}
    assert [(copy["artifact_version_id"], copy["how"], copy["erased"]) for copy in data["copies"]] == [
        (other, "same_bytes", False)
    ]
    shown = producer.get(f"/v1/artifacts/{version}").json["data"]
    assert (shown["files"], shown["primary_file_id"], {f["filename_download"] for f in shown["removed_files"]}) == (
        [],
        None,
        {None},
    )
    assert [f["id"] for f in producer.get(f"/v1/artifacts/{other}").json["data"]["files"]] == [str(shared)]
    answer = producer.get(f"/v1/artifacts/{version}/download")
    assert (answer.status_code, code(answer)) == (410, "version_erased")


def test_its_document_is_put_away_without_its_file(given, project, admin, made, database):
    version = made(file_ids=[str(given.file())])
    insert = (
        "insert into documents (title, file_id, artifact_version_id, status)"
        " select 'Ida', primary_file_id, id, 'active' from artifact_versions where id = %s returning id"
    )
    document = database.value(insert, version)

    data = erased(admin, version)

    assert database.one("select file_id, status from documents where id = %s", document) == {
        "file_id": None,
        "status": "archived",
    }
    assert ([f["used_by"] for f in data["files"]], data["taken_out_of"]["documents"]) == ([None], 1)


COPIES = {"restore": "restored_from", "edit": "edited_from", "use": "same_content"}


@pytest.mark.parametrize("verb", COPIES)
def test_copies_are_named_and_erased_only_when_asked(given, project, admin, producer, made, database, verb):
    version, elsewhere = made(), given.project("elsewhere")
    bodies = {"restore": {}, "edit": {"tags": ["calm"]}, "use": {"project_id": "elsewhere"}}
    copy = producer.post(f"/v1/artifacts/{version}/{verb}", bodies[verb]).json["data"]["id"]

    data = erased(admin, version)
    assert [(c["artifact_version_id"], c["how"], c["erased"]) for c in data["copies"]] == [(copy, COPIES[verb], False)]
    assert database.version(copy)["value"] == VALUE

    data = erased(admin, version, include_copies=True)
    assert [(c["artifact_version_id"], c["erased"]) for c in data["copies"]] == [(copy, True)]
    assert database.version(copy)["value"] is None
    assert elsewhere


def test_a_copy_of_a_copy_is_found(project, admin, producer, made):
    version = made()
    first = producer.post(f"/v1/artifacts/{version}/edit", {"value": {"name": "I.O."}}).json["data"]["id"]
    second = producer.post(f"/v1/artifacts/{first}/edit", {"value": {"name": "I."}}).json["data"]["id"]

    data = erased(admin, version, include_copies=True)

    assert {copy["artifact_version_id"] for copy in data["copies"]} == {first, second}
    assert len(data["erased"]) == 3


def test_copies_in_several_contexts_leave_each_of_them(given, project, admin, reviewer, made, database, breaches):
    version = made()
    other = given.project("elsewhere")
    assert reviewer.approve(version).status_code == 200
    used = reviewer.post(f"/v1/artifacts/{version}/use", {"project_id": "elsewhere", "approve": True})
    assert used.status_code == 201, used.text

    data = erased(admin, version, include_copies=True)

    assert {p["project_id"] for p in data["promotions"]} == {str(project), str(other)}
    assert all("portrait" not in database.context(one) for one in (project, other))
    assert breaches() == []


def test_too_many_copies_are_refused_and_nothing_is_erased(given, project, admin, database, made, monkeypatch):
    monkeypatch.setattr("sidecar.retention.erase.MOST_COPIES", 2)
    version = made()
    for path in ("a", "b", "c"):
        made(path)

    with database.unchanged():
        answer = admin.post(
            f"/v1/artifacts/{version}/erase", {"reason": "Request 17.", "confirm": True, "include_copies": True}
        )

    assert (answer.status_code, code(answer)) == (409, "too_many_copies")


def test_a_dry_run_changes_nothing_and_answers_what_then_goes(project, admin, reviewer, made, database):
    version = made()
    assert reviewer.approve(version).status_code == 200

    with database.unchanged():
        foretold = admin.post(f"/v1/artifacts/{version}/erase", {"reason": "Request 17.", "dry_run": True})
    data = erased(admin, version)

    assert foretold.status_code == 200
    assert {**foretold.json["data"], "dry_run": False} == data


def test_erasing_again_changes_nothing(project, admin, reviewer, made, database):
    version = made()
    assert reviewer.approve(version).status_code == 200
    erased(admin, version)

    with database.unchanged():
        data = erased(admin, version)

    assert (data["status"], data["erased"], data["promotions"]) == ("already_erased", [], [])


@pytest.mark.parametrize("confirm", [None, False, "other.path", ""])
def test_without_confirmation_nothing_is_erased(project, admin, made, database, confirm):
    version = made()
    body = {"reason": "Request 17."} | ({} if confirm is None else {"confirm": confirm})

    with database.unchanged():
        answer = admin.post(f"/v1/artifacts/{version}/erase", body)

    assert (answer.status_code, code(answer)) == (422, "confirmation_required")


def test_the_path_confirms(project, admin, made):
    assert erased(admin, made(), confirm="portrait")["status"] == "erased"


def test_only_administrators_erase(project, reviewer, made):
    answer = reviewer.post(f"/v1/artifacts/{made()}/erase", {"reason": "Request 17.", "confirm": True})

    assert code(answer) == "forbidden"


@pytest.mark.parametrize("forget", [False, True])
def test_the_hashes_go_only_when_asked(given, project, admin, made, database, forget):
    file = given.file()
    database.run("insert into sidecar.file_contents (file_id, sha256, size) values (%s, sha256('x'), 1)", file)
    version = made(file_ids=[str(file)])
    assert database.version(version)["content_hash"]

    erased(admin, version, forget_hash=forget)

    assert (database.version(version)["content_hash"] is None) == forget
    assert (database.value("select sha256 from sidecar.removed_files") is None) == forget


def test_a_repeated_request_gets_no_copy_and_does_not_run_again(project, admin, producer, database):
    body = {"project_id": "cast", "schema_key": "portrait", "value": VALUE}
    key = {"Idempotency-Key": "one"}
    version = producer.post("/v1/artifacts", body, headers=key).json["data"]["id"]
    erased(admin, version)

    answer = producer.post("/v1/artifacts", body, headers=key)

    assert (answer.status_code, code(answer)) == (410, "version_erased")
    assert SECRET not in answer.text
    assert database.value("select count(*) from artifact_versions") == 1


@pytest.mark.parametrize("verb", ["restore", "edit", "use"])
def test_nothing_is_made_from_it(given, project, admin, producer, made, database, verb):
    version = made()
    erased(admin, version)
    given.project("elsewhere")
    bodies = {"restore": {}, "edit": {"value": 1, "file_ids": []}, "use": {"project_id": "elsewhere"}}

    answer = producer.post(f"/v1/artifacts/{version}/{verb}", bodies[verb])

    assert (answer.status_code, code(answer)) == (410, "version_erased")


def test_nothing_is_put_into_it_again(project, admin, producer, made):
    version = made()
    erased(admin, version)

    answer = producer.call("PATCH", f"/v1/artifacts/{version}", json={"add": ["calm"]})

    assert (answer.status_code, code(answer)) == (410, "version_erased")


def test_a_context_of_before_is_not_reverted_to(project, admin, reviewer, made, database):
    version = made()
    assert reviewer.approve(version).status_code == 200
    erased(admin, version)

    answer = reviewer.post("/v1/projects/cast/context/revert", {"to_version": 1})

    assert (answer.status_code, code(answer)) == (410, "version_erased")


def test_it_is_not_found_by_its_words(project, admin, producer, made):
    version = made()
    found = lambda: [v["id"] for v in producer.get("/v1/artifacts?q=Okafor").json["data"]]  # noqa: E731
    assert found() == [version]

    erased(admin, version)

    assert found() == []


def test_an_approval_that_comes_meanwhile_finds_it_archived(
    project, admin, reviewer, made, sidecar_role, settings, database
):
    version = made()
    call = Call(
        sidecar_role.connection, Caller(None, "an operator", "system", RIGHTS_OF_ROLE["admin"], "t"), "t", settings
    )
    answers: list = []

    with sidecar_role.connection.transaction():
        erase(call, database.version(version)["id"], Erasure("Request 17."))
        approving = threading.Thread(target=lambda: answers.append(reviewer.approve(version)))
        approving.start()
        waiting = (
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        )
        while not database.value(waiting):
            threading.Event().wait(0.01)
    approving.join()

    assert [code(answer) for answer in answers] == ["already_decided"]
    assert database.context(project) == {}


def test_a_value_within_other_json_is_found_only_if_it_says_something(sidecar_role):
    def holds(document, value):
        return sidecar_role.value("select sidecar.holds(%s, %s)", Jsonb(document), Jsonb(value))

    assert holds(VALUE, VALUE)
    assert holds({"a": [{"b": VALUE}]}, VALUE)
    assert holds({"a": SECRET}, SECRET)
    assert holds(1, 1)
    assert not holds({"a": 1}, 1)
    assert not holds({"a": {}}, {})
    assert not holds(None, None)
    assert not holds({"a": {"name": SECRET}}, VALUE)
