"""Deciding: POST /v1/reviews, the decisions on one version, and approval records."""

from __future__ import annotations

import uuid

import pytest

from tests.given import code


def decisions(answer) -> list[dict]:
    assert answer.status_code == 200, answer.text
    return answer.json["data"]["decisions"]


@pytest.fixture
def project(given):
    return given.project("spring-brand")


@pytest.fixture
def version(given, project):
    return given.version(project, "brand.logo", {"primary": "#1A365D"})


def test_approving_decides_promotes_and_is_recorded_as_one(project, version, reviewer, database):
    answer = reviewer.approve(version, reason="Meets the guidelines.", feedback={"stars": 5})

    (decision,) = decisions(answer)
    assert (decision["status"], decision["version_number"], decision["repeated"]) == ("approved", 1, False)
    (promotion,) = answer.json["data"]["promotions"]
    assert (promotion["status"], promotion["context_version"]) == ("promoted", 1)
    row = database.version(version)
    assert (row["status"], row["approved_by"], row["review_state"]) == ("approved", reviewer.id, None)
    assert row["approved_at"] is not None
    assert row["promoted_at"] is not None
    (record,) = database.approvals(version)
    (written,) = database.promotions(project)
    assert (record["action"], record["reason"], record["feedback"]) == (
        "approve",
        "Meets the guidelines.",
        {"stars": 5},
    )
    assert (record["actor_id"], record["actor_type"]) == (reviewer.id, "human")
    assert record["actor_label"].startswith("Robin The ")
    assert record["promotion_id"] == written["id"]
    assert record["project_id"] == project
    assert record["request_id"] == written["request_id"] == answer.headers["X-Request-Id"]
    assert written["reason"] == "Meets the guidelines."
    assert database.context(project)["brand"]["logo"]["primary"] == "#1A365D"


def test_approving_supersedes_the_version_before_it(given, project, reviewer, database):
    first = given.promoted(project, value={"n": 1})
    second = given.version(project, value={"n": 2})

    answer = reviewer.approve(second)

    assert (database.status(first), database.status(second)) == ("superseded", "approved")
    (record,) = [r for r in database.approvals(first) if r["action"] == "supersede"]
    assert record["reason"] == "Superseded by version 2."
    (promotion,) = answer.json["data"]["promotions"]
    assert [v["artifact_version_id"] for v in promotion["superseded"]] == [str(first)]
    assert database.context(project)["brand"]["logo"]["n"] == 2


def test_rejecting_keeps_the_reason_and_the_context(project, version, reviewer, database):
    reviewer.decide("reject", version, reason="Too dark.", feedback={"tags": ["dark"]})

    row = database.version(version)
    assert (row["status"], row["rejection_reason"]) == ("rejected", "Too dark.")
    (record,) = database.approvals(version)
    assert (record["action"], record["reason"], record["feedback"]) == ("reject", "Too dark.", {"tags": ["dark"]})
    assert database.project(project)["context_version"] == 0


def test_requesting_changes_leaves_the_version_pending_and_out_of_the_inbox(version, reviewer, database):
    (decision,) = decisions(reviewer.decide("request_changes", version, reason="Bigger."))

    assert (decision["status"], decision["review_state"]) == ("pending", "changes_requested")
    assert database.version(version)["review_state"] == "changes_requested"
    assert database.actions(version) == ["request_changes"]


@pytest.mark.parametrize(("then", "status"), [("approve", "approved"), ("reject", "rejected"), ("archive", "archived")])
def test_after_requested_changes_a_version_may_still_be_decided(version, reviewer, database, then, status):
    reviewer.decide("request_changes", version, reason="Bigger.")

    reviewer.decide(then, version)

    assert (database.version(version)["status"], database.version(version)["review_state"]) == (status, None)


