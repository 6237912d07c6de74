"""Feedback as JSON Lines: which pairs there are, in which order, and that a part is never taken for the whole."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from sidecar.feedback import export
from sidecar.feedback.stream import BrokenOff
from tests.given import code


@pytest.fixture
def read(reviewer):
    """`read(kind="pairs")`: the lines of an export, and its Feedback-Until."""

    def make(**query):
        answer = reviewer.get("/v1/feedback.jsonl", query_string=query)
        assert answer.status_code == 200, answer.text
        assert answer.content_type == "application/x-ndjson"
        lines = [json.loads(line) for line in answer.text.splitlines()]
        return lines, answer.headers["Feedback-Until"]

    return make


def chosen_over(lines):
    """(chosen, rejected, source) of each line."""
    return [(line["chosen"], line["rejected"], line["source"]) for line in lines]


# Which pairs there are


def test_what_was_rejected_before_an_approval_is_paired_with_it(candidate, decide, read):
    for value in ("A", "B"):
        decide("reject", candidate(value), reason=f"Not {value}.")
    decide("approve", candidate("C"), reason="Fits.")
    decide("reject", candidate("D"), reason="Not D.")
    decide("approve", candidate("E"))

    lines, _ = read(project_id="spring-brand")
    assert chosen_over(lines) == [("C", "A", "rejected"), ("C", "B", "rejected"), ("E", "D", "rejected")]
    assert [(line["reason"], line["chosen_reason"]) for line in lines] == [
        ("Not A.", "Fits."), ("Not B.", "Fits."), ("Not D.", ""),
    ]  # fmt: skip


def test_what_was_sent_back_is_paired_with_what_was_approved_instead(candidate, decide, read):
    decide("request_changes", candidate("A"), reason="Bolder.", feedback={"mood": 1})
    decide("approve", candidate("B"))

    (line,), _ = read()
    assert chosen_over([line]) == [("B", "A", "changes_requested")]
    assert json.loads(line["feedback"]) == [
        {"action": "request_changes", "comment": "Bolder.", "feedback": {"mood": 1}}
    ]


def test_candidates_rejected_together_with_an_approval_are_paired_with_it_whichever_is_newer(candidate, decide, read):
    candidate("A")
    chosen = candidate("B")
    candidate("C")
    decide("approve", chosen, reject_others=True)
    decide("approve", candidate("D"))

    lines, _ = read()
    assert sorted(chosen_over(lines)) == [("B", "A", "rejected"), ("B", "C", "rejected")]


def test_a_candidate_rejected_late_is_paired_with_the_newer_version_that_was_approved_over_it(candidate, decide, read):
    old = candidate("A")
    decide("approve", candidate("B"))
    assert read()[0] == []
    decide("reject", old, reason="Outdated.")
    decide("approve", candidate("C"))

    assert chosen_over(read()[0]) == [("B", "A", "rejected")]


def test_an_older_version_approved_later_is_not_paired_with_what_has_its_pair(candidate, decide, read):
    decide("reject", candidate("A"))
    middle = candidate("B")
    decide("approve", candidate("C"))
    decide("approve", middle)

    assert chosen_over(read()[0]) == [("C", "A", "rejected")]


def test_an_approved_edit_is_chosen_over_what_was_edited(candidate, decide, read, reviewer):
    first = candidate("A")
    decide("approve", first)
    answer = reviewer.post(f"/v1/artifacts/{first}/edit", {"value": "A!", "approve": True, "reason": "With a bang."})
    assert answer.status_code == 201, answer.text

    assert chosen_over(read()[0]) == [("A!", "A", "edited")]


@pytest.mark.parametrize("late", [False, True])
def test_what_was_rejected_and_edited_is_one_pair(candidate, decide, read, reviewer, late):
    version = candidate("A")
    edited = reviewer.post(f"/v1/artifacts/{version}/edit", {"value": "B"}).json["data"]["id"]
    for action, subject in [("approve", edited), ("reject", version)][:: 1 if late else -1]:
        decide(action, subject, reason="Blunt.")

    (line,), _ = read()
    assert chosen_over([line]) == [("B", "A", "edited")]
    assert line["reason"] == "Blunt."


def test_paths_and_projects_have_pairs_of_their_own(candidate, decide, read, given):
    other = given.project("autumn-brand")
    decide("reject", candidate("A", "brand.logo"), candidate("B", "brand.claim"), candidate("C", to=other))
    decide("approve", candidate("D", "brand.logo"))
    decide("approve", candidate("E", "brand.claim"))
    decide("approve", candidate("F", to=other))

    assert chosen_over(read(schema_key="brand.claim")[0]) == [("E", "B", "rejected")]
    assert sorted(chosen_over(read(schema_key="brand.logo")[0])) == [("D", "A", "rejected"), ("F", "C", "rejected")]
    assert sorted(chosen_over(read(schema_key="brand.*")[0])) == sorted(chosen_over(read()[0]))
    assert len(read()[0]) == 3
    assert chosen_over(read(project_id="autumn-brand")[0]) == [("F", "C", "rejected")]
    assert read(schema_key="brand[*].logo")[0] == []


def test_a_vote_is_no_approval_yet(given, producer, reviewer, read, decide):
    rules = given.template({"brand.logo": {"approvals_required": 2}})
    project = given.project("votes", template_id=rules)
    first, second = (producer.submit(project, "brand.logo", value).json["data"]["id"] for value in "AB")
    decide("reject", first)
    decide("approve", second)
    assert read()[0] == []
    assert given.person("reviewer").approve(second).status_code == 200

    assert chosen_over(read()[0]) == [("B", "A", "rejected")]


# What is in a line


def test_a_line_names_both_versions_and_what_they_were_made_from(given, producer, decide, read, project, settings):
    execution = given.execution()
    steps = [
        producer.post("/v1/steps", {"execution_id": str(execution), "step_name": name, "status": "running", **made})
        for name, made in {
            "one": {"parameters": {"prompt": "A lighthouse"}, "input": {"seed": 1}},
            "two": {"input": {"mood": "calm"}},
        }.items()
    ]
    file = str(given.file())
    rejected, chosen = (
        producer.submit(project, "brand.logo", {"n": n}, step_id=step.json["data"]["id"], file_ids=[file]).json["data"]
        for n, step in enumerate(steps)
    )
    decide("reject", rejected["id"], reason="Dark.", feedback={"regions": [{"shape": "point", "x": 0.5, "y": 0.5}]})
    decide("comment", rejected["id"], reason="See the mast.")
    decide("approve", chosen["id"])

    (line,), until = read()
    address = f"{settings.address}/v1/artifacts"
    assert line.pop("cursor")
    assert line.pop("decided_at") < until
    assert json.loads(line.pop("feedback")) == [
        {"action": "reject", "comment": "Dark.", "feedback": {"regions": [{"shape": "point", "x": 0.5, "y": 0.5}]}},
        {"action": "comment", "comment": "See the mast.", "feedback": None},
    ]
    assert json.loads(line.pop("prompt")) == {"input": {"mood": "calm"}}
    assert line.pop("chosen_input_hash") == (steps[1].json["data"]["input_hash"] or "")
    assert line.pop("rejected_input_hash") == (steps[0].json["data"]["input_hash"] or "")
    assert line == {
        "chosen": '{"n": 1}', "rejected": '{"n": 0}', "source": "rejected", "reason": "Dark.", "chosen_reason": "",
        "project_id": str(project), "project_key": "spring-brand", "schema_key": "brand.logo", "artifact_type": "image",
        "rejected_prompt": "A lighthouse",
        "chosen_version_id": chosen["id"], "chosen_version_number": 2, "chosen_content_hash": "",
        "chosen_file_url": f"{address}/{chosen['id']}/download",
        "rejected_version_id": rejected["id"], "rejected_version_number": 1,
        "rejected_content_hash": "",
        "rejected_file_url": f"{address}/{rejected['id']}/download",
    }  # fmt: skip


def test_every_line_has_the_same_fields_of_the_same_types(candidate, decide, read):
    """Readers infer a schema from the first lines; a null there, and a text later, is an error to them."""
    decide("reject", candidate(None))
    decide("approve", candidate({"deep": [1]}, metadata={"prompt": "Deep."}), reason="Fits.")
    decide("request_changes", candidate("text"), reason="Hm.", feedback=[1])
    decide("approve", candidate(5))

    for kind, count in (("pairs", 2), ("decisions", 4)):
        lines, _ = read(kind=kind)
        assert len(lines) == count
        (shape,) = {tuple((name, type(value)) for name, value in line.items()) for line in lines}
        assert type(None) not in {kind for _, kind in shape}


def test_decisions_are_labelled_completions(candidate, decide, read):
    version = candidate("A", metadata={"prompt": "Say A."})
    decide("request_changes", version, reason="Hm.")
    decide("comment", version, reason="No decision.")
    decide("approve", version, reason="After all.")
    decide("reject", candidate({"b": 1}), reason="No.")

    lines, _ = read(kind="decisions")
    assert [(e["prompt"], e["completion"], e["label"], e["action"], e["reason"]) for e in lines] == [
        ("Say A.", "A", False, "request_changes", "Hm."),
        ("Say A.", "A", True, "approve", "After all."),
        ("", '{"b": 1}', False, "reject", "No."),
    ]
    assert {line["actor_type"] for line in lines} == {"human"}


# In pages, and on from where it was


@pytest.fixture
def many(candidate, decide, project):
    """40 pairs: each approval after two rejections, and after the first ten an edit's worth of other paths."""
    for n in range(20):
        path = f"panels[{n % 3}]"
        decide("reject", candidate(f"{n}a", path), reason="No.")
        decide("reject", candidate(f"{n}b", path))
        decide("approve", candidate(f"{n}c", path))
    return 40


