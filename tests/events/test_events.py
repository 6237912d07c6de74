"""What happens becomes events: in the transaction that causes it, whoever causes it, numbered without a gap."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg.types.json import Jsonb

from sidecar.errors import Refusal
from sidecar.events.forget import forget_old
from sidecar.events.kinds import EVENTS
from sidecar.events.number import number_events, sql
from sidecar.events.payload import LARGEST_BYTES
from sidecar.promotion.task import promote_done_task


@pytest.fixture
def events(admin, worker):
    """The events of a project so far, as the API lists them."""

    def listed(project=None, **query):
        worker.number()
        words = "".join(f"&{name}={value}" for name, value in query.items())
        answer = admin.get(f"/v1/events?limit=500{f'&project_id={project}' if project else ''}{words}")
        assert answer.status_code == 200, answer.text
        return answer.json["data"]

    return listed


def types(events):
    return [event["type"] for event in events]


def test_a_version_is_told_from_its_submission_to_its_successor(producer, reviewer, project, events):
    first = producer.submit(project, value={"draft": 1}).json["data"]["id"]
    reviewer.decide("request_changes", first, reason="Louder.")
    reviewer.decide("request_changes", first, reason="Louder still.", feedback={"level": 11})
    second = producer.submit(project, value={"draft": 2}).json["data"]["id"]
    reviewer.approve(second, reason="Good.")
    reviewer.decide("reject", first, reason="Too quiet.")
    third = producer.submit(project, value={"draft": 3}).json["data"]["id"]
    reviewer.approve(third)

    found = events(project)
    assert types(found) == [
        "version.submitted", "version.changes_requested", "version.changes_requested", "version.submitted",
        "version.approved", "context.promoted", "version.rejected", "version.submitted", "version.superseded",
        "version.approved", "context.promoted",
    ]  # fmt: skip
    assert [event["data"]["sequence"] for event in found] == list(range(1, 12))
    requested, approved, promoted, rejected = found[2], found[4], found[5], found[6]
    assert requested["data"] | {"artifact_version_id": first, "reason": "Louder still.", "feedback": {"level": 11},
                                "review_state": "changes_requested", "actor_id": str(reviewer.id),
                                "actor_type": "human", "version_number": 1} == requested["data"]  # fmt: skip
    assert (approved["data"]["reason"], approved["data"]["status"]) == ("Good.", "approved")
    assert rejected["data"]["reason"] == "Too quiet."
    assert promoted["data"]["changes"] == [{"schema_key": "brand.logo", "artifact_version_id": second}]
    assert promoted["data"]["context_version"] == 1
    assert found[8]["data"]["reason"] == "Superseded by version 3."
    assert found[0]["data"]["actor_id"] == str(producer.id)
    assert found[0]["data"]["actor_label"].startswith("Robin")


def test_every_event_says_what_its_description_says(
    producer, reviewer, project, given, database, sidecar_role, events, pool, telling
):
    version = producer.submit(project).json["data"]["id"]
    other = producer.submit(project, "brand.colors", {"a": 1}).json["data"]["id"]
    reviewer.decide("request_changes", version, reason="No.")
    reviewer.decide("reject", version, reason="No.")
    reviewer.approve(other)
    reviewer.approve(producer.submit(project, "brand.colors", {"a": 2}).json["data"]["id"])
    assert reviewer.post(f"/v1/projects/{project}/context/revert", {"to_version": 1}).status_code == 200
    transfer = given.transfer(other)
    database.run("update artifact_transfers set status = 'failed', error_message = 'Full.' where id = %s", transfer)
    run = producer.post("/v1/executions", {"project_id": str(project), "status": "running"}).json["data"]["id"]
    producer.call("PATCH", f"/v1/executions/{run}", json={"status": "failed", "error_message": "Broken."})
    task = given.task(project, "done")
    given.approved(project, "press.headline", task=task)
    sidecar_role.run(
        "update projects set context = context || %s where id = %s", Jsonb({"press": "in the way"}), project
    )
    with pytest.raises(Refusal, match="context_path_occupied"):
        promote_done_task(pool, telling, task, "worker-1")

    found = events(project)
    assert set(types(found)) == set(EVENTS)
    for event in found:
        EVENTS[event["type"]][1].model_validate(event["data"])
        assert event["data"]["project_key"] == "spring-brand"
        assert event["data"]["links"]["api"].startswith("https://registry.example.com/v1/")
        assert event["timestamp"].endswith("Z")
    assert [event["data"]["sequence"] for event in found] == list(range(1, len(found) + 1))


def test_what_directus_writes_is_told_too(directus_role, project, events):
    version = directus_role.value(
        "insert into artifact_versions (project_id, schema_key, value) values (%s, 'brand.logo', '1') returning id",
        project,
    )
    draft = directus_role.value(
        "insert into artifact_versions (project_id, schema_key, value, status)"
        " values (%s, 'brand.claim', '1', 'intermediate') returning id", project,
    )  # fmt: skip

    (event,) = events(project)
    assert (event["type"], event["data"]["artifact_version_id"]) == ("version.submitted", str(version))
    assert str(draft) not in str(event)


def test_directus_does_not_see_what_happened(directus_role):
    for table in ("happened", "events", "webhook_secrets", "waits", "deliveries"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            directus_role.all(f"select * from sidecar.{table}")


def test_a_vote_that_is_not_the_last_is_no_approval(given, producer, events):
    template = given.template({"brand.logo": {"approvals_required": 2}})
    project = given.project(template_id=template)
    version = producer.submit(project).json["data"]["id"]
    first, second = given.person("reviewer"), given.person("reviewer")

    first.approve(version)
    assert types(events(project)) == ["version.submitted"]
    second.approve(version, reason="Mine, too.")
    assert types(events(project)) == ["version.submitted", "version.approved", "context.promoted"]
    assert events(project)[1]["data"]["actor_id"] == str(second.id)


def test_what_is_rolled_back_did_not_happen(producer, reviewer, project, events, database):
    version = producer.submit(project).json["data"]["id"]
    reviewer.decide("approve", version, dry_run=True)
    refused = reviewer.post("/v1/reviews", {"decisions": [
        {"artifact_version_id": version, "action": "approve"},
        {"artifact_version_id": "00000000-0000-4000-8000-000000000000", "action": "approve"}]})  # fmt: skip

    assert refused.status_code == 404
    assert types(events(project)) == ["version.submitted"]
    assert database.value("select count(*) from sidecar.happened") == 0


def test_the_same_request_again_is_no_event(producer, reviewer, project, events):
    version = producer.submit(project, value=1).json["data"]["id"]
    for _ in range(2):
        producer.submit(project, value=1)
        reviewer.approve(version)

    assert types(events(project)) == ["version.submitted", "version.approved", "context.promoted"]


def test_numbers_have_no_gap_and_follow_the_commits_of_many_writers(
    given, producer, settings, events, database, worker
):
    projects = [given.project() for _ in range(2)]
    reviewers = [given.person("reviewer") for _ in range(4)]

    def work(number):
        project, person = projects[number % 2], reviewers[number % 4]
        version = producer.submit(project, f"path_{number}", number).json["data"]["id"]
        worker.number()
        person.approve(version)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(24)))

    for project in projects:
        found = events(project)
        assert [event["data"]["sequence"] for event in found] == list(range(1, 37))
        contexts = [event["data"]["context_version"] for event in found if event["type"] == "context.promoted"]
        assert contexts == list(range(1, 13))
        for event in found:
            if event["type"] == "version.approved":
                path = event["data"]["schema_key"]
                own = [one["type"] for one in found if one["data"].get("schema_key") == path]
                assert own == ["version.submitted", "version.approved"]
    assert database.value("select count(*) from sidecar.happened") == 0


def test_what_is_not_committed_yet_gets_a_later_number_than_what_is(connect, project, events):
    """The gap of a sequence: whoever drew the earlier id commits later."""
    slow, quick = connect("sidecar"), connect("sidecar")
    with slow.connection.transaction():
        slow.run("insert into task_executions (project_id, status) values (%s, 'completed')", project)
        quick.run("insert into task_executions (project_id, status) values (%s, 'failed')", project)
        assert [(event["data"]["sequence"], event["data"]["status"]) for event in events(project)] == [(1, "failed")]
    found = events(project)
    assert [(event["data"]["sequence"], event["data"]["status"]) for event in found] == [
        (1, "failed"),
        (2, "completed"),
    ]


def test_only_one_worker_numbers_at_a_time(connect, producer, project, worker, database):
    producer.submit(project)
    other = connect("sidecar")
    with other.connection.transaction():
        other.value(sql.take_turn)
        assert number_events(worker.pool, worker.settings) is None
    worker.number()
    assert database.value("select count(*) from sidecar.events") == 1


def test_an_event_is_small_whatever_was_said(producer, reviewer, project, given, events):
    version = producer.submit(project).json["data"]["id"]
    reviewer.decide("reject", version, reason="€" * 10_000, feedback={"text": "x" * 100_000})
    many = [given.approved(project, f"path_{number}", number) for number in range(120)]
    reviewer.promote(artifact_version_ids=many)

    found = {event["type"]: event["data"] for event in events(project)}
    rejected, promoted = found["version.rejected"], found["context.promoted"]
    assert (rejected["feedback"], rejected["feedback_omitted"], len(rejected["reason"])) == (None, True, 2000)
    assert (len(promoted["changes"]), promoted["changes_total"]) == (50, 120)
    assert all(len(str(event).encode()) < LARGEST_BYTES for event in events(project))


def test_imports_are_no_news(sidecar_role, project, events):
    with sidecar_role.connection.transaction():
        sidecar_role.run("select set_config('artifacts.quiet', 'on', true)")
        sidecar_role.run("insert into artifact_versions (project_id, schema_key, value) values (%s, 'a', '1')", project)
    sidecar_role.run("insert into artifact_versions (project_id, schema_key, value) values (%s, 'b', '1')", project)

    assert [event["data"]["schema_key"] for event in events(project)] == ["b"]


def test_events_are_listed_by_page_number_type_and_version(producer, reviewer, project, given, events, admin):
    elsewhere = given.project()
    producer.submit(elsewhere)
    versions = [producer.submit(project, f"path_{n}", n).json["data"]["id"] for n in range(5)]
    reviewer.approve(*versions)
    assert len(events()) == len(events(project)) + 1

    assert [e["data"]["sequence"] for e in events(project, after=9)] == [10, 11]
    assert set(types(events(project, type="version.approved,context.promoted"))) == {
        "version.approved",
        "context.promoted",
    }
    assert types(events(artifact_version_id=versions[2])) == ["version.submitted", "version.approved"]
    seen, cursor = [], ""
    while cursor is not None:
        page = admin.get(f"/v1/events?project_id={project}&limit=4{cursor and f'&cursor={cursor}'}").json
        seen += page["data"]
        cursor = page["meta"]["next_cursor"]
    assert seen == events(project)
    assert producer.get("/v1/events").status_code == 200
    assert producer.get("/v1/events?type=version.eaten").status_code == 422


def test_old_events_are_forgotten_and_numbers_go_on(producer, project, events, pool, database):
    producer.submit(project, value=1)
    assert len(events(project)) == 1
    database.run("update sidecar.events set numbered_at = numbered_at - interval '40 days'")

    assert forget_old(pool, 30) == 1
    producer.submit(project, value=2)
    assert [event["data"]["sequence"] for event in events(project)] == [2]


def test_a_way_back_says_so_once(producer, reviewer, project, events):
    for value in (1, 2):
        reviewer.approve(producer.submit(project, value=value).json["data"]["id"])
    reviewer.post(f"/v1/projects/{project}/context/revert", {"to_version": 1})
    reviewer.approve(producer.submit(project, value=3).json["data"]["id"])

    contexts = [event["type"] for event in events(project) if event["type"].startswith("context.")]
    assert contexts == ["context.promoted", "context.promoted", "context.reverted", "context.promoted"]