@pytest.mark.parametrize("action", ["request_changes", "comment"])
def test_saying_nothing_is_refused_where_something_must_be_said(version, reviewer, database, action):
    with database.unchanged():
        for said in ({}, {"reason": "   "}, {"reason": ""}):
            assert code(reviewer.decide(action, version, **said)) == "reason_required"


def test_structured_feedback_alone_says_enough(version, reviewer, database):
    reviewer.decide("request_changes", version, feedback={"margin": "wider"})
    reviewer.decide("request_changes", version, feedback={"margin": "narrower"})

    assert [r["feedback"] for r in database.approvals(version)] == [{"margin": "wider"}, {"margin": "narrower"}]


def test_a_comment_is_recorded_and_changes_no_status(version, producer, database):
    before = database.version(version)

    (decision,) = decisions(producer.decide("comment", version, reason="See the brief."))

    assert decision["repeated"] is False
    assert database.version(version) == before
    (record,) = database.approvals(version)
    assert (record["action"], record["reason"], record["actor_id"]) == ("comment", "See the brief.", producer.id)


def test_submitting_makes_an_intermediate_version_pending(given, project, producer, database):
    draft = given.version(project, status="intermediate")

    assert decisions(producer.decide("submit", draft))[0]["repeated"] is False
    assert decisions(producer.decide("submit", draft))[0]["repeated"] is True
    assert database.status(draft) == "pending"


@pytest.mark.parametrize("status", ["intermediate", "pending", "rejected", "superseded"])
def test_archiving_puts_away_what_is_not_in_the_context(given, project, reviewer, database, status):
    version = given.version(project, status=status)

    decisions(reviewer.decide("archive", version, reason="Old."))

    assert database.status(version) == "archived"
    assert database.actions(version) == ["archive"]


def test_an_approved_version_is_not_archived_but_replaced(given, project, reviewer, database):
    version = given.approved(project)

    with database.unchanged():
        assert code(reviewer.decide("archive", version)) == "approved_is_replaced"


@pytest.mark.parametrize(
    ("action", "said"),
    [("approve", {}), ("approve", {"reason": "Fine."}), ("reject", {"reason": "No."}), ("reject", {}),
     ("request_changes", {"reason": "Bigger."}), ("archive", {})],
)  # fmt: skip
def test_the_same_decision_again_is_the_same_answer_and_changes_nothing(version, reviewer, database, action, said):
    first = reviewer.decide(action, version, **said)

    with database.unchanged():
        again = reviewer.decide(action, version, **said)

    (before,), (after,) = decisions(first), decisions(again)
    assert (before.pop("repeated"), after.pop("repeated")) == (False, True)
    assert before == after


@pytest.mark.parametrize(
    ("status", "actions", "refusal"),
    [
        ("approved", ["reject", "request_changes", "submit"], "already_decided"),
        ("rejected", ["approve", "request_changes", "submit"], "already_decided"),
        ("superseded", ["approve", "reject", "request_changes", "submit"], "already_decided"),
        ("archived", ["approve", "reject", "request_changes", "submit"], "already_decided"),
        ("intermediate", ["approve", "reject"], "not_submitted"),
    ],
)
def test_another_decision_on_a_decided_version_is_refused(given, project, reviewer, database, status, actions, refusal):
    version = given.version(project, status=status)

    with database.unchanged():
        for action in actions:
            answer = reviewer.decide(action, version, reason="Why.")
            assert (answer.status_code, code(answer)) == (409, refusal), action


def test_two_versions_of_one_path_cannot_both_be_approved(given, project, version, reviewer, database):
    other = given.version(project, "brand.logo")
    elsewhere = given.version(project, "brand.colors")

    with database.unchanged():
        answer = reviewer.approve(version, elsewhere, other)

    assert (answer.status_code, code(answer)) == (409, "two_approvals_for_one_path")