@pytest.mark.parametrize("kind", ["pairs", "decisions"])
@pytest.mark.parametrize("named", [{}, {"schema_key": "panels[*]"}, {"schema_key": "panels[1]"}])
def test_small_pages_give_the_same_lines_and_each_line_can_be_gone_on_from(many, read, monkeypatch, kind, named):
    whole, _ = read(kind=kind, **named)
    assert len(whole) > 10
    monkeypatch.setattr(export, "RECORDS", 3)
    monkeypatch.setattr(export, "PAIRS", 1)
    monkeypatch.setattr(export, "AT_ONCE", 2)
    monkeypatch.setattr(export, "PROJECTS", 1)

    assert read(kind=kind, **named)[0] == whole
    for n, line in enumerate(whole):
        assert read(kind=kind, cursor=line["cursor"], limit=4, **named)[0] == whole[n + 1 : n + 5]


def test_the_next_export_since_the_last_has_what_was_decided_since(candidate, decide, read):
    decide("reject", candidate("A"))
    decide("approve", candidate("B"))
    first, until = read()
    assert read(since=until)[0] == []
    decide("reject", candidate("C"))
    decide("approve", candidate("D"))

    again, _ = read(since=until)
    assert chosen_over(first) == [("B", "A", "rejected")]
    assert chosen_over(again) == [("D", "C", "rejected")]
    assert read(until=until)[0] == first


