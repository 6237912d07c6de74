"""What the Review desk reads: the inbox, and the sheet of one version."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from tests.given import code


def inbox(person, query: str = "") -> dict[str, Any]:
    answer = person.get(f"/v1/inbox?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json


def ids(person, query: str = "") -> list[str]:
    return [row["id"] for row in inbox(person, query)["data"]]


def row(person, version, query: str = "") -> dict[str, Any]:
    (found,) = [row for row in inbox(person, query)["data"] if row["id"] == str(version)]
    return found


def sheet(person, version) -> dict[str, Any]:
    answer = person.get(f"/v1/artifacts/{version}/sheet")
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


@pytest.fixture
def strict(given):
    """A project whose template wants two approvals of the logo and none by its producer; the poster is free."""
    rules = {"brand.logo": {"approvals_required": 2, "producer_may_approve": False}}
    return given.project(template_id=given.template(rules))


# The inbox: what is in it


def test_only_what_waits_for_a_decision_is_in_the_inbox(given, reviewer):
    project = given.project()
    waiting = given.version(project, "a")
    for path, status in (("b", "intermediate"), ("c", "approved"), ("d", "rejected"), ("e", "archived")):
        given.version(project, path, status=status)
    returned = given.version(project, "f")
    reviewer.decide("request_changes", returned, reason="Darker.")

    assert ids(reviewer) == [str(waiting)]


def test_a_row_says_what_a_list_shows(given, producer, reviewer, database):
    project, file = given.project("tea", title="Tea house"), given.file()
    database.run("update directus_files set width = 640, height = 480, title = 'Leaf' where id = %s", file)
    task = given.task(project)
    approved = given.approved(project, "brand.logo")
    answer = producer.submit(project, "brand.logo", {"mood": "calm"}, file_ids=[str(file)], source_task_id=str(task))
    version = answer.json["data"]

    found = row(reviewer, version["id"])

    name = database.value("select first_name || ' ' || last_name from directus_users where id = %s", producer.id)
    assert found == {
        "id": version["id"],
        "project_id": str(project),
        "schema_key": "brand.logo",
        "version_number": 2,
        "artifact_type": "image",
        "file": {
            "id": str(file), "type": "image/png", "title": "Leaf", "width": 640, "height": 480, "changed_at": None,
            "poster_id": None,
        },
        "excerpt": None,
        "task": {"id": str(task), "title": "Design the logo"},
        "producer": {"id": str(producer.id), "name": name},
        "date_created": version["date_created"],
        "votes": {"given": 0, "required": 1},
        "own_vote": False,
        "may_decide": True,
        "why_not": None,
        "outdated": False,
        "current": {"id": str(approved), "version_number": 1},
        "earlier_feedback": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "excerpt"),
    [
        ("Tea,\n\n  and the sea", "Tea, and the sea"),
        ("x" * 500, "x" * 160),
        ({"text": "Tea", "n": 1, "headline": "Sea"}, "Tea · Sea"),
        ({"n": 1}, '{"n": 1}'),
        ([1, "a"], '[1, "a"]'),
        (7, "7"),
        ("é" * 200, "é" * 160),
        ("%s % \\", "%s % \\"),
    ],
)
def test_a_row_without_a_picture_shows_how_its_value_begins(given, reviewer, value, excerpt):
    assert row(reviewer, given.version(given.project(), "a", value))["excerpt"] == excerpt


def test_a_file_that_is_no_picture_leaves_the_excerpt_and_its_poster_takes_its_place(given, reviewer, database):
    project, plain, film, poster = given.project(), given.file("text/plain"), given.file("video/mp4"), given.file()
    database.run(
        "insert into sidecar.file_contents (file_id, sha256, size, poster_id) values (%s, '', 1, %s)", film, poster
    )
    text, video = (
        given.version(project, "text", "Tea", files=(plain,)),
        given.version(project, "film", "Sea", files=(film,)),
    )

    assert row(reviewer, text)["excerpt"] == "Tea"
    shown = row(reviewer, video)
    assert (shown["excerpt"], shown["file"]["type"], shown["file"]["poster_id"]) == (None, "video/mp4", str(poster))


def test_a_program_is_called_as_its_run_and_nobody_is_null(given, reviewer, database):
    project = given.project()
    run = given.execution()
    database.run("update task_executions set name = 'film' where id = %s", run)
    step = given.step(run, step_name="edit_frame1")
    by_run, by_step = given.version(project, "a", execution_id=run), given.version(project, "b", step_id=step)
    by_nobody = given.version(project, "c")
    person = given.person("producer")
    database.run("update directus_users set first_name = null, last_name = ' ' where id = %s", person.id)
    by_person = given.version(project, "d", user_created=person.id, execution_id=run)

    email = database.value("select email from directus_users where id = %s", person.id)
    assert [row["producer"] for row in inbox(reviewer)["data"]] == [
        {"id": None, "name": "film"}, {"id": None, "name": "film"}, None, {"id": str(person.id), "name": email},
    ]  # fmt: skip
    assert [by_run, by_step, by_nobody, by_person] == [uuid.UUID(i) for i in ids(reviewer)]


def test_a_candidate_older_than_the_approved_version_is_outdated(given, reviewer):
    project = given.project()
    old, new = given.version(project, "a"), given.version(project, "a")
    reviewer.approve(new)

    found = row(reviewer, old)

    assert (found["outdated"], found["current"]) == (True, {"id": str(new), "version_number": 2})
    assert sheet(reviewer, old)["outdated"] is True
    assert sheet(reviewer, new)["outdated"] is False


def test_earlier_feedback_counts_what_came_back_before_and_nothing_later(given, reviewer):
    project = given.project()
    first, second, third, last = (given.version(project, "a") for _ in range(4))
    given.version(project, "b")
    reviewer.decide("reject", first, reason="Too dark.")
    reviewer.decide("request_changes", second, reason="Brighter.")
    reviewer.decide("request_changes", second, reason="Much brighter.")
    reviewer.decide("comment", second, reason="Nice.")
    reviewer.decide("reject", last, reason="Too bright.")

    assert row(reviewer, third)["earlier_feedback"] == 3
    assert [f["version_number"] for f in sheet(reviewer, third)["earlier_feedback"]] == [2, 2, 1]


# The inbox: who may decide


def test_what_a_person_may_not_decide_is_left_out_unless_asked_for(given, strict, reviewer):
    logo = given.version(strict, "brand.logo", user_created=reviewer.id)
    poster = given.version(strict, "brand.poster", user_created=reviewer.id)

    assert ids(reviewer) == [str(poster)]
    assert ids(reviewer, "decidable=false") == [str(logo), str(poster)]
    found = row(reviewer, logo, "decidable=false")
    assert (found["may_decide"], found["why_not"]) == (False, "own_work")
    assert code(reviewer.approve(logo)) == "own_work"
    assert row(given.person("reviewer"), logo)["may_decide"] is True


def test_what_one_has_voted_for_waits_for_the_others(given, strict, reviewer):
    logo = given.version(strict, "brand.logo")
    reviewer.approve(logo)

    assert ids(reviewer) == []
    found = row(reviewer, logo, "decidable=false")
    assert (found["votes"], found["own_vote"]) == ({"given": 1, "required": 2}, True)
    assert (found["may_decide"], found["why_not"]) == (False, "already_voted")
    other = row(given.person("reviewer"), logo)
    assert (other["votes"], other["own_vote"], other["may_decide"]) == ({"given": 1, "required": 2}, False, True)


@pytest.mark.parametrize(("before", "after"), [(2, 1), (3, 2)])
def test_a_vote_counts_again_when_the_template_asks_for_fewer_by_now(given, reviewer, database, before, after):
    project = given.project(template_id=given.template({"brand.logo": {"approvals_required": before}}))
    logo = given.version(project, "brand.logo")
    for voter in [reviewer, *(given.person("reviewer") for _ in range(before - 2))]:
        voter.approve(logo)
    assert ids(reviewer) == []
    database.run(
        "update project_templates set context_schema = %s", Jsonb({"brand.logo": {"approvals_required": after}})
    )

    found = row(reviewer, logo)

    assert (found["own_vote"], found["may_decide"], sheet(reviewer, logo)["may_decide"]) == (True, True, True)
    assert reviewer.approve(logo).json["data"]["decisions"][0]["status"] == "approved"


def test_programs_are_told_apart_by_their_names(given, strict):
    logo = given.version(strict, "brand.logo")
    first, second = given.token("reviewer"), given.token("reviewer")
    first.approve(logo)

    assert ids(first) == []
    assert row(first, logo, "decidable=false")["own_vote"] is True
    assert row(second, logo)["own_vote"] is False
    assert (sheet(first, logo)["own_vote"], sheet(second, logo)["own_vote"]) == (True, False)


def test_who_does_not_review_finds_nothing_to_decide_and_sees_what_waits(given, producer):
    version = given.version(given.project())

    assert inbox(producer)["data"] == []
    assert inbox(producer)["meta"]["total"] == 0
    found = row(producer, version, "decidable=false")
    assert (found["may_decide"], found["why_not"]) == (False, "not_allowed")


def test_the_most_particular_rule_of_a_path_counts(given, reviewer):
    rules = {"*": {"approvals_required": 3}, "scenes[*].image": {"approvals_required": 2}, "brand.logo": {}}
    project = given.project(template_id=given.template(rules))
    for path in ("cover", "scenes[1].image", "brand.logo"):
        given.version(project, path)

    votes = {row["schema_key"]: row["votes"]["required"] for row in inbox(reviewer)["data"]}

    assert votes == {"cover": 3, "scenes[1].image": 2, "brand.logo": 1}


def test_the_inbox_lets_approve_exactly_what_it_says(given, strict, reviewer):
    other = given.person("reviewer")
    versions = [
        given.version(strict, path, user_created=user)
        for path in ("brand.logo", "brand.poster") for user in (reviewer.id, other.id, None)
    ]  # fmt: skip
    other.approve(versions[0])
    reviewer.approve(versions[1])

    for version in versions:
        found = row(reviewer, version, "decidable=false")
        answer = reviewer.approve(version, dry_run=True)
        counts = answer.status_code == 200 and not answer.json["data"]["decisions"][0]["repeated"]
        assert found["may_decide"] is counts, (found, answer.text)
        assert (str(version) in ids(reviewer)) is counts
        assert sheet(reviewer, version)["may_decide"] is counts


# The inbox: filters, order, pages


def test_filters_leave_what_is_asked_for(given, producer, reviewer, database):
    here, there = given.project("here"), given.project("there")
    task = given.task(here)
    logo = given.version(here, "brand.logo", artifact_type="image", task=task)
    claim = given.version(here, "brand.claim", "Tea", artifact_type="text", user_created=producer.id)
    brand = given.version(there, "branding", {"at": 1}, artifact_type="json")
    linked = given.version(there, "scenes[12].image", {"at": 1}, date_created="2026-01-01")
    database.run("insert into task_artifacts (task_id, artifact_version_id) values (%s, %s)", task, linked)

    def found(query: str) -> set[str]:
        return set(ids(reviewer, query))

    assert found("") == {str(logo), str(claim), str(brand), str(linked)}
    assert found("project_id=here") == found(f"project_id={here}") == {str(logo), str(claim)}
    assert found("schema_key=brand.logo") == {str(logo)}
    assert found("schema_key=brand.*") == {str(logo), str(claim)}
    assert found("schema_key=brand*") == {str(logo), str(claim), str(brand)}
    assert found("schema_key=scenes[1*") == {str(linked)}
    assert found("schema_key=*") == found("")
    assert found("artifact_type=text") == {str(claim)}
    assert found(f"producer={producer.id}") == {str(claim)}
    assert found(f"task_id={task}") == {str(logo), str(linked)}
    assert found("older_than_hours=24") == {str(linked)}
    assert found("younger_than_hours=24") == {str(logo), str(claim), str(brand)}
    assert found("project_id=here&artifact_type=image&task_id=" + str(task)) == {str(logo)}
    assert code(reviewer.get("/v1/inbox?project_id=nowhere")) == "project_not_found"


def test_words_are_looked_for_as_the_list_of_versions_does(given, reviewer):
    project = given.project()
    harbour, tea = given.version(project, "a", {"caption": "The harbour at seven"}), given.version(project, "b", "Tea")

    for words in ("harbour", "Tea", "nothing"):
        listed = {v["id"] for v in reviewer.get(f"/v1/artifacts?q={words}").json["data"]}
        assert set(ids(reviewer, f"q={words}")) == listed
    assert ids(reviewer, "q=harbour") == [str(harbour)]
    assert ids(reviewer, "q=tea") == [str(tea)]


@pytest.mark.parametrize(
    "query",
    ["schema_key=", "schema_key=a..b", "schema_key=a*b", "schema_key=brand..logo", "cursor=x", "limit=0", "limit=1001",
     "q=x", "older_than_hours=-1", "decidable=perhaps", "nothing=1"],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(reviewer, query):
    assert reviewer.get(f"/v1/inbox?{query}").status_code == 422


def test_a_cursor_that_is_no_version_is_refused(reviewer):
    assert code(reviewer.get(f"/v1/inbox?cursor={uuid.uuid4()}")) == "invalid_value"


def test_the_order_is_project_then_task_then_path_then_newest_first(given, reviewer):
    tea, ale = given.project(title="Tea"), given.project(title="ale")
    first, second = sorted([given.task(tea), given.task(tea)])
    older = given.version(tea, "a", task=second)
    expected = [
        given.version(ale, "z"),
        given.version(tea, "free"),
        given.version(tea, "scenes[2].image", task=first),
        given.version(tea, "scenes[10].image", task=first),
        given.version(tea, "a", task=second),
        older,
    ]

    assert ids(reviewer) == [str(version) for version in expected]


def test_pages_follow_each_other_while_their_last_rows_are_decided(given, reviewer):
    projects = [given.project(title=title) for title in ("One", "One", "Two")]
    tasks = [None, *(given.task(projects[0]) for _ in range(2))]
    made = {
        str(given.version(project, f"panels[{n}]", task=task if project == projects[0] else None))
        for project in projects for n, task in zip(range(9, 13), [*tasks, None], strict=True)
    }  # fmt: skip
    made |= {str(given.version(projects[2], "cover")) for _ in range(3)}
    whole = ids(reviewer)
    assert set(whole) == made

    seen: list[str] = []
    cursor = ""
    while True:
        page = inbox(reviewer, f"limit=2{cursor}")
        seen += [row["id"] for row in page["data"]]
        assert reviewer.approve(seen[-1]).status_code == 200
        if page["meta"]["next_cursor"] is None:
            break
        cursor = f"&cursor={page['meta']['next_cursor']}"

    assert seen == whole


def test_the_first_page_says_what_all_of_it_comes_to(given, producer, reviewer):
    tea, sea = given.project("tea", title="Tea"), given.project("sea", title="Sea")
    given.version(tea, "a", artifact_type="image", user_created=producer.id, date_created="2026-01-02T00:00:00Z")
    given.version(tea, "b", artifact_type="image", date_created="2026-01-01T00:00:00Z")
    given.version(sea, "c", artifact_type="text", user_created=producer.id, date_created="2026-01-03T00:00:00Z")
    given.version(sea, "d", status="approved")

    meta = inbox(reviewer, "limit=1")["meta"]

    assert (meta["total"], meta["oldest"][:10]) == (3, "2026-01-01")
    assert [(p["key"], p["title"], p["waiting"], p["oldest"][:10]) for p in meta["projects"]] == [
        ("sea", "Sea", 1, "2026-01-03"), ("tea", "Tea", 2, "2026-01-01"),
    ]  # fmt: skip
    types = {kind: count for kind, count in meta["facets"]["artifact_type"].items() if count}
    assert types == {"image": 2, "text": 1}
    (by_producer, by_programs) = meta["facets"]["producer"]
    assert (by_producer["id"], by_producer["count"]) == (str(producer.id), 2)
    assert by_producer["name"].startswith("Robin The")
    assert by_programs == {"id": None, "name": None, "count": 1}
    second = inbox(reviewer, f"limit=1&cursor={meta['next_cursor']}")["meta"]
    assert (second["total"], second["oldest"], second["projects"], second["facets"]) == (None, None, None, None)
    assert inbox(reviewer, "artifact_type=text")["meta"]["total"] == 1


def test_an_empty_inbox_has_its_sums_too(reviewer):
    assert inbox(reviewer) == {
        "data": [],
        "meta": {
            "next_cursor": None,
            "total": 0,
            "oldest": None,
            "projects": [],
            "facets": {
                "artifact_type": dict.fromkeys(("image", "audio", "video", "text", "json", "document", "unknown"), 0),
                "producer": [],
            },
        },
    }


# Kept fresh


@pytest.mark.parametrize("address", ["/v1/inbox", "/v1/artifacts/{version}/sheet"])
def test_what_is_known_is_not_sent_again_until_it_changes(given, reviewer, database, address):
    task = given.task(project := given.project())
    version = given.version(project, "a", task=task)
    address = address.format(version=version)
    first = reviewer.get(address)
    assert first.headers["Cache-Control"] == "private, no-cache"

    def again():
        return reviewer.get(address, headers={"If-None-Match": first.headers["ETag"]})

    known = again()
    assert (known.status_code, known.data, known.headers["ETag"]) == (304, b"", first.headers["ETag"])
    database.run("update tasks set title = 'Another title' where id = %s", task)
    changed = again()
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]
    assert changed.data == reviewer.get(address).data
    assert reviewer.get(address, headers={"If-None-Match": "*"}).status_code == 304


# The sheet


def test_the_sheet_has_the_version_as_it_is_read_elsewhere(given, producer, reviewer):
    project, file = given.project("tea", title="Tea house"), given.file()
    task = given.task(project)
    approved = given.promoted(project, "brand.logo", {"n": 1})
    version = producer.submit(project, "brand.logo", {"n": 2}, file_ids=[str(file)], source_task_id=str(task)).json[
        "data"
    ]["id"]
    other = given.version(project, "brand.logo", {"n": 3})
    given.version(project, "brand.claim")

    found = sheet(reviewer, version)

    def read(one):
        return reviewer.get(f"/v1/artifacts/{one}").json["data"]

    assert (found["version"], found["approved"], found["candidates"]) == (read(version), read(approved), [read(other)])
    assert found["project"] == {"id": str(project), "key": "tea", "title": "Tea house", "context_version": 1}
    assert found["task"] == {
        "id": str(task), "title": "Design the logo", "description": None, "status": "needs_review",
    }  # fmt: skip
    assert found["producer"]["id"] == str(producer.id)
    assert (found["run"], found["step"], found["rule"], found["rule_broken"], found["lock"]) == (None,) * 5
    assert (found["violations"], found["records"], found["earlier_feedback"]) == ([], [], [])
    assert (found["may_decide"], found["why_not"], found["outdated"]) == (True, None, False)
    assert [(v["version_number"], v["status"]) for v in found["history"]] == [
        (3, "pending"), (2, "pending"), (1, "approved"),
    ]  # fmt: skip
    assert found["history"][1]["producer"] == found["producer"]["name"]
    assert found["history_truncated"] is False


def test_an_approved_version_is_what_stands_at_its_path(given, reviewer):
    project = given.project()
    approved, waiting = given.approved(project, "a"), given.version(project, "a")

    found = sheet(reviewer, approved)

    assert found["approved"]["id"] == found["version"]["id"] == str(approved)
    assert [candidate["id"] for candidate in found["candidates"]] == [str(waiting)]
    assert (found["may_decide"], found["why_not"]) == (False, "not_pending")


def test_a_version_that_is_not_there_has_no_sheet(reviewer):
    assert code(reviewer.get(f"/v1/artifacts/{uuid.uuid4()}/sheet")) == "artifact_not_found"


def test_the_run_and_the_step_are_named_also_when_the_version_names_its_step_alone(given, reviewer):
    run = given.execution()
    step = given.step(run, step_name="edit_frame1", attempt=2)

    found = sheet(reviewer, given.version(given.project(), step_id=step))

    assert found["run"] == {"id": str(run), "name": None, "status": "running"}
    assert found["step"] == {"id": str(step), "step_name": "edit_frame1", "attempt": 2}
    assert found["producer"] == {"id": None, "name": "edit_frame1"}


def test_the_rule_of_the_path_comes_with_what_the_version_does_not_meet(given, reviewer, database):
    rules = {
        "brand.*": {
            "title": "A brand", "artifact_type": "json", "max_bytes": 10, "approvals_required": 2,
            "schema": {"type": "object", "required": ["name"]},
        },
    }  # fmt: skip
    project = given.project(template_id=given.template(rules))
    version = given.version(project, "brand.logo", {"colour": "green"}, artifact_type="json")

    found = sheet(reviewer, version)

    assert found["rule"] == {
        "title": "A brand", "description": None, "artifact_type": "json", "mime_types": None, "max_bytes": 10,
        "approvals_required": 2, "producer_may_approve": True, "promote": "approval", "auto_approve": None,
        "schema": {"type": "object", "required": ["name"]},
    }  # fmt: skip
    assert [(v["rule"], v["schema_path"]) for v in found["violations"]] == [
        ("max_bytes", "/max_bytes"), ("schema", "/schema/required"),
    ]  # fmt: skip
    refused = reviewer.approve(version).json["errors"][0]["extensions"]
    assert refused["violations"] == found["violations"]
    assert sheet(reviewer, given.version(project, "cover"))["rule"] is None


def test_files_are_held_against_the_rule(given, reviewer):
    project = given.project(template_id=given.template({"logo": {"mime_types": "image/*"}}))
    fits, other = (given.version(project, "logo", files=(given.file(mime),)) for mime in ("image/png", "text/plain"))

    assert sheet(reviewer, fits)["violations"] == []
    assert [v["rule"] for v in sheet(reviewer, other)["violations"]] == ["mime_types"]


def test_a_path_that_the_template_does_not_take_is_a_violation(given, reviewer):
    project = given.project(template_id=given.template({"logo": {}, "additional_paths": False}))

    found = sheet(reviewer, given.version(project, "cover"))

    assert [v["rule"] for v in found["violations"]] == ["additional_paths"]


def test_a_template_that_cannot_be_read_is_said_and_not_refused(given, reviewer):
    project = given.project(template_id=given.template({"logo": {"approvals_required": "two", "title": "Logo"}}))
    version = given.version(project, "logo")

    found = sheet(reviewer, version)

    refused = reviewer.approve(version).json["errors"][0]
    assert refused["extensions"]["code"] == "template_broken"
    assert found["rule_broken"] == refused["message"]
    assert (found["rule"]["title"], found["rule"]["approvals_required"]) == ("Logo", 1)
    assert row(reviewer, version)["votes"]["required"] == 1


def test_votes_and_records_are_those_that_were_given(given, strict, reviewer):
    logo = given.version(strict, "brand.logo")
    other = given.person("producer")
    other.decide("comment", logo, reason="Nice.", feedback={"x": 0.5})
    reviewer.approve(logo, reason="Fresh.")
    reviewer.approve(logo)

    found = sheet(reviewer, logo)

    assert (found["votes"]["given"], found["votes"]["required"], found["own_vote"]) == (1, 2, True)
    (vote,) = found["votes"]["by"]
    assert vote["actor_id"] == str(reviewer.id)
    assert vote["label"].startswith("Robin The")
    assert [(r["action"], r["actor_id"], r["reason"], r["feedback"]) for r in found["records"]] == [
        ("comment", str(other.id), "Nice.", {"x": 0.5}), ("approve", str(reviewer.id), "Fresh.", None),
    ]  # fmt: skip
    assert (found["may_decide"], found["why_not"]) == (False, "already_voted")


def test_the_reasons_said_most_come_first_those_of_the_path_before_all(given, reviewer):
    project, elsewhere = given.project(), given.project()

    def reject(path, reason, times=1, project=project):
        for _ in range(times):
            reviewer.decide("reject", given.version(project, path), reason=reason)

    reject("logo", "Too thin.")
    reject("logo", "Too dark.", 2)
    for n in range(6):
        reject("cover", f"Not ours ({n}).", 3)
    reject("logo", "Of another project.", 5, elsewhere)
    reject("logo", "x" * 201)
    reviewer.approve(given.version(project, "logo"), reason="Fresh.")
    given.version(project, "claim")
    reviewer.approve(given.version(project, "claim"), reject_others=True)

    found = sheet(reviewer, given.version(project, "logo"))["reasons"]

    assert found[:4] == [
        {"action": "reject", "reason": "Too dark.", "count": 2},
        {"action": "approve", "reason": "Fresh.", "count": 1},
        {"action": "reject", "reason": "Too thin.", "count": 1},
        {"action": "reject", "reason": "Not ours (0).", "count": 3},
    ]
    assert len(found) == 5


@pytest.mark.parametrize("whole", [False, True])
def test_the_nearest_lock_is_named_also_to_its_owner(given, reviewer, whole):
    project = given.project()
    version = given.version(project, "scenes[1].image")
    path = "/v1/projects/{}/locks" + ("" if whole else "/scenes[1]")
    lock = reviewer.call("PUT", path.format(project), json={"reason": "Final."}).json["data"]

    assert sheet(reviewer, version)["lock"] == lock


def test_lists_end_where_nobody_reads_on(given, reviewer, sidecar_role):
    project = given.project()
    sidecar_role.run(
        "insert into artifact_versions (project_id, schema_key, status, value)"
        " select %s, 'a', 'pending', to_jsonb(n) from generate_series(1, 120) n", project,
    )  # fmt: skip
    version = given.version(project, "a")

    found = sheet(reviewer, version)

    assert [v["version_number"] for v in found["candidates"]] == list(range(120, 70, -1))
    assert [v["version_number"] for v in found["history"]] == list(range(121, 21, -1))
    assert found["history_truncated"] is True


def test_a_sheet_takes_eight_statements_at_most(given, reviewer, strict, app, monkeypatch):
    """Each is a round trip: the desk shows the next candidate at a key press."""
    file = given.file()
    rules = {"brand.logo": {"mime_types": "image/*", "approvals_required": 2}}
    project = given.project(template_id=given.template(rules))
    version = given.version(project, "brand.logo", files=(file,))
    given.approved(project, "brand.logo", files=(file,))
    reviewer.get(f"/v1/artifacts/{version}/sheet")
    asked: list[object] = []
    database = app.extensions["artifacts"].database
    by_statement = database.by_statement

    def counted(work):
        def with_count(connection):
            execute = connection.execute

            def counting(statement, *args, **kwargs):
                asked.append(statement)
                return execute(statement, *args, **kwargs)

            with monkeypatch.context() as patch:
                patch.setattr(connection, "execute", counting)
                return work(connection)

        return by_statement(with_count)

    monkeypatch.setattr(database, "by_statement", counted)
    sheet(reviewer, version)

    assert 5 < len(asked) <= 8
