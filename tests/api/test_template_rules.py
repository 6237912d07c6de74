"""What a project's template asks of its paths: votes, who may approve, approval by rule, promotion with the task."""

from __future__ import annotations

import pytest

from sidecar.templates.rules import matches, rule_for
from tests.given import code


@pytest.fixture
def given_ruled(given):
    """A project whose template has these rules."""

    def make(**rules):
        return given.project(template_id=given.template({"brand.logo": rules}))

    return make


def decision(answer):
    assert answer.status_code == 200, answer.text
    return answer.json["data"]["decisions"][0]


def test_two_people_must_approve_where_the_template_says_two(given, given_ruled, database):
    project = given_ruled(approvals_required=2)
    version, first, second = given.version(project), given.person("reviewer"), given.person("reviewer")

    one = decision(first.approve(version, reason="Yes."))
    assert (one["status"], one["votes"]) == ("pending", {"given": 1, "required": 2})
    assert database.context(project) == {}

    two = decision(second.approve(version))
    assert (two["status"], two["votes"]) == ("approved", {"given": 2, "required": 2})
    assert database.context(project)["brand"]["logo"]["artifact_version_id"] == str(version)
    assert database.actions(version) == ["approve", "approve"]
    assert database.version(version)["approved_by"] == second.id


def test_a_second_vote_of_the_same_person_does_not_count(given, given_ruled, database):
    project = given_ruled(approvals_required=2)
    version, person = given.version(project), given.person("reviewer")

    decision(person.approve(version))
    again = decision(person.approve(version, reason="Really."))

    assert (again["status"], again["repeated"], again["votes"]) == ("pending", True, {"given": 1, "required": 2})
    (record,) = database.approvals(version)
    assert record["reason"] == "Really."


def test_programs_vote_under_their_names(given, given_ruled):
    version = given.version(given_ruled(approvals_required=2))
    one, other = given.token("reviewer"), given.token("reviewer")

    assert decision(one.approve(version))["status"] == "pending"
    assert decision(one.approve(version))["status"] == "pending"
    assert decision(other.approve(version))["status"] == "approved"


def test_a_vote_does_not_supersede_or_reject_others(given, given_ruled, database):
    project = given_ruled(approvals_required=2)
    standing, other, version = given.approved(project), given.version(project), given.version(project)

    decision(given.person("reviewer").approve(version, reject_others=True))

    assert [database.status(v) for v in (standing, other, version)] == ["approved", "pending", "pending"]


def test_a_rejection_needs_no_votes(given, given_ruled):
    version = given.version(given_ruled(approvals_required=3))
    given.person("reviewer").approve(version)
    assert decision(given.person("reviewer").decide("reject", version, reason="No."))["status"] == "rejected"


def test_promoting_a_pending_version_is_no_way_around_the_votes(given, given_ruled, database):
    project = given_ruled(approvals_required=2)
    version = given.version(project)

    with database.unchanged():
        answer = given.person("reviewer").promote(artifact_version_ids=[version])

    assert (answer.status_code, code(answer)) == (409, "more_approvals_needed")


def test_a_producer_may_not_approve_their_own_work_where_the_template_says_so(given, given_ruled, database):
    project, person = given_ruled(producer_may_approve=False), given.person("reviewer")
    version = given.version(project, user_created=person.id)

    with database.unchanged():
        for answer in (person.approve(version), person.promote(artifact_version_ids=[version])):
            assert (answer.status_code, code(answer)) == (403, "own_work")
    assert decision(given.person("reviewer").approve(version))["status"] == "approved"


def test_elsewhere_a_producer_may(given):
    person = given.person("reviewer")
    version = given.version(given.project(), user_created=person.id)
    assert decision(person.approve(version))["status"] == "approved"


def test_a_value_that_the_rule_finds_is_approved_and_promoted_at_once(given, given_ruled, producer, database):
    rule = "$[?(@.score >= 0.9)]"
    project = given_ruled(auto_approve=rule)

    answer = producer.submit(project, value={"score": 0.95})

    data = answer.json["data"]
    assert (answer.status_code, data["status"], data["approved_by"]) == (201, "approved", None)
    (record,) = database.approvals(data["id"])
    assert (record["action"], record["actor_type"], record["actor_id"]) == ("approve", "rule", None)
    assert rule in record["reason"]
    assert database.context(project)["brand"]["logo"]["score"] == 0.95


@pytest.mark.parametrize("value", [{"score": 0.5}, {"score": "high"}, {}, "text", None, [0.95]])
def test_what_the_rule_does_not_find_waits(given_ruled, producer, value):
    project = given_ruled(auto_approve="$[?(@.score >= 0.9)]")
    assert producer.submit(project, value=value).json["data"]["status"] == "pending"


def test_a_draft_is_not_approved_by_rule(given_ruled, producer):
    project = given_ruled(auto_approve="$[?(@.score >= 0.9)]")
    answer = producer.submit(project, value={"score": 1}, status="intermediate")
    assert answer.json["data"]["status"] == "intermediate"


def test_a_path_that_is_promoted_with_its_task_waits_for_it(given, given_ruled, reviewer, database):
    project = given_ruled(promote="task_done")
    task = given.task(project)
    version = given.version(project, task=task)

    assert reviewer.approve(version).json["data"]["promotions"] == []
    assert database.context(project) == {}

    given.sidecar.run("update tasks set status = 'done' where id = %s", task)
    assert reviewer.promote(task_id=task).json["data"]["status"] == "promoted"


def test_approve_one_and_reject_the_others_of_its_path(given, reviewer, database):
    project = given.project()
    candidates = [given.version(project) for _ in range(3)]
    beside, earlier = given.version(project, "brand.colors"), given.version(project, status="rejected")

    answer = reviewer.approve(candidates[1], reject_others=True, reason="This one.")

    assert [d["status"] for d in answer.json["data"]["decisions"]] == ["approved", "rejected", "rejected"]
    assert [database.status(v) for v in candidates] == ["rejected", "approved", "rejected"]
    assert (database.status(beside), database.status(earlier)) == ("pending", "rejected")
    assert database.version(candidates[0])["rejection_reason"] == "Another version of this path was approved."


@pytest.mark.parametrize(
    ("key", "path", "fits"),
    [("brand.logo", "brand.logo", True), ("scene_images[*]", "scene_images[12]", True),
     ("scene_images[*]", "scene_images[12].x", False), ("*.logo", "brand.logo", True), ("*.logo", "a.b.logo", False),
     ("brand.*", "brand.x[1]", False)],
)  # fmt: skip
def test_rules_fit_paths_by_name_and_wildcard(key, path, fits):
    assert (rule_for({key: {"approvals_required": 2}}, path).approvals_required == 2) is fits


def test_the_most_particular_rule_wins():
    rules = {"*.*": {"approvals_required": 4}, "brand.*": {"approvals_required": 3}, "brand.logo": {}}
    assert rule_for(rules, "brand.x").approvals_required == 3
    assert rule_for(rules, "brand.logo").approvals_required == 1


@pytest.mark.parametrize("schema", [None, [], "x", {"brand.logo": 7}, {"brand.logo": {"approvals_required": "two"}}])
def test_rules_that_cannot_be_read_ask_for_nothing(schema):
    assert rule_for(schema, "brand.logo").approvals_required == 1


@pytest.mark.parametrize("rule", ["", "((", "$[?(@.score", "nonsense here"])
def test_a_rule_that_is_no_jsonpath_approves_nothing(rule):
    assert not matches(rule, {"score": 1})