def test_what_is_still_being_written_comes_with_the_next_export(candidate, decide, read, connect, project):
    """A record bears the time its transaction began: one that is under way may commit an older record than those
    already there, and whoever goes on from the newest one would never see it."""
    decide("reject", candidate("A"))
    slow = candidate("B")
    under_way = connect("sidecar").connection
    with under_way.transaction():
        under_way.execute("select 1")
        decide("approve", candidate("C"))
        meanwhile, until = read(kind="decisions")
        under_way.execute(
            "insert into artifact_approvals (artifact_version_id, project_id, action)"
            " values (%s, %s, 'request_changes')",
            [slow, project],
        )
    later, _ = read(kind="decisions", since=until)

    assert [line["completion"] for line in meanwhile] == ["A"]
    assert [line["completion"] for line in later] == ["B", "C"]


def test_a_limit_counts_lines(many, read):
    assert len(read(limit=7)[0]) == 7


# What cannot be asked


def test_a_cursor_that_no_line_has_is_refused(reviewer, many, read, given):
    given.project("elsewhere")
    cursor = read(limit=1)[0][0]["cursor"]
    for query in ({"cursor": "abc"}, {"cursor": cursor, "project_id": "elsewhere"}):
        answer = reviewer.get("/v1/feedback.jsonl", query_string=query)
        assert (answer.status_code, code(answer)) == (422, "invalid_value")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"schema_key": "a..b"}, "schema_key_grammar"),
        ({"schema_key": "_meta"}, "schema_key_grammar"),
        ({"since": "yesterday"}, "invalid_value"),
        ({"since": "2026-01-01T00:00:00"}, "invalid_value"),
        ({"kind": "all"}, "invalid_value"),
        ({"project_id": "nowhere"}, "project_not_found"),
    ],
)
def test_what_is_wrong_is_said_before_the_first_line(reviewer, query, said):
    answer = reviewer.get("/v1/feedback.jsonl", query_string=query)
    assert code(answer) == said
    assert answer.content_type == "application/json"