def test_one_of_a_path_is_approved_and_the_others_rejected_in_one_request(given, project, version, reviewer, database):
    other = given.version(project, "brand.logo")

    body = {"decisions": [
        {"artifact_version_id": str(other), "action": "reject", "reason": "Second best."},
        {"artifact_version_id": str(version), "action": "approve"},
    ]}  # fmt: skip
    answer = reviewer.post("/v1/reviews", body)

    assert [d["status"] for d in decisions(answer)] == ["rejected", "approved"]
    assert (database.status(version), database.status(other)) == ("approved", "rejected")


def test_one_refused_decision_undoes_all_others(given, project, reviewer, database):
    good = [given.version(project, f"path_{n}") for n in range(3)]
    rejected = given.version(project, "path_9", status="rejected")
    other_project = given.version(given.project())

    with database.unchanged():
        answer = reviewer.approve(*good, other_project, rejected)

    assert code(answer) == "already_decided"
    assert answer.json["errors"][0]["extensions"]["artifact_version_id"] == str(rejected)


def test_versions_of_several_projects_are_decided_at_once_with_a_promotion_each(given, reviewer, database):
    projects = [given.project(), given.project()]
    versions = [given.version(p, path) for p in projects for path in ("a", "b")]

    answer = reviewer.approve(*versions)

    assert [d["artifact_version_id"] for d in decisions(answer)] == [str(v) for v in versions]
    assert sorted(len(p["promoted"]) for p in answer.json["data"]["promotions"]) == [2, 2]
    assert [database.project(p)["context_version"] for p in projects] == [1, 1]


def test_a_version_named_twice_or_not_there_is_refused(version, reviewer, database):
    with database.unchanged():
        assert code(reviewer.approve(version, version)) == "decision_repeated"
        missing = uuid.uuid4()
        answer = reviewer.approve(version, missing)
        assert (answer.status_code, code(answer)) == (404, "artifact_not_found")
        assert answer.json["errors"][0]["extensions"]["artifact_version_ids"] == [str(missing)]


@pytest.mark.parametrize(
    "body",
    [{}, {"decisions": []}, {"artifact_version_ids": []}, {"artifact_version_ids": [str(uuid.UUID(int=1))]},
     {"artifact_version_ids": [str(uuid.UUID(int=1))], "action": "publish"},
     {"artifact_version_ids": ["x"], "action": "approve"},
     {"decisions": [{"artifact_version_id": str(uuid.UUID(int=1)), "action": "approve"}], "artifact_version_ids": []},
     {"artifact_version_ids": [str(uuid.UUID(int=1))], "action": "approve", "promote": "sometimes"},
     {"artifact_version_ids": [str(uuid.UUID(int=1))], "action": "approve", "reason": "x" * 10_001},
     {"artifact_version_ids": [str(uuid.UUID(int=1))], "action": "approve", "because": "x"}],
)  # fmt: skip
def test_a_review_that_does_not_fit_is_refused(reviewer, database, body):
    with database.unchanged():
        assert code(reviewer.post("/v1/reviews", body)) == "invalid_value"


@pytest.mark.parametrize("action", ["approve", "reject", "request-changes"])
def test_each_decision_has_its_own_address(version, reviewer, database, action):
    answer = reviewer.post(f"/v1/artifacts/{version}/{action}", {"reason": "Because."})

    assert decisions(answer)[0]["action"] == action.replace("-", "_")
    assert database.actions(version) == [action.replace("-", "_")]


# A reason that comes later


@pytest.mark.parametrize("action", ["approve", "reject", "archive"])
def test_a_reason_that_comes_later_joins_the_record(version, reviewer, database, action):
    reviewer.decide(action, version)

    reviewer.decide(action, version, reason="Said later.", feedback={"stars": 4})

    (record,) = database.approvals(version)
    assert (record["action"], record["reason"], record["feedback"]) == (action, "Said later.", {"stars": 4})


def test_a_later_reason_of_a_rejection_is_what_the_next_run_reads(version, reviewer, database):
    reviewer.decide("reject", version)
    reviewer.decide("reject", version, reason="Too dark.")
    reviewer.decide("reject", version, reason="And too small.")

    assert database.version(version)["rejection_reason"] == "Too dark."


