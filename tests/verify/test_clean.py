"""What `artifacts verify` says about a database in which all is well, and that it leaves it so."""

from __future__ import annotations

import json
import threading

import psycopg
import pytest
from click.testing import CliRunner

from sidecar.cli import main as artifacts
from sidecar.verify.verify import snapshot, verify


@pytest.fixture
def run(urls, roles_alone):
    """`artifacts verify` on the test's database, as the sidecar's role."""

    def run_it(*options: str):
        with roles_alone:
            arguments = ["verify", "--database-url", urls["sidecar"], *options]
            return CliRunner().invoke(artifacts, arguments, catch_exceptions=False)

    return run_it


def test_after_a_busy_day_nothing_is_wrong(busy, run):
    answer = run()

    assert answer.exit_code == 0
    assert answer.output.startswith(
        "nothing is wrong in 2 projects, 9 versions, 12 approvals, 6 promotions, 19 log entries"
    )


def test_after_withdrawing_voting_and_going_back_nothing_is_wrong(busy, given, database, found):
    reviewer, admin = given.person("reviewer"), given.person("admin")
    adopted = database.value("select id from projects where key = 'adopted'")
    database.run(
        "with t as (insert into project_templates (name, context_schema)"
        " values ('two', '{\"jingle\": {\"approvals_required\": 2}}') returning id)"
        " update projects set template_id = t.id from t where key = 'spring'"
    )
    steps = [
        (admin, f"/v1/artifacts/{busy.voice}/withdraw", {"reason": "Hoarse."}),
        (admin, "/v1/projects/spring/context/revert", {"to_version": 1}),
        (admin, "/v1/projects/spring/context/revert", {"to_version": 6}),
        (reviewer, f"/v1/artifacts/{given.version(busy.project, 'jingle')}/approve", {}),
        (reviewer, f"/v1/artifacts/{given.version(adopted, 'motto', {'text': 'Slower.'})}/approve", {}),
        (reviewer, f"/v1/artifacts/{given.version(adopted, 'notes', 1)}/approve", {}),
        (admin, "/v1/projects/adopted/context/revert", {"to_version": 0}),
    ]

    for person, address, body in steps:
        answer = person.post(address, body)
        assert answer.status_code == 200, answer.text
        assert found() == [], address

    assert database.context(adopted)["motto"] == {"text": "Slow."}


def test_after_rebuilding_what_somebody_damaged_only_the_records_tell(busy, given, database, damaging, found):
    with damaging():
        database.run("update projects set context = '{}' where id = %s", busy.project)
    assert {breach.code for breach in found()} == {"context_differs"}

    answer = given.person("admin").post("/v1/projects/spring/context/rebuild")

    assert (answer.status_code, found()) == (200, []), answer.text


def test_as_json_it_says_what_it_looked_at(busy, run):
    answer = run("--json")
    said = json.loads(answer.output)

    assert answer.exit_code == 0
    assert said.pop("seconds") >= 0
    assert said == {
        "breaches": [],
        "looked_at": {"projects": 2, "versions": 9, "approvals": 12, "promotions": 6, "log_entries": 19},
    }


def test_one_project_is_named_by_its_key_or_id(busy, run):
    for name in ("spring", str(busy.project)):
        answer = run("--project", name)
        assert (answer.exit_code, answer.output.partition(",")[0]) == (0, "nothing is wrong in 1 projects")


def test_what_is_found_is_a_line_each_and_the_exit_code_is_1(busy, run, database, damaging):
    with damaging():
        database.run("update projects set context_version = 4 where id = %s", busy.project)

    answer, as_json, beside = run(), json.loads(run("--json").output), run("--project", "adopted")

    assert answer.exit_code == 1
    lines = answer.output.splitlines()
    assert lines[0] == "context_version_differs  spring: context version 4; should be: 5, the newest promotion"
    assert as_json["breaches"][0] == {
        "code": "context_version_differs",
        "project": "spring",
        "path": None,
        "found": "context version 4",
        "expected": "5, the newest promotion",
    }
    assert lines[-1].startswith("1 breach in 2 projects")
    assert (beside.exit_code, len(beside.output.splitlines())) == (0, 1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--project", "nowhere"), "There is no project nowhere."),
        (("--database-url", "postgresql://nobody@127.0.0.1:1/none"), "connection"),
    ],
)
def test_where_nobody_can_look_the_exit_code_is_2(run, options, said):
    answer = run(*options)

    assert answer.exit_code == 2
    assert said in answer.output


def test_it_cannot_change_anything(busy, connect, database):
    connection = connect("admin").connection

    with database.unchanged():
        for change in ("update public.projects set title = 'Another'", "delete from public.artifact_files"):
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), snapshot(connection):
                connection.execute(change)


def test_while_others_decide_it_sees_one_moment(given, found):
    """Every look falls between two decisions, never into one."""
    reviewer, project = given.person("reviewer"), given.project()
    versions = [given.version(project, path) for _ in range(4) for path in ("a", "b[0]", "c.d")]
    stop, looks = threading.Event(), []

    def look() -> None:
        while not stop.is_set():
            looks.append(found())

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for version in versions:
            answer = reviewer.approve(version)
            assert answer.status_code == 200, answer.text
    finally:
        stop.set()
        looking.join()

    assert [breach for breaches in [*looks, found()] for breach in breaches] == []
    assert looks


def test_it_waits_for_nobody_and_nobody_waits_for_it(busy, connect, reviewer, found, roles_alone):
    version = reviewer.submit("spring", "jingle", 1).json["data"]["id"]
    looking, deciding = connect("sidecar").connection, connect("sidecar").connection

    with roles_alone, snapshot(looking):
        assert list(verify(looking)) == []
        assert reviewer.approve(version).status_code == 200
        with deciding.transaction():
            deciding.execute("select from projects where id = %s for no key update", [busy.project])
            deciding.execute("update artifact_versions set tags = '[]' where id = %s", [version])
            assert list(verify(looking)) == []
            assert found() == []