# A part is never the whole


def broken_after(reviewer, query, breaks):
    """What arrives of an export that meets `breaks()` after its first line."""
    answer = reviewer.client.get(
        "/v1/feedback.jsonl", query_string=query, headers={"Authorization": f"Bearer {reviewer.token}"}
    )
    pieces = iter(answer.iter_encoded())
    arrived = [next(pieces)]
    breaks()
    with pytest.raises(BrokenOff):
        arrived.extend(pieces)
    return [json.loads(piece) for piece in arrived]


def test_an_export_that_fails_says_so_in_its_last_line_and_is_cut_off(many, app, reviewer, read, monkeypatch):
    whole, _ = read()
    monkeypatch.setattr(export, "AT_ONCE", 5)
    pool = app.extensions["artifacts"].database.pool

    *lines, last = broken_after(reviewer, {}, pool.close)

    assert lines == whole[:5]
    (error,) = last["errors"]
    assert error["extensions"]["code"] == "database_unavailable"
    assert error["extensions"]["cursor"] == lines[-1]["cursor"]
    assert error["extensions"]["request_id"]


def test_a_bug_in_the_middle_tells_nothing_of_itself(many, database, reviewer, monkeypatch):
    monkeypatch.setattr(export, "AT_ONCE", 5)

    *_, last = broken_after(
        reviewer, {}, lambda: database.run("alter table execution_steps rename to a_secret_of_ours")
    )

    assert last["errors"][0]["extensions"]["code"] == "internal_error"
    assert "secret" not in json.dumps(last)


def test_an_export_holds_no_connection_while_its_reader_reads(many, app, reviewer, monkeypatch):
    monkeypatch.setattr(export, "AT_ONCE", 5)
    pool = app.extensions["artifacts"].database.pool
    answers = [
        reviewer.client.get("/v1/feedback.jsonl", headers={"Authorization": f"Bearer {reviewer.token}"})
        for _ in range(pool.max_size + 2)
    ]
    readers = [iter(answer.iter_encoded()) for answer in answers]
    lines = [next(reader) for reader in readers]
    assert len(set(lines)) == 1
    assert pool.get_stats()["pool_available"] == pool.get_stats()["pool_size"]


def test_ids_in_a_line_are_those_of_the_versions(many, read, database):
    for line in read(limit=3)[0]:
        assert database.status(UUID(line["chosen_version_id"])) in ("approved", "superseded")
        assert database.status(UUID(line["rejected_version_id"])) == "rejected"