def test_another_reason_or_another_persons_becomes_a_comment(given, version, reviewer, database):
    reviewer.approve(version, reason="Fine.")
    colleague = given.person("reviewer")

    for _ in range(2):
        reviewer.approve(version, reason="Very fine.")
        colleague.approve(version, reason="I agree.")

    records = [(r["action"], r["actor_id"], r["reason"]) for r in database.approvals(version)]
    assert records == [
        ("approve", reviewer.id, "Fine."),
        ("comment", reviewer.id, "Very fine."),
        ("comment", colleague.id, "I agree."),
    ]


def test_one_programs_reason_does_not_join_another_programs_record(given, version, database):
    first, second = given.token("reviewer"), given.token("reviewer")
    first.approve(version)

    second.approve(version, reason="Checked the contrast.")

    approve, comment = database.approvals(version)
    assert (approve["action"], approve["reason"]) == ("approve", None)
    assert (comment["action"], comment["reason"]) == ("comment", "Checked the contrast.")
    assert approve["actor_label"] != comment["actor_label"]


# When the context is written


def test_promote_false_approves_and_leaves_the_context(project, version, reviewer, database):
    answer = reviewer.approve(version, promote=False)

    assert answer.json["data"]["promotions"] == []
    assert database.version(version)["promoted_at"] is None
    assert database.project(project)["context_version"] == 0


def test_approving_again_with_promote_promotes_what_awaits_it(project, version, reviewer, database):
    reviewer.approve(version, promote=False)

    answer = reviewer.approve(version)

    assert answer.json["data"]["promotions"][0]["status"] == "promoted"
    assert database.project(project)["context_version"] == 1
    assert database.actions(version) == ["approve"]


@pytest.mark.parametrize("task_status", ["todo", "in_progress", "needs_review"])
def test_promote_task_done_waits_for_an_unfinished_task(given, project, reviewer, database, task_status):
    version = given.version(project, task=given.task(project, task_status))

    answer = reviewer.approve(version, promote="task_done")

    assert answer.json["data"]["promotions"] == []
    assert (database.status(version), database.version(version)["promoted_at"]) == ("approved", None)


@pytest.mark.parametrize("task_status", ["done", "cancelled", None])
def test_promote_task_done_waits_for_nothing_without_an_unfinished_task(
    given, project, reviewer, database, task_status
):
    version = given.version(project, task=given.task(project, task_status) if task_status else None)

    answer = reviewer.approve(version, promote="task_done")

    assert answer.json["data"]["promotions"][0]["status"] == "promoted"
    assert database.version(version)["promoted_at"] is not None


def test_a_decision_sets_no_task_done_unless_asked(given, project, reviewer, database):
    tasks = [given.task(project, "needs_review"), given.task(project, "needs_review"), given.task(project, "cancelled")]
    versions = [given.version(project, f"path_{n}", task=task) for n, task in enumerate(tasks)]

    reviewer.approve(versions[0])
    reviewer.approve(versions[1], versions[2], complete_task=True)

    assert [database.task(task)["status"] for task in tasks] == ["needs_review", "done", "cancelled"]


@pytest.mark.parametrize("action", ["approve", "reject", "request_changes", "archive"])
def test_a_dry_run_answers_what_would_happen_and_changes_nothing(given, project, version, reviewer, database, action):
    with database.unchanged():
        answer = reviewer.decide(action, version, reason="Why.", dry_run=True, complete_task=True)

    assert decisions(answer)[0]["repeated"] is False


