"""Status in other words, comparing, what a path has now, a task's versions, and the audit."""

from __future__ import annotations

import uuid

import pytest
from psycopg.types.json import Jsonb

from sidecar.artifacts.compare import MOST_CHANGES, differences
from tests.api.test_edit import data
from tests.given import code


@pytest.fixture
def project(given):
    return given.project()


def found(person, query):
    return {row["id"] for row in data(person.get(f"/v1/artifacts?{query}"), 200)}


# Status in other words


@pytest.mark.parametrize(
    ("status", "lifecycle", "approval_status"),
    [
        ("intermediate", "intermediate", "pending"), ("pending", "candidate", "pending"),
        ("approved", "published", "approved"), ("superseded", "archived", "approved"),
        ("rejected", "archived", "rejected"), ("archived", "archived", "pending"),
    ],
)  # fmt: skip
def test_a_status_reads_in_other_words(given, project, producer, status, lifecycle, approval_status):
    version = given.version(project, "a", status=status)
    row = data(producer.get(f"/v1/artifacts/{version}"), 200)
    assert (row["lifecycle"], row["approval_status"]) == (lifecycle, approval_status)


def test_what_is_put_away_keeps_what_it_was_decided_to_be(given, project, producer, reviewer):
    rejected, approved = given.version(project, "a"), given.version(project, "b")
    reviewer.decide("reject", rejected)
    reviewer.decide("archive", rejected)
    reviewer.decide("approve", approved)
    reviewer.decide("withdraw", approved)
    words = [data(producer.get(f"/v1/artifacts/{v}"), 200)["approval_status"] for v in (rejected, approved)]
    assert words == ["rejected", "approved"]


def test_versions_are_listed_by_lifecycle_and_approval_status(given, producer, reviewer):
    project = given.project(template_id=given.template({"rule": {"auto_approve": "$[?(@.ok)]"}}))
    automatic = data(producer.submit(project, "rule", {"ok": True}))["id"]
    base = str(given.version(project, "a"))
    edited = data(reviewer.post(f"/v1/artifacts/{base}/edit", {"value": 1, "approve": True}))["id"]
    plain = str(given.approved(project, "b"))
    rejected = str(given.version(project, "b", status="rejected"))
    place = f"project_id={project}"

    assert found(producer, f"{place}&lifecycle=published") == {automatic, edited, plain}
    assert found(producer, f"{place}&lifecycle=candidate") == {base}
    assert found(producer, f"{place}&lifecycle=archived") == {rejected}
    assert found(producer, f"{place}&approval_status=auto_approved") == {automatic}
    assert found(producer, f"{place}&approval_status=edited") == {edited}
    assert found(producer, f"{place}&approval_status=approved") == {plain}
    assert found(producer, f"{place}&approval_status=rejected") == {rejected}
    assert found(producer, f"{place}&approval_status=edited&status=pending") == set()
    assert found(producer, place) == {automatic, base, edited, plain, rejected}
    assert data(producer.get(f"/v1/artifacts/{automatic}"), 200)["approval_status"] == "auto_approved"
    assert producer.get("/v1/artifacts?lifecycle=new").status_code == 422


# Comparing


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1, "b": 2}, {"a": 2, "c": 3}, [("replace", "/a"), ("remove", "/b"), ("add", "/c")]),
        (1, True, [("replace", "")]), (None, None, []), (None, {"a": 1}, [("replace", "")]),
        ([1, 2, 3], [0, 1, 2, 3], [("add", "/0")]), ([1, 2, 3], [1, 3], [("remove", "/1")]),
        ([1, 2, 3], [1, 9, 3], [("replace", "/1")]), ([1, 1], [1], [("remove", "/1")]),
        ({"a": [{"b/c": {"~": 1}}]}, {"a": [{"b/c": {"~": 2}}]}, [("replace", "/a/0/b~1c/~0")]),
    ],
)  # fmt: skip
def test_two_values_differ_in_places(before, after, changes):
    assert [(change["op"], change["path"]) for change in differences(before, after)[0]] == changes


def test_texts_of_several_lines_differ_in_lines():
    ((change,), _more) = differences({"text": "one\ntwo\nthree"}, {"text": "one\n2\nthree"})
    assert change["text"].splitlines()[2:] == ["@@ -1,3 +1,3 @@", " one", "-two", "+2", " three"]


def test_a_comparison_ends_somewhere():
    changes, more = differences({}, {str(n): n for n in range(MOST_CHANGES + 1)})
    assert (len(changes), more) == (MOST_CHANGES, True)


