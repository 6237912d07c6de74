"""Reading versions: one, a page of many, the versions of a path, and what may be done with them."""

from __future__ import annotations

import base64
import json
import uuid

import pytest

from tests.given import code


def ids(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [version["id"] for version in answer.json["data"]]


def test_a_version_is_read_with_its_files_and_everything_it_was_submitted_with(given, producer):
    project, file = given.project(), given.file()
    submitted = producer.submit(project, value={"a": 1}, file_ids=[str(file)], metadata={"seed": 7}).json["data"]

    read = producer.get(f"/v1/artifacts/{submitted['id']}").json["data"]

    assert read == submitted
    assert read["metadata"] == {"seed": 7}


@pytest.mark.parametrize("tail", ["", "/versions", "/approvals"])
def test_a_version_that_is_not_there_is_not_found(producer, tail):
    answer = producer.get(f"/v1/artifacts/{uuid.uuid4()}{tail}")

    assert (answer.status_code, code(answer)) == (404, "artifact_not_found")


@pytest.mark.parametrize("path", ["/v1/artifacts/not-an-id", "/v1/artifacts/%00", "/v1/artifacts/%ff"])
def test_an_id_that_is_none_is_refused(producer, path):
    answer = producer.get(path)

    assert answer.status_code in (400, 422), answer.text


def test_the_versions_of_a_path_are_listed_newest_first(given, producer):
    project = given.project()
    versions = [given.version(project, status=status) for status in ("rejected", "approved", "pending")]
    given.version(project, "brand.colors")

    listed = producer.get(f"/v1/artifacts/{versions[0]}/versions").json["data"]

    assert [v["version_number"] for v in listed] == [3, 2, 1]
    assert len(producer.get(f"/v1/artifacts/{versions[0]}/versions?limit=2").json["data"]) == 2


def test_filters_name_what_is_wanted(given, producer):
    here, elsewhere = given.project("here"), given.project("elsewhere")
    task = given.task(here)
    execution = given.execution(task)
    step = given.step(execution)
    logo = given.version(here, "brand.logo", {"mood": "100% sunny_day"}, task=task, status="approved")
    song = given.version(here, "song", artifact_type="audio", execution_id=execution, step_id=step)
    other = given.version(elsewhere, "brand.logo", status="rejected")
    tagged = producer.submit(elsewhere, "tagged", 1, tags=["blue", "draft"], source_task_id=str(task)).json["data"][
        "id"
    ]

    def found(query: str) -> set[str]:
        return set(ids(producer.get(f"/v1/artifacts?{query}")))

    assert found(f"project_id={here}") == {str(logo), str(song)}
    assert found("project_id=here") == {str(logo), str(song)}
    assert found("schema_key=brand.logo") == {str(logo), str(other)}
    assert found("status=rejected") == {str(other)}
    assert found("status=approved,rejected") == {str(logo), str(other)}
    assert found("artifact_type=audio") == {str(song)}
    assert found("tag=blue") == {tagged}
    assert found(f"task_id={task}") == {str(logo), tagged}
    assert found(f"execution_id={execution}") == {str(song)}
    assert found(f"step_id={step}") == {str(song)}
    assert found("q=100%25%20SUNNY") == {str(logo)}
    assert found("q=sunny.day") == {str(logo)}
    assert found("q=unny") == set()
    assert found("project_id=here&status=pending") == {str(song)}
    assert found("") == {str(logo), str(song), str(other), tagged}


def test_pages_follow_each_other_without_gap_or_repetition_while_versions_are_added(given, producer):
    project = given.project()
    made = [str(given.version(project, f"path_{n}")) for n in range(7)]

    seen: list[str] = []
    cursor = ""
    while True:
        answer = producer.get(f"/v1/artifacts?limit=3{cursor}")
        seen += ids(answer)
        given.version(project, f"later_{len(seen)}")
        if answer.json["meta"]["next_cursor"] is None:
            break
        cursor = f"&cursor={answer.json['meta']['next_cursor']}"

    assert seen == made[::-1]


def test_the_last_page_that_is_just_full_has_no_next(given, producer):
    project = given.project()
    for n in range(2):
        given.version(project, f"path_{n}")

    assert producer.get("/v1/artifacts?limit=2").json["meta"] == {"next_cursor": None}


def test_a_cursor_that_no_page_ended_with_is_refused(producer):
    day = "2020-01-01"
    for place in ("x", "é", "5", "[]", '["today", "x"]', f'["{day}", 5]', f'["{day}", []]', '[5, "x"]', "{}", '"\x00"'):
        for cursor in (place, base64.urlsafe_b64encode(place.encode()).decode()):
            answer = producer.get("/v1/artifacts", query_string={"cursor": cursor})
            assert code(answer) in ("invalid_value", "invalid_text"), answer.text


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999-23:59"])
def test_a_cursor_of_a_moment_that_postgres_does_not_read_is_a_place_all_the_same(producer, moment):
    place = json.dumps([moment, str(uuid.UUID(int=7))])
    answer = producer.get("/v1/artifacts", query_string={"cursor": base64.urlsafe_b64encode(place.encode()).decode()})
    assert answer.status_code == 200, answer.text


UNFIT = (
    "limit=0", "limit=501", "limit=x", "project_id=nowhere", "task_id=x", "schema_key=a..b", "unknown=1", "q=x",
    "status=done", "status=pending,", "status=pending&status=approved", "artifact_type=sculpture", "q=a%00b", "tag=%ff",
    "q=a%ffb", "project_id=%00",
)  # fmt: skip


def test_a_query_that_does_not_fit_is_refused(producer):
    for query in UNFIT:
        answer = producer.get(f"/v1/artifacts?{query}")

        assert 400 <= answer.status_code < 500, (query, answer.text)
        assert answer.json["errors"][0]["extensions"]["next"]


def test_nul_in_an_address_is_refused(producer):
    for path in ("/v1/projects/a%00b", "/v1/projects/a%00b/context"):
        answer = producer.get(path)
        assert (answer.status_code, code(answer)) == (400, "invalid_text")


ACTIONS = {
    "reviewer": {
        "intermediate": ["submit", "archive", "comment"],
        "pending": ["approve", "reject", "request_changes", "archive", "comment"],
        "approved": ["withdraw", "promote", "comment"],
        "superseded": ["archive", "comment"],
        "rejected": ["archive", "comment"],
        "archived": ["comment"],
    },
    "producer": {
        "intermediate": ["submit", "comment"],
        "pending": ["comment"],
        "approved": ["promote", "comment"],
        "superseded": ["comment"],
        "rejected": ["comment"],
        "archived": ["comment"],
    },
}
ACTIONS["admin"] = ACTIONS["reviewer"]


@pytest.mark.parametrize("role", ACTIONS)
def test_allowed_actions_are_those_of_the_role_in_the_versions_status(given, role):
    project, person = given.project(), given.person(role)

    for status, actions in ACTIONS[role].items():
        version = given.version(project, f"path_{status}", status=status)
        assert person.get(f"/v1/artifacts/{version}").json["data"]["allowed_actions"] == actions, status


@pytest.mark.parametrize("role", ACTIONS)
def test_allowed_actions_say_what_the_api_takes(given, role, database):
    """What is offered is carried out, what is not offered is refused."""
    project = given.project()
    person = given.person(role)
    every = ("approve", "reject", "request_changes", "archive", "comment", "submit")

    for status in ACTIONS[role]:
        for action in every:
            version = given.version(project, f"{status}-{action}", status=status)
            answer = person.decide(action, version, reason="Why.", dry_run=True)
            # Saying again what was decided already is no refusal.
            repeated = answer.status_code == 200 and answer.json["data"]["decisions"][0]["repeated"]
            offered = action in ACTIONS[role][status]
            assert repeated or (answer.status_code == 200) == offered, (status, action, answer.text)


def test_a_producer_may_archive_their_own_candidate_and_nobody_elses(given, producer):
    project = given.project()
    own = producer.submit(project, value=1).json["data"]
    others = given.version(project)

    assert "archive" in own["allowed_actions"]
    assert producer.decide("archive", own["id"]).status_code == 200
    assert code(producer.decide("archive", others)) == "forbidden"


def test_a_promoted_version_is_not_offered_for_promotion(given, reviewer):
    version = given.promoted(given.project())

    assert reviewer.get(f"/v1/artifacts/{version}").json["data"]["allowed_actions"] == ["withdraw", "comment"]


def test_a_reader_reads_everything_and_is_offered_nothing(given):
    reader, policy = given.person(None), given.policy()
    given.permission(policy)
    given.grant(reader.id, policy)
    version = given.version(given.project())

    answer = reader.get(f"/v1/artifacts/{version}")

    assert answer.json["data"]["allowed_actions"] == []
    assert json.loads(answer.text)["data"]["id"] == str(version)
