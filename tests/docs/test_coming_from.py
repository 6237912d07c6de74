"""docs/coming-from.md says what is so: what it names is there, every call answers, what is planned is not there yet."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from docs import coming_from
from tests.docs.calls import Callers, World
from tests.docs.there import There

SYSTEMS = list(coming_from.systems())
CALLED = ("endpoint", "path")
LINES = re.compile(r"\d+(-\d+)?(, \d+(-\d+)?)*")


@pytest.fixture
def there(client, database):
    return There(client, database)


@pytest.fixture
def world(given):
    return World(given, Callers(given))


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_row_says_where_it_is_from_and_what_must_be_so(system):
    for _, row in coming_from.rows(system):
        assert LINES.fullmatch(str(row["at"])), row
        assert set(row) <= {"at", "theirs", "ours", "how", "check"}, row
        assert row["theirs"], row
        assert row["check"], row
        assert set(row["check"]) <= set(coming_from.KINDS), row


@pytest.mark.parametrize("system", SYSTEMS)
def test_there_are_as_many_rows_of_each_kind_as_the_older_system_has(system):
    assert Counter(kind for kind, _ in coming_from.rows(system)) == coming_from.systems()[system]["counts"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_a_row_names_is_there(there, system):
    asked = [
        (row["theirs"], kind, what)
        for _, row in coming_from.rows(system)
        for kind, what in coming_from.checks(row)
        if kind not in (*CALLED, "planned")
    ]
    faults = [f"{theirs}: {fault}" for theirs, kind, what in asked if (fault := there.fault(kind, what))]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_call_answers_as_its_row_says(given, there, system):
    callers, faults = Callers(given), []
    for _, row in coming_from.rows(system):
        calls = [as_call(kind, what) for kind, what in coming_from.checks(row) if kind in CALLED]
        # A call that finds what the call before it made shares its rows.
        world = World(given, callers) if calls else None
        for call in calls:
            assert world
            faults += [f"{row['theirs']}: {fault}" for fault in [world.fault(call)] if fault]
    assert not faults, "\n".join(faults)


def test_what_is_planned_is_not_there_yet(there):
    found = [
        f"{name}: {kind} {one}: bring up to date the rows that call it planned, then docs/coming_from/planned.yaml"
        for name, about in coming_from.planned().items()
        for kind, what in about["until"].items()
        for one in (what if isinstance(what, list) else [what])
        if there.fault(kind, one) is None
    ]
    assert not found, "\n".join(found)


def test_every_row_that_is_planned_names_what_is_planned():
    named = {
        what
        for system in SYSTEMS
        for _, row in coming_from.rows(system)
        for kind, what in coming_from.checks(row)
        if kind == "planned"
    }
    assert named == set(coming_from.planned())


def test_the_page_is_up_to_date():
    for path, fresh in coming_from.pages():
        assert path.read_text() == fresh, "run: python docs/generate.py"


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("column", "artifact_versions.file_ids jsonb"),
        ("column", "artifact_versions.value text"),
        ("no column", "artifact_versions.value"),
        ("nullable", "artifact_versions.schema_key"),
        ("table", "chains"),
        ("alias", "artifact_versions.files task_artifacts"),
        ("relation", "artifact_versions.project_id tasks"),
        ("enum", "artifact_versions.status=published"),
        ("index", "idx_artifact_lookup on artifact_versions"),
        ("index", "versions_of_task on artifact_versions unique"),
        ("index", "idx_one_approved_per_path on artifact_files"),
        ("hidden", "artifact_versions"),
        ("guard", "artifact_not_found"),
        ("code", "context_version_conflict 412"),
        ("command", "artifacts token"),
        ("setting", "USE_ARTIFACT_DB"),
        ("rule", "approvals"),
        ("flow", "none"),
        ("page", "docs/none.md"),
        ("file", "sidecar"),
        ("shape", "ArtifactCreate"),
        ("body", "SubmitBody.version_number"),
        ("address", "GET /health"),
        ("route", "POST /v1/chains"),
        ("files", "docs/*.none"),
        ("word", "artifactservice"),
        ("tested", "tests/api/test_review.py::test_none"),
        ("tested", "tests/conftest.py"),
        ("client", "versions.delete"),
        ("absent", " "),
    ],
)
def test_what_is_not_there_is_noticed(there, kind, what):
    assert there.fault(kind, what)


@pytest.mark.parametrize(
    "call",
    [
        {"call": "GET /v1/artifacts/$version", "answers": 404},
        {"call": "GET /v1/artifacts/$version", "shows": {"data.status": "approved"}},
        {"call": "GET /v1/artifacts/$version", "counts": {"data.files": 1}},
        {"call": "GET /v1/artifacts/$version", "has": {"data": ["file_ids"]}},
        {"call": "GET /v1/artifacts/$project", "answers": 404, "code": "project_not_found"},
        {"call": "GET /v1/artifacts?tag=none", "counts": {"data": "some"}},
    ],
)
def test_a_call_that_answers_otherwise_is_noticed(world, call):
    assert world.fault(call)


def as_call(kind, what):
    """An artifact's type is a path: a version is submitted there."""
    if kind == "endpoint":
        return what
    body = {"project_id": "$scene", "schema_key": what, "value": {"at": what}}
    return {"call": "POST /v1/artifacts", "send": body, "answers": 201, "shows": {"data.schema_key": what}}
