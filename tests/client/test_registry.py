"""Each feature, through a sidecar that runs."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from sidecar.client import Conflict, Forbidden, Invalid, Locked, NotFound, Registry, RegistryError, Undecided


@pytest.fixture
def submit(registry, project):
    """`submit("a", 1)`: the version it makes at a path of the project."""

    def make(path, value=1, **fields):
        return registry.submit(project, path, {"n": value}, **fields).version

    return make


def test_a_project_is_created_once_and_found_by_key_or_id(registry, project):
    again = registry.projects.create_or_find(project.key, "Another title")
    assert again.id == project.id == registry.projects.get(project.key).id == registry.projects.get(project.id).id
    assert again.title == "A story"
    with pytest.raises(NotFound) as caught:
        registry.projects.get("nowhere")
    assert caught.value.code == "project_not_found"
    assert caught.value.request_id


def test_a_submission_is_found_again_and_its_twin_is_the_same(registry, project):
    first = registry.submit(project, "brand.claim", "Tea.", tags=["final"], metadata={"by": "hand"})
    assert (first.existing, first.version.version_number, first.version.value) == (False, 1, "Tea.")
    assert first.version.tags == ["final"]
    twin = registry.submit(project.key, "brand.claim", "Tea.")
    assert (twin.existing, twin.version.id) == (True, first.version.id)
    assert registry.versions.get(first).id == registry.versions.get(str(first.version.id)).id


def test_a_batch_is_kept_together_or_each_by_itself(registry, project):
    good, bad = {"schema_key": "a", "value": 1}, {"schema_key": "a..b", "value": 1}
    with pytest.raises(Invalid):
        registry.versions.submit_batch([good, bad], project=project)
    assert list(registry.versions.list(project)) == []

    kept, refused = registry.versions.submit_batch([good, bad], project=project, partial=True)
    assert kept.version.schema_key == "a"
    assert isinstance(refused, RegistryError)
    assert refused.code == "schema_key_grammar"


def test_versions_are_listed_over_all_pages(registry, project, submit):
    made = [submit(f"panels[{n}]", n).id for n in range(7)]
    assert [version.id for version in registry.versions.list(project, page=2)] == made[::-1]
    assert [version.id for version in registry.versions.list(project, "panels[3]", page=2)] == [made[3]]


def test_versions_are_found_by_words_and_filters_over_all_pages(registry, reviewer, project, submit):
    made = [submit(f"scenes[{n}].image", {"text": "calm harbour"}, tags=["draft", "sea"]) for n in range(3)]
    other = submit("song", {"text": "loud"})
    ids = [version.id for version in made]

    assert [v.id for v in registry.versions.search("calm harb", project, page=2)] == ids[::-1]
    assert [v.id for v in registry.versions.search("calm", project, tag=["sea", "draft"], has_file=False)] == ids[::-1]
    assert [v.id for v in registry.versions.list(project, "scenes[*].*", order="oldest", page=1)] == ids
    assert list(registry.versions.list(project, status=["approved", "rejected"])) == []
    assert list(registry.versions.list(project, created_from=other.date_created, created_to=other.date_created)) == []
    reviewer.reviews.request_changes(made[1], reason="Calmer.")
    assert [v.id for v in registry.versions.waiting(project)] == [ids[0], ids[2], other.id]
    assert [v.id for v in registry.versions.list(project, review_state="changes_requested")] == [ids[1]]


def test_versions_are_counted(registry, project, submit):
    for path in ("a", "b", "c[0]", "c[1]"):
        submit(path, 1)
    found = registry.versions.counts(["project", "status"], project)
    assert [(g.project_id, g.status, g.count) for g in found.groups] == [(project.id, "pending", 4)]
    assert found.complete
    assert registry.versions.counts(["schema_key"], project, "c[*]", groups=1).groups[0].count == 1


def test_the_latest_is_the_approved_one_unless_asked_otherwise(registry, reviewer, project, submit):
    first = submit("a", 1)
    reviewer.reviews.approve(first)
    second = submit("a", 2)
    assert registry.versions.latest(project, "a").id == first.id
    assert registry.versions.latest(project, "a", want="latest").id == second.id
    assert registry.versions.latest(project, "b") is None
    assert [version.id for version in registry.versions.latest_of_all(project, want="latest")] == [second.id]
    assert [version.id for version in registry.versions.of_path(second)] == [second.id, first.id]


def test_decisions_promote_and_say_how_it_stands(registry, reviewer, project, submit):
    one, two = submit("a"), submit("b")
    with pytest.raises(Forbidden):
        registry.reviews.approve(one)

    assert reviewer.reviews.approve(one, dry_run=True).decisions[0].status == "approved"
    review = reviewer.reviews.approve(one, two, reason="Good.")
    assert [(d.schema_key, d.status, d.repeated) for d in review.decisions] == [
        ("a", "approved", False), ("b", "approved", False),
    ]  # fmt: skip
    assert [promotion.context_version for promotion in review.promotions] == [1]
    assert reviewer.reviews.approve(one).decisions[0].repeated
    with pytest.raises(Conflict) as caught:
        reviewer.reviews.reject(one, reason="No.")
    assert caught.value.code == "already_decided"
    assert [record.action for record in reviewer.reviews.records(one)] == ["approve"]


def test_a_rejection_is_found_with_its_reason(registry, reviewer, project, submit):
    version = submit("a")
    reviewer.reviews.comment(version, reason="Hm.")
    reviewer.reviews.request_changes(version, feedback={"region": [0, 0, 1, 1]})
    assert registry.versions.get(version).decided
    reviewer.reviews.reject(version, reason="Too loud.")
    assert [rejected.rejection_reason for rejected in registry.versions.rejected(project, "a")] == ["Too loud."]


def test_a_promotion_is_tried_dry_and_checked_against_what_was_seen(registry, reviewer, project, submit):
    version = submit("a")
    reviewer.reviews.approve(version, promote=False)
    dry = registry.promotions.promote(project=project, dry_run=True)
    assert [change.schema_key for change in dry.changes or []] == ["a"]
    with pytest.raises(Conflict) as caught:
        registry.promotions.promote(version, if_match=5)
    assert caught.value.code == "context_version_conflict"
    assert registry.promotions.promote(version, if_match=0).status == "promoted"
    assert registry.promotions.promote(version).status == "already_promoted"


def test_a_context_is_sent_again_only_when_it_has_changed(registry, reviewer, project, submit):
    answers = []
    send = registry._transport.send
    registry._transport.send = lambda *args, **kwargs: answers.append(send(*args, **kwargs)) or answers[-1]
    reviewer.reviews.approve(submit("a", 1))
    answers.clear()

    first = registry.context.get(project)
    first.document["a"] = "changed by whoever read it"
    again = registry.context.get(project)
    assert [answer.status for answer in answers] == [200, 304]
    assert again.document["a"]["n"] == 1
    reviewer.reviews.approve(submit("a", 2))
    assert registry.context.get(project).document["a"]["n"] == 2
    assert registry.context.get(project, path="a").document["n"] == 2
    assert registry.context.get(project, select="$.*.n").document == [2]
    with pytest.raises(NotFound):
        registry.context.get(project, path="b")


def test_a_context_has_a_history_and_goes_back(registry, reviewer, project, submit):
    for value in (1, 2):
        reviewer.reviews.approve(submit("a", value))
    assert registry.context.get(project, version=1).document["a"]["n"] == 1
    assert registry.context.get(project, at=datetime.now(UTC) + timedelta(days=1)).version == 2
    (change,) = registry.context.diff(project, 1, 2)
    assert (change.before["n"], change.after["n"]) == (1, 2)
    reverted = reviewer.context.revert(project, 1, reason="Back.", if_match=2)
    assert reverted.context_version == 3
    assert registry.context.get(project).document["a"]["n"] == 1
    assert [entry.context_version for entry in registry.context.history(project)] == [3, 2, 1]


def test_a_version_is_edited_restored_and_used_elsewhere(registry, project, submit):
    first = submit("a", 1)
    edited = registry.versions.edit(first, {"n": 2}, reason="Two.").version
    assert (edited.version_number, edited.value) == (2, {"n": 2})
    assert registry.versions.edit(first, None).version.value is None
    assert registry.versions.edit(first, tags=["t"]).version.value == {"n": 1}
    assert registry.versions.restore(first).version.value == {"n": 1}
    other = registry.projects.create_or_find(f"{project.key}-other")
    used = registry.versions.use(first, other, "b")
    assert (used.version.project_id, used.version.schema_key) == (other.id, "b")
    assert registry.versions.use(first, other, "b").existing


def test_lineage_is_written_and_walked(registry, project, submit):
    source, made = submit("a"), submit("b", derived_from=[])
    relation = registry.lineage.relate(made, source, metadata={"tool": "t"})
    assert registry.lineage.relate(made, source).id == relation.id
    assert [other.to_version_id for other in registry.lineage.relations(made)] == [source.id]
    with pytest.raises(Conflict):
        registry.lineage.relate(source, made)
    graph = registry.lineage.get(made, direction="ancestors")
    assert {node["id"] for node in graph.nodes} == {str(source.id), str(made.id)}
    assert [affected.artifact_version_id for affected in registry.lineage.impact(source)] == [made.id]


def test_executions_and_steps_are_recorded_by_hand(registry, project):
    execution = registry.executions.start(project, name="by hand", engine="cron", engine_workflow_id=uuid.uuid4().hex)
    same = registry.executions.start(project, engine="cron", engine_workflow_id=execution.engine_workflow_id)
    assert same.id == execution.id
    step, new = registry.steps.start(execution, "one", input={"a": 1})
    assert (new, step.status, step.attempt) == (True, "running", 1)
    assert registry.steps.start(execution, "one")[1] is False
    registry.steps.fail(step, "broke")
    again, new = registry.steps.retry(step)
    assert (new, again.attempt, again.retry_of) == (True, 2, step.id)
    version = registry.submit(project, "one", 1, step=again).version
    registry.steps.finish(again, {"score": 1})
    assert [(s.step_name, s.attempt) for s in registry.steps.list(execution, latest=True)] == [("one", 2)]
    assert registry.steps.output(again, want="latest").id == version.id
    (state,) = registry.executions.resume(execution)
    assert (state.usable, state.reason, state.outputs[0].artifact_version_id) == (True, "completed", version.id)
    (state,) = registry.executions.resume(execution, {"one": "0" * 64})
    assert state.reason == "input_changed"
    assert registry.executions.finish(execution).status == "completed"
    with pytest.raises(Conflict) as caught:
        registry.executions.fail(execution, "no")
    assert caught.value.code == "execution_status_order"


def test_a_locked_path_gives_what_is_there(registry, reviewer, project, submit):
    first = submit("a", 1)
    with reviewer.locks.held(project, "a", reason="Final."):
        given = registry.submit(project, "a", {"n": 2})
        assert (given.existing, given.version.id) == (True, first.id)
        assert given.locked is not None
        assert given.locked.reason == "Final."
        with pytest.raises(Locked) as caught:
            registry.submit(project, "a", {"n": 2}, if_locked="fail")
        assert caught.value.details["locked"]["reason"] == "Final."
        with pytest.raises(Forbidden):
            registry.locks.unlock(project, "a")
        assert [lock.schema_key for lock in registry.locks.list(project)] == ["a"]
    assert list(registry.locks.list(project)) == []
    assert registry.submit(project, "a", {"n": 2}).version.version_number == 2
    assert reviewer.locks.lock(project).schema_key is None
    assert reviewer.locks.unlock(project) is not None
    assert reviewer.locks.unlock(project) is None


def test_a_decision_is_waited_for(registry, reviewer, project, submit):
    version = submit("a")
    with pytest.raises(Undecided) as caught:
        registry.wait_for_decision(version, timeout=0)
    assert isinstance(caught.value, TimeoutError)

    decides = threading.Thread(target=lambda: reviewer.reviews.reject(version, reason="No."))
    decides.start()
    found = registry.wait_for_decision(version, timeout=30)
    decides.join()
    assert (found.status, found.rejection_reason) == ("rejected", "No.")


def test_how_paths_stand(registry, project, submit):
    submit("a")
    (standing,) = registry.projects.paths(project)
    assert (standing.schema_key, standing.state, standing.counts["pending"]) == ("a", "pending", 1)


def test_what_json_cannot_say_is_refused_before_it_is_sent(registry, project):
    with pytest.raises(ValueError, match="JSON"):
        registry.submit(project, "a", float("nan"))
    with pytest.raises(TypeError):
        registry.submit(project, "a", object())


def test_an_unknown_token_is_said_so(address):
    with Registry(address, "art_unknown") as nobody, pytest.raises(Forbidden) as caught:
        nobody.projects.get("a")
    assert (caught.value.code, caught.value.status) == ("token_invalid", 401)


def test_the_inbox_is_read_over_all_pages_and_lets_decide(reviewer, registry, project, submit):
    made = [submit(f"panels[{n}]", n).id for n in (10, 9, 2)]
    submit("cover", 1)

    waiting = list(reviewer.inbox(project, "panels*", page=2))

    assert [one.id for one in waiting] == made[::-1]
    assert waiting[0].may_decide
    assert list(registry.inbox(project)) == []
    assert {one.why_not for one in registry.inbox(project, decidable=False)} == {"not_allowed"}
    reviewer.reviews.approve(waiting[0])
    assert [one.id for one in reviewer.inbox(project, "panels*")] == made[1::-1]


def test_a_sheet_has_what_a_decision_needs(reviewer, project, submit):
    first = submit("a", 1)
    reviewer.reviews.reject(first, reason="Too dark.")
    second, third = submit("a", 2), submit("a", 3)

    sheet = reviewer.sheet(second)

    assert (sheet.version, [one.id for one in sheet.candidates], sheet.approved) == (
        reviewer.versions.get(second), [third.id], None,
    )  # fmt: skip
    assert [said["reason"] for said in sheet.earlier_feedback] == ["Too dark."]
    assert sheet.may_decide
    with pytest.raises(NotFound):
        reviewer.sheet(uuid.uuid4())
