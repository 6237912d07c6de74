"""Approving in two exchanges: the same as by decide(), also with something else in between, and in company."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from sidecar.access.caller import SYSTEM
from sidecar.call import Call
from sidecar.promotion.promote import Target, promote
from sidecar.review import at_once, http
from sidecar.review.decide import Decision, decide
from sidecar.verify.verify import snapshot, verify
from tests.api.test_concurrency import wait_until_blocked
from tests.given import code


@pytest.fixture
def project(given):
    return given.project()


@pytest.fixture
def decided(monkeypatch) -> list[list[Decision]]:
    """What went the other way: the decisions that decide() was asked for."""
    asked: list[list[Decision]] = []

    def noted(call: Call, decisions: list[Decision], **how: Any) -> dict[str, Any]:
        asked.append(decisions)
        return decide(call, decisions, **how)

    monkeypatch.setattr(http, "decide", noted)
    return asked


@pytest.fixture
def breaches(connect) -> Callable[[UUID], list[Any]]:
    """What `artifacts verify` finds in a project: document against fold, numbers, records, the audit chain."""

    def look(project: UUID) -> list[Any]:
        connection = connect("sidecar").connection
        with snapshot(connection):
            return list(verify(connection, project))

    return look


@pytest.fixture
def in_context(given) -> Callable[..., UUID]:
    """A version that a program has approved into the context, with its record."""
    program = given.token("reviewer")

    def make(project: UUID, path: str = "brand.logo", value: Any = None) -> UUID:
        version = given.version(project, path, value)
        assert program.approve(version).status_code == 200
        return version

    return make


class Between:
    """The project's lock, held while requests come; `decide` and `promote` are the registry's own, under that lock."""

    def __init__(self, holder, database, settings, project: UUID, pool: ThreadPoolExecutor) -> None:
        self.holder, self.database, self.project, self.pool = holder, database, project, pool
        self.call = Call(holder.connection, SYSTEM, "in-between", settings)
        self.answers: list[Future[Any]] = []

    def come(self, *requests: Callable[[], Any]) -> None:
        """Let requests come one after the other: the first waits for the lock, the others in line behind it."""
        for request in requests:
            self.answers.append(self.pool.submit(request))
            place = len(self.answers)
            if place == 1:
                wait_until_blocked(self.database, 1)
            while len(at_once._together._waiting.get(self.project, ())) != place:
                assert not self.answers[0].done(), "the project's lock was waited for too long"

    def wait(self, request: Callable[[], Any]) -> None:
        """Let one request wait for the lock, whichever way it goes."""
        self.answers.append(self.pool.submit(request))
        wait_until_blocked(self.database, len(self.answers))

    def decide(self, action: Any, version: UUID, **how: Any) -> None:
        decide(self.call, [Decision(version, action, "In between.")], **how)

    def promote(self, version: UUID) -> None:
        promote(self.call, Target(artifact_version_ids=(version,)))


@pytest.fixture
def between(connect, database, settings, project) -> Callable[[], Any]:
    """`with between() as it:` lets requests come and things happen while the project's lock is held; `it.answers`
    afterwards are what the requests were answered."""

    @contextmanager
    def held() -> Iterator[Between]:
        holder = connect("sidecar")
        with ThreadPoolExecutor(8) as pool:
            with holder.connection.transaction():
                holder.run("select from projects where id = %s for no key update", project)
                it = Between(holder, database, settings, project, pool)
                yield it
            it.answers = [future.result() for future in it.answers]

    return held


def numbers(answers) -> list[int]:
    """The context versions that requests were answered."""
    return [answer.json["data"]["promotions"][0]["context_version"] for answer in answers]


def account(database, project: UUID, names: dict[UUID, str], *answers) -> Any:
    """All that is written of a project, and what was answered, without what differs between any two requests."""
    found = {
        "versions": database.all(
            "select * from artifact_versions where project_id = %s order by date_created", project
        ),
        "records": database.all("select * from artifact_approvals where project_id = %s order by action", project),
        "promotions": database.promotions(project),
        "context": [database.project(project)[column] for column in ("context", "context_version")],
        "log": database.column("select kind from sidecar.audit_log where project_id = %s order by kind", project),
        "answers": [answer.json["data"] for answer in answers],
    }
    text = json.dumps(found, default=str, sort_keys=True)
    for known, name in names.items():
        text = text.replace(str(known), name)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?", "<time>", text)
    return json.loads(re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<id>", text))


# The same as the other way

SAID = {"reason": "Meets the guidelines.", "feedback": {"stars": 5}}


def by_address(person, version, **said):
    return person.post(f"/v1/artifacts/{version}/approve", said)


def by_review(person, version, **said):
    return person.approve(version, **said)


def by_decisions(person, version, **said):
    return person.post(
        "/v1/reviews", {"decisions": [{"artifact_version_id": str(version), "action": "approve", **said}]}
    )


@pytest.mark.parametrize("way", [by_address, by_review, by_decisions])
@pytest.mark.parametrize("standing", [False, True])
@pytest.mark.parametrize("said", [{}, SAID])
def test_what_is_written_and_answered_is_the_same_as_the_other_way(
    given, in_context, reviewer, database, decided, breaches, way, standing, said
):
    accounts = []
    for more in ({}, {"complete_task": True}):
        project = given.project()
        task = given.task(project, "done")
        file = given.file()
        names = {project: "<project>", task: "<task>", file: "<file>", reviewer.id: "<reviewer>"}
        if standing:
            names[in_context(project, value={"n": 1})] = "<old>"
        version = given.version(project, value={"n": 2}, task=task, files=(file,))
        beside = given.version(project, value={"n": 3})
        names |= {version: "<new>", beside: "<beside>"}
        answer = reviewer.approve(version, **said, **more) if more else way(reviewer, version, **said)
        assert answer.status_code == 200, answer.text
        accounts.append(account(database, project, names, answer))
        assert breaches(project) == []
        row = database.version(version)
        entry = database.context(project)["brand"]["logo"]
        assert entry["approved_at"] == row["approved_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert row["date_created"] <= row["approved_at"] <= row["promoted_at"]
        assert database.promotions(project)[-1]["date_created"] >= row["approved_at"]

    assert [decision.artifact_version_id for (decision,) in decided] == [version]  # the second of them alone
    assert accounts[0] == accounts[1]


def test_beside_another_decision_the_same_is_written(given, in_context, reviewer, database, decided):
    accounts = []
    for beside in (False, True):
        project, elsewhere = given.project(), given.project()
        old, version = in_context(project), given.version(project, value=1)
        decisions = [{"artifact_version_id": str(version), "action": "approve", "reason": "Yes."}]
        if beside:
            rejected = str(given.version(elsewhere))
            decisions.append({"artifact_version_id": rejected, "action": "reject"})
        assert reviewer.post("/v1/reviews", {"decisions": decisions}).status_code == 200
        names = {project: "<project>", old: "<old>", version: "<new>", reviewer.id: "<reviewer>"}
        found = account(database, project, names)
        accounts.append(json.loads(re.sub(r'"at": \d+', '"at": 0', json.dumps(found))))

    assert len(decided) == 1
    assert accounts[0] == accounts[1]


def test_a_program_approves_the_same_way(given, project, database, decided, breaches):
    program, version = given.token("reviewer", actor_type="ai"), given.version(project)

    assert program.approve(version).status_code == 200

    (record,) = database.approvals(version)
    assert (record["actor_id"], record["actor_type"]) == (None, "ai")
    assert (database.version(version)["approved_by"], decided, breaches(project)) == (None, [], [])


# What is not the usual case


def test_where_the_standing_version_awaits_its_promotion_decide_is_asked(
    given, in_context, project, reviewer, database, decided
):
    first = in_context(project)
    second = given.version(project)
    reviewer.approve(second, promote=False)
    decided.clear()
    version = given.version(project)

    answer = reviewer.approve(version)

    assert len(decided) == 1
    (change,) = database.promotions(project)[-1]["changes"]
    assert (change["from_version_id"], change["to_version_id"]) == (str(first), str(version))
    assert [database.status(v) for v in (first, second, version)] == ["superseded", "superseded", "approved"]
    (promotion,) = answer.json["data"]["promotions"]
    assert [v["artifact_version_id"] for v in promotion["superseded"]] == [str(first)]


def adopt(given, project: UUID, context: Any) -> None:
    """What stood in the context when the registry came."""
    given.sidecar.run("update projects set context = %s where id = %s", Jsonb(context), project)
    given.sidecar.run(
        "insert into promotions (project_id, context_version, actor_label, changes) values (%s, 0, 'set-up', %s)",
        project, Jsonb([{"schema_key": "", "entry": context}]),
    )  # fmt: skip


@pytest.mark.parametrize("there", [{"claim": "Fresh."}, "a text", None])
def test_where_something_adopted_stands_at_the_path_decide_is_asked(
    given, project, reviewer, database, decided, breaches, there
):
    adopt(given, project, {"brand": {"logo": there, "motto": "Slow."}})
    version = given.version(project)

    assert reviewer.approve(version).status_code == 200

    assert len(decided) == 1
    assert database.context(project)["brand"]["logo"]["artifact_version_id"] == str(version)
    assert (database.context(project)["brand"]["motto"], breaches(project)) == ("Slow.", [])


def test_own_work_is_refused_where_the_template_says_so(given, database, decided):
    project = given.project(template_id=given.template({"brand.logo": {"producer_may_approve": False}}))
    person = given.person("reviewer")
    own, others = given.version(project, user_created=person.id), given.version(project)

    with database.unchanged():
        answer = person.approve(own)
    assert (answer.status_code, code(answer), len(decided)) == (403, "own_work", 1)

    assert person.approve(others).status_code == 200
    assert len(decided) == 1


@pytest.mark.parametrize("rule", [{"approvals_required": 2}, {"promote": "task_done"}])
def test_where_the_template_asks_for_more_decide_is_asked(given, reviewer, database, decided, rule):
    project = given.project(template_id=given.template({"brand.logo": rule}))
    version = given.version(project, task=given.task(project))

    answer = reviewer.approve(version)

    assert (answer.status_code, answer.json["data"]["promotions"], len(decided)) == (200, [], 1)
    assert (database.context(project), database.version(version)["promoted_at"]) == ({}, None)


@pytest.mark.parametrize(
    "more", [{"promote": False}, {"promote": "task_done"}, {"reject_others": True}, {"dry_run": True}]
)
def test_what_is_more_than_an_approval_goes_the_other_way(given, project, reviewer, decided, more):
    assert reviewer.approve(given.version(project), **more).status_code == 200
    assert len(decided) == 1


def test_a_producer_and_an_unknown_version_are_refused_as_ever(given, project, producer, reviewer, database):
    version = given.version(project)

    with database.unchanged():
        assert code(producer.approve(version)) == "forbidden"
        assert code(reviewer.approve(uuid.uuid4())) == "artifact_not_found"


# Somebody decides in between


def test_rejected_in_between_it_is_decided_already(given, project, reviewer, database, between, breaches):
    version = given.version(project)

    with between() as it:
        it.come(lambda: reviewer.approve(version))
        it.decide("reject", version)

    (answer,) = it.answers
    assert (answer.status_code, code(answer)) == (409, "already_decided")
    assert answer.json["errors"][0]["extensions"]["status"] == "rejected"
    assert database.actions(version) == ["reject"]
    assert (database.promotions(project), database.context(project), breaches(project)) == ([], {}, [])


def test_withdrawn_in_between_it_is_decided_already(given, project, reviewer, database, between, breaches):
    version = given.version(project)

    with between() as it:
        it.come(lambda: reviewer.approve(version))
        it.decide("withdraw", version)

    (answer,) = it.answers
    assert (answer.status_code, code(answer)) == (409, "already_decided")
    assert (database.status(version), database.promotions(project), breaches(project)) == ("archived", [], [])


def test_approved_in_between_it_is_a_repeated_approval(given, project, reviewer, database, between, breaches):
    version = given.version(project)

    with between() as it:
        it.come(lambda: reviewer.approve(version))
        it.decide("approve", version)

    (answer,) = it.answers
    assert answer.json["data"]["decisions"][0]["repeated"] is True
    assert (database.actions(version), len(database.promotions(project))) == (["approve"], 1)
    assert breaches(project) == []


@pytest.mark.parametrize("standing", [False, True])
def test_another_version_approved_in_between_is_superseded(
    given, in_context, project, reviewer, database, between, breaches, standing
):
    old = in_context(project) if standing else None
    one, two = given.version(project), given.version(project)

    with between() as it:
        it.come(lambda: reviewer.approve(one))
        it.decide("approve", two)

    (answer,) = it.answers
    before = 1 if standing else 0
    assert (answer.status_code, numbers(it.answers)) == (200, [before + 2])
    assert (database.status(one), database.status(two)) == ("approved", "superseded")
    assert (database.actions(one), database.actions(two)) == (["approve"], ["approve", "supersede"])
    changes = [promotion["changes"][0] for promotion in database.promotions(project)[before:]]
    assert [(change["from_version_id"], change["to_version_id"]) for change in changes] == [
        (old and str(old), str(two)),
        (str(two), str(one)),
    ]
    assert database.context(project)["brand"]["logo"]["artifact_version_id"] == str(one)
    assert breaches(project) == []


def test_approved_but_not_promoted_in_between_keeps_the_history_right(
    given, in_context, project, reviewer, database, between, breaches
):
    old, one, two = in_context(project), given.version(project), given.version(project)

    with between() as it:
        it.come(lambda: reviewer.approve(one))
        it.decide("approve", two, promote="never")

    (change,) = database.promotions(project)[-1]["changes"]
    assert (numbers(it.answers), change["from_version_id"]) == ([2], str(old))
    assert [database.status(v) for v in (old, two, one)] == ["superseded", "superseded", "approved"]
    assert breaches(project) == []


def test_the_standing_version_withdrawn_in_between_is_not_superseded(
    given, in_context, project, reviewer, database, between, breaches
):
    old, version = in_context(project), given.version(project)

    with between() as it:
        it.come(lambda: reviewer.approve(version))
        it.decide("withdraw", old)

    assert numbers(it.answers) == [3]
    assert (database.status(old), database.status(version)) == ("archived", "approved")
    assert database.promotions(project)[-1]["changes"][0]["from_version_id"] is None
    assert breaches(project) == []


def test_another_path_promoted_in_between_stays_in_the_context(given, project, reviewer, database, between, breaches):
    version, other = given.version(project, "a"), given.version(project, "b")
    reviewer.approve(other, promote=False)

    with between() as it:
        it.come(lambda: reviewer.approve(version))
        it.promote(other)

    assert numbers(it.answers) == [2]
    assert set(database.context(project)) == {"a", "b", "_meta"}
    assert breaches(project) == []


def test_a_file_linked_in_between_is_in_the_entry(given, project, reviewer, database, between, directus_role, breaches):
    version, file = given.version(project), given.file()
    link = "insert into artifact_files (artifact_version_id, directus_files_id) values (%s, %s)"

    with between() as it:
        it.come(lambda: reviewer.approve(version))
        directus_role.run(link, version, file)

    assert numbers(it.answers) == [1]
    assert database.version(version)["primary_file_id"] == file
    assert database.context(project)["brand"]["logo"]["file_id"] == str(file)
    assert breaches(project) == []


@pytest.mark.parametrize("standing", [False, True])
def test_under_a_key_what_happens_in_between_is_seen_and_the_answer_is_kept(
    given, in_context, project, reviewer, database, between, breaches, standing
):
    if standing:
        in_context(project)
    one, two = given.version(project), given.version(project)
    body = {"artifact_version_ids": [str(one)], "action": "approve"}

    def approve():
        return reviewer.post("/v1/reviews", body, headers={"Idempotency-Key": "once"})

    with between() as it:
        it.wait(approve)
        it.decide("approve", two)

    (answer,) = it.answers
    assert numbers(it.answers) == [3 if standing else 2]
    with database.unchanged():
        again = approve()
    assert (again.data, again.headers["Idempotency-Replayed"]) == (answer.data, "true")
    assert (database.status(one), database.status(two)) == ("approved", "superseded")
    assert breaches(project) == []


def test_under_a_key_the_usual_case_is_kept_and_replayed(given, project, reviewer, database, decided, breaches):
    version = given.version(project)
    headers = {"Idempotency-Key": "once"}
    first = reviewer.post(f"/v1/artifacts/{version}/approve", {}, headers=headers)

    with database.unchanged():
        again = reviewer.post(f"/v1/artifacts/{version}/approve", {}, headers=headers)

    assert (first.status_code, again.data, decided) == (200, first.data, [])
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.json["data"]["decisions"][0]["repeated"] is False
    assert breaches(project) == []


def test_under_a_key_a_refusal_in_between_changes_nothing(given, project, reviewer, database, between):
    version = given.version(project)
    headers = {"Idempotency-Key": "once"}

    with between() as it:
        it.wait(lambda: reviewer.post(f"/v1/artifacts/{version}/approve", {}, headers=headers))
        it.decide("reject", version)

    (answer,) = it.answers
    assert (answer.status_code, code(answer)) == (409, "already_decided")
    assert (database.actions(version), database.promotions(project)) == (["reject"], [])


# Several that wait


def approving(person, version, **said):
    return lambda: person.approve(version, **said)


def test_approvals_that_wait_together_have_a_number_and_a_row_each(
    given, in_context, project, database, between, decided, breaches
):
    olds = {path: in_context(project, path) for path in ("a", "scenes[1]")}
    people = [given.person("reviewer") for _ in range(5)]
    paths = ["a", "b.c", "scenes[1]", "scenes[3].image", "b.d"]
    versions = [given.version(project, path, {"of": path}) for path in paths]

    with between() as it:
        it.come(*(approving(p, v, reason=f"For {k}.") for p, v, k in zip(people, versions, paths, strict=True)))

    assert (numbers(it.answers), decided) == ([3, 4, 5, 6, 7], [])
    promotions = database.promotions(project)
    assert [row["context_version"] for row in promotions] == list(range(1, 8))
    for row, person, version, path, answer in zip(promotions[2:], people, versions, paths, it.answers, strict=True):
        (change,) = row["changes"]
        assert (change["schema_key"], change["to_version_id"]) == (path, str(version))
        assert change["from_version_id"] == (str(olds[path]) if path in olds else None)
        assert (row["actor_id"], row["reason"]) == (person.id, f"For {path}.")
        assert row["request_id"] == answer.headers["X-Request-Id"]
        (record,) = database.approvals(version)
        assert (record["promotion_id"], record["actor_id"]) == (row["id"], person.id)
        assert record["request_id"] == row["request_id"]
        assert answer.json["data"]["decisions"][0]["artifact_version_id"] == str(version)
        assert database.version(version)["approved_by"] == person.id
    assert len({row["date_created"] for row in promotions[3:]}) == 1  # one statement wrote the last four
    for path, old in olds.items():
        assert database.status(old) == "superseded", path
    context = database.context(project)
    assert context["_meta"]["context_version"] == 7
    assert context["_meta"]["total_artifacts"] == 5
    assert context == database.value("select sidecar.context_as_of(%s, 7)", project)
    assert breaches(project) == []


def test_one_of_several_is_refused_and_the_others_pass(given, project, reviewer, database, between, breaches):
    adopt(given, project, {"brand": "Tea."})
    paths = ["first", "a", "brand.logo", "b"]
    versions = [given.version(project, path) for path in paths]

    with between() as it:
        it.come(*(approving(reviewer, version) for version in versions))

    assert [answer.status_code for answer in it.answers] == [200, 200, 409, 200]
    assert code(it.answers[2]) == "context_path_occupied"
    assert numbers([*it.answers[:2], it.answers[3]]) == [1, 2, 3]
    assert [database.status(v) for v in versions] == ["approved", "approved", "pending", "approved"]
    assert (database.approvals(versions[2]), breaches(project)) == ([], [])
    assert database.context(project)["brand"] == "Tea."


def test_one_of_several_was_decided_in_between_and_the_others_pass(
    given, project, reviewer, database, between, decided, breaches
):
    versions = [given.version(project, path) for path in ("first", "a", "b", "c")]

    with between() as it:
        it.come(*(approving(reviewer, version) for version in versions))
        it.decide("reject", versions[2])

    assert [answer.status_code for answer in it.answers] == [200, 200, 409, 200]
    assert code(it.answers[2]) == "already_decided"
    assert sorted(numbers([*it.answers[:2], it.answers[3]])) == [1, 2, 3]
    assert [decision.artifact_version_id for (decision,) in decided] == [versions[2]]
    assert breaches(project) == []


def test_one_of_several_whose_caller_is_gone_does_not_harm_the_others(
    given, project, reviewer, database, between, breaches
):
    leaver = given.person("reviewer")
    versions = [given.version(project, path) for path in ("first", "a", "b")]

    with between() as it:
        it.come(*(approving(person, v) for person, v in zip((reviewer, leaver, reviewer), versions, strict=True)))
        database.run("delete from directus_users where id = %s", leaver.id)

    assert [answer.status_code for answer in it.answers] == [200, it.answers[1].status_code, 200]
    assert 400 <= it.answers[1].status_code < 500
    assert [database.status(v) for v in versions] == ["approved", "pending", "approved"]
    assert breaches(project) == []


@pytest.mark.parametrize("standing", [False, True])
def test_two_of_one_path_together_supersede_each_other(
    given, in_context, project, reviewer, database, between, breaches, standing
):
    if standing:
        in_context(project)
    first, one, two, last = [given.version(project, path) for path in ("first", "brand.logo", "brand.logo", "last")]

    with between() as it:
        it.come(*(approving(reviewer, version) for version in (first, one, two, last)))

    assert [answer.status_code for answer in it.answers] == [200] * 4
    before = 1 if standing else 0
    assert sorted(numbers(it.answers)) == [before + number for number in (1, 2, 3, 4)]
    assert (database.status(one), database.status(two)) == ("superseded", "approved")
    assert database.context(project)["brand"]["logo"]["artifact_version_id"] == str(two)
    assert breaches(project) == []


def test_the_same_approval_twice_together_is_one(given, project, reviewer, database, between, breaches):
    first, version = given.version(project, "first"), given.version(project)

    with between() as it:
        it.come(*(approving(reviewer, v) for v in (first, version, version)))

    assert [answer.status_code for answer in it.answers] == [200, 200, 200]
    assert [a.json["data"]["decisions"][0]["repeated"] for a in it.answers] == [False, False, True]
    assert (database.actions(version), len(database.promotions(project))) == (["approve"], 2)
    assert breaches(project) == []


# What goes wrong


def test_who_waits_too_long_is_told_so_and_nothing_is_written(given, project, reviewer, database, between):
    version = given.version(project)

    with between() as it, database.unchanged():
        it.come(lambda: reviewer.approve(version))
        answer = it.answers[0].result()

    assert (answer.status_code, code(answer), answer.headers["Retry-After"]) == (503, "registry_busy", "1")
    assert reviewer.approve(version).status_code == 200


def test_who_stands_in_line_too_long_is_told_so_and_nothing_is_written(
    given, project, reviewer, database, between, monkeypatch, breaches
):
    first, version = given.version(project, "first"), given.version(project)
    monkeypatch.setattr(at_once._together, "patience", 0.001)

    with between() as it:
        it.come(approving(reviewer, first))
        with database.unchanged():
            answer = reviewer.approve(version)

    assert (answer.status_code, code(answer), answer.headers["Retry-After"]) == (503, "registry_busy", "1")
    assert (numbers(it.answers), database.status(version), breaches(project)) == ([1], "pending", [])


def test_a_connection_lost_while_it_writes_is_not_tried_again(
    given, project, reviewer, database, between, decided, breaches
):
    first, version = given.version(project, "first"), given.version(project)
    ends = (
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and usename = current_user and wait_event_type = 'Lock'"
    )

    with between() as it, database.unchanged():
        it.come(lambda: reviewer.approve(first))
        it.holder.run(ends)
        answer = it.answers[0].result()

    assert (answer.status_code, code(answer), decided) == (503, "database_unavailable", [])
    assert reviewer.approve(first, reason="Again.").status_code == 200
    assert reviewer.approve(version).status_code == 200
    assert breaches(project) == []