def test_a_version_is_compared_with_its_parent_or_any_other(given, project, producer, sidecar_role):
    same, gone, new, twin = (given.file() for _ in range(4))
    for file in (same, twin):
        sidecar_role.run(
            "insert into sidecar.file_contents (file_id, sha256, size) values (%s, sha256('same'), 4)", file
        )
    first = given.version(project, "a", {"mood": "loud"}, files=(same, gone), metadata=Jsonb({"seed": 1}))
    second = given.version(project, "a", {"mood": "calm"}, files=(twin, new))
    other = given.version(given.project(), "b", {"mood": "calm"})

    compared = data(producer.get(f"/v1/artifacts/{second}/diff"), 200)

    assert (compared["before"]["artifact_version_id"], compared["after"]["version_number"]) == (str(first), 2)
    assert compared["value"] == [{"op": "replace", "path": "/mood", "before": "loud", "after": "calm", "text": None}]
    assert [(change["op"], change["before"]) for change in compared["metadata"]] == [("replace", {"seed": 1})]
    files = {kind: [file["id"] for file in rows] for kind, rows in compared["files"].items()}
    assert files == {"added": [str(new)], "removed": [str(gone)], "kept": [str(twin)]}
    assert data(producer.get(f"/v1/artifacts/{second}/diff?with={other}"), 200)["value"] == []


def test_what_cannot_be_compared_is_refused(given, project, producer):
    version = given.version(project, "a")
    assert producer.get(f"/v1/artifacts/{version}/diff").status_code == 422
    assert code(producer.get(f"/v1/artifacts/{version}/diff?with={uuid.uuid4()}")) == "artifact_not_found"
    assert producer.get(f"/v1/artifacts/{version}/diff?with=x").status_code == 422


# What a path has now


def test_a_path_has_its_approved_version_or_its_newest_and_a_next_number(given, project, producer):
    approved = given.approved(project, "a")
    pending = given.version(project, "a")
    given.version(project, "a", status="rejected")
    place = f"/v1/projects/{project}/artifacts/latest?schema_key=a"

    answer = producer.get(place)
    assert (data(answer, 200)["id"], answer.json["meta"]["next_version"]) == (str(approved), 4)
    assert data(producer.get(f"{place}&want=latest"), 200)["id"] == str(pending)


def test_a_path_that_has_nothing_says_so_with_its_first_number(given, project, producer):
    given.version(project, "b")
    for path in ("a", "b"):
        answer = producer.get(f"/v1/projects/{project}/artifacts/latest?schema_key={path}")
        assert data(answer, 200) is None
    assert answer.json["meta"]["next_version"] == 2
    assert code(producer.get("/v1/projects/nowhere/artifacts/latest")) == "project_not_found"


def test_every_path_has_one_in_pages(given, project, producer):
    ids = {path: [str(given.version(project, path)) for _ in range(2)][-1] for path in ("b", "a.c", "d[1]", "a-b")}
    given.version(project, "gone", status="archived")
    pages, cursor = [], ""
    while cursor is not None:
        answer = producer.get(f"/v1/projects/{project}/artifacts/latest?want=latest&limit=2{cursor}")
        pages.append([row["id"] for row in data(answer, 200)])
        following = answer.json["meta"]["next_cursor"]
        cursor = None if following is None else f"&cursor={following}"
    assert pages == [[ids["a-b"], ids["a.c"]], [ids["b"], ids["d[1]"]]]
    assert data(producer.get(f"/v1/projects/{project}/artifacts/latest"), 200) == []


# A task's versions, and the audit


def test_a_task_has_the_versions_made_for_it_and_linked_to_it(given, project, producer, database):
    task = given.task(project)
    made, linked = given.version(project, "a", task=task), given.version(project, "b")
    given.version(project, "c")
    database.run("insert into task_artifacts (task_id, artifact_version_id) values (%s, %s)", task, linked)

    first = producer.get(f"/v1/tasks/{task}/artifacts?limit=1")
    rest = producer.get(f"/v1/tasks/{task}/artifacts?limit=1&cursor={first.json['meta']['next_cursor']}")
    assert [row["id"] for row in data(first, 200) + data(rest, 200)] == [str(linked), str(made)]
    assert rest.json["meta"]["next_cursor"] is None
    assert code(producer.get(f"/v1/tasks/{uuid.uuid4()}/artifacts")) == "task_not_found"


def test_the_audit_has_every_record_and_promotion_in_pages(given, project, producer, reviewer, database):
    version = given.version(project, "a")
    data(producer.post(f"/v1/artifacts/{version}/comment", {"reason": "Look."}), 200)
    reviewer.approve(version, reason="Yes.")

    page = producer.get(f"/v1/projects/{project}/audit?limit=2").json
    last = producer.get(f"/v1/projects/{project}/audit?limit=2&cursor={page['meta']['next_cursor']}").json

    entries = page["data"] + last["data"]
    assert [entry["number"] for entry in entries] == [3, 2, 1]
    assert {entry["action"] for entry in entries} == {"promote", "approve", "comment"}
    approval = next(entry for entry in entries if entry["action"] == "approve")
    assert (approval["schema_key"], approval["version_number"], approval["reason"], approval["actor_id"]) == (
        "a", 1, "Yes.", str(reviewer.id),
    )  # fmt: skip
    assert last["meta"]["next_cursor"] is None
    hashes = database.column("select encode(hash, 'hex') from sidecar.audit_log order by number desc")
    assert [entry["hash"] for entry in entries] == hashes
    for query in ("cursor=0", "cursor=99999999999999999999", "cursor=x"):
        assert producer.get(f"/v1/projects/{project}/audit?{query}").status_code == 422