def test_a_dry_run_shows_the_change_of_the_context_what_is_replaced_and_what_becomes_stale(
    given, project, reviewer, database
):
    old = given.promoted(project, "script", {"text": "old"})
    film = given.promoted(project, "film")
    database.run(
        "insert into artifact_relations (from_version_id, to_version_id, relation_type)"
        " values (%s, %s, 'derived_from')",
        film, old,
    )  # fmt: skip
    new = given.version(project, "script", {"text": "new"})

    with database.unchanged():
        answer = reviewer.approve(new, dry_run=True)

    (promotion,) = answer.json["data"]["promotions"]
    (change,) = promotion["changes"]
    assert (change["schema_key"], change["before"]["text"], change["after"]["text"]) == ("script", "old", "new")
    assert [v["artifact_version_id"] for v in promotion["superseded"]] == [str(old)]
    assert [v["artifact_version_id"] for v in promotion["stale"]] == [str(film)]


# Who decides


@pytest.mark.parametrize("action", ["approve", "reject", "request_changes", "archive"])
def test_a_producer_may_not_decide(version, producer, database, action):
    with database.unchanged():
        answer = producer.decide(action, version, reason="Mine.")

    assert (answer.status_code, code(answer)) == (403, "forbidden")
    assert answer.json["errors"][0]["extensions"]["needs"] == "review"


def test_approval_records_are_read_oldest_first(version, reviewer, producer):
    producer.decide("comment", version, reason="First.")
    reviewer.approve(version, reason="Second.")

    listed = producer.get(f"/v1/artifacts/{version}/approvals").json["data"]

    assert [(r["action"], r["reason"]) for r in listed] == [("comment", "First."), ("approve", "Second.")]


# An approval record as callers of Directus write it


@pytest.mark.parametrize(("action", "status"), [("approve", "approved"), ("reject", "rejected")])
def test_an_approval_record_decides_and_answers_as_it_is_stored(version, reviewer, database, action, status):
    answer = reviewer.post(f"/v1/artifacts/{version}/approvals", {"action": action, "reason": "As the guide says."})

    assert answer.status_code == 200
    assert database.status(version) == status
    (record,) = database.approvals(version)
    assert answer.json["data"]["id"] == str(record["id"])
    assert (record["action"], record["reason"]) == (action, "As the guide says.")


def test_a_record_after_the_status_brings_its_reason_to_the_standing_record(version, reviewer, database):
    reviewer.approve(version)

    answer = reviewer.post(f"/v1/artifacts/{version}/approvals", {"action": "approve", "reason": "Said second."})

    (record,) = database.approvals(version)
    assert (answer.json["data"]["id"], record["reason"]) == (str(record["id"]), "Said second.")


def test_another_actor_claimed_in_a_record_is_kept_as_feedback(version, reviewer, database):
    claimed = str(uuid.uuid4())
    body = {"action": "approve", "actor_id": claimed, "actor_type": "ai", "feedback": {"stars": 5}, "project_id": "x"}

    reviewer.post(f"/v1/artifacts/{version}/approvals", body)

    (record,) = database.approvals(version)
    assert (record["actor_id"], record["actor_type"]) == (reviewer.id, "human")
    assert record["feedback"] == {"stars": 5, "claimed": {"actor_id": claimed, "actor_type": "ai"}}


@pytest.mark.parametrize("action", ["supersede", "import", "promote", "archive", ""])
def test_a_record_of_an_action_nobody_asks_for_is_refused(version, reviewer, database, action):
    with database.unchanged():
        answer = reviewer.post(f"/v1/artifacts/{version}/approvals", {"action": action})

    assert (answer.status_code, code(answer)) == (422, "approval_action_known")


def test_approving_takes_no_body_at_all(version, reviewer):
    answer = reviewer.call("POST", f"/v1/artifacts/{version}/approve")
    assert [decision["status"] for decision in decisions(answer)] == ["approved"]


def test_completing_the_task_promotes_with_it(given, project, reviewer, database):
    task = given.task(project)
    version = given.version(project, "brand.logo", task=task)
    answer = reviewer.approve(version, promote="task_done", complete_task=True)
    assert [promotion["status"] for promotion in answer.json["data"]["promotions"]] == ["promoted"]
    assert database.version(version)["promoted_at"] is not None
