"""The history of a context: as it was, what changed, the way back, withdrawing, rebuilding."""

from __future__ import annotations

import pytest
from psycopg.types.json import Jsonb

from tests.given import code


def data(answer):
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


def promoted(given, project, path, value=None, **columns):
    """A version in the context, its predecessor superseded."""
    version = given.version(project, path, value, **columns)
    data(given.token("reviewer").approve(version))
    return version


@pytest.fixture
def project(given):
    return given.project()


@pytest.fixture
def told(given, project):
    """A context with a history of three versions: the logo, then a palette, then another logo."""
    first = promoted(given, project, "brand.logo", {"n": 1})
    colors = promoted(given, project, "brand.colors[0]", {"n": 2})
    second = promoted(given, project, "brand.logo", {"n": 3})
    return first, colors, second


def context_at(reader, project, version):
    return data(reader.get(f"/v1/projects/{project}/context?version={version}"))


def test_a_context_is_read_as_of_each_of_its_versions(project, told, reviewer, database):
    assert context_at(reviewer, project, 0) == {}
    assert context_at(reviewer, project, 1)["brand"] == {"logo": context_at(reviewer, project, 2)["brand"]["logo"]}
    assert context_at(reviewer, project, 2)["brand"]["logo"]["n"] == 1
    assert context_at(reviewer, project, 3) == database.context(project)
    assert context_at(reviewer, project, 2)["_meta"]["total_artifacts"] == 2


def test_a_context_is_read_as_of_a_moment(project, told, reviewer, database):
    moments = database.column(
        "select to_char(date_created at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') from promotions"
        " where project_id = %s order by context_version",
        project,
    )
    answer = reviewer.get(f"/v1/projects/{project}/context?at={moments[1]}")
    assert answer.json["meta"]["context_version"] == 2
    assert answer.json["data"] == context_at(reviewer, project, 2)
    assert data(reviewer.get(f"/v1/projects/{project}/context?at=2000-01-01T00:00:00Z")) == {}


@pytest.mark.parametrize("query", ["version=4", "version=99999"])
def test_a_version_the_context_never_had_is_not_there(project, told, reviewer, query):
    answer = reviewer.get(f"/v1/projects/{project}/context?{query}")
    assert (answer.status_code, code(answer)) == (404, "context_version_unknown")


@pytest.mark.parametrize(
    "query", ["version=1&at=2026-01-01T00:00:00Z", "at=2026-01-01T00:00:00", "at=yesterday", "at=0.5",
              "path=a&select=$.a", "select=((", "version=-1"],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_refused(project, reviewer, query):
    answer = reviewer.get(f"/v1/projects/{project}/context?{query}")
    assert answer.status_code == 422


def test_a_history_before_a_number_that_no_version_has_is_refused(project, reviewer):
    answer = reviewer.get(f"/v1/projects/{project}/context/history?before={2**31}")
    assert (answer.status_code, code(answer)) == (422, "invalid_value")


def test_parts_are_selected_by_jsonpath(project, told, reviewer):
    assert data(reviewer.get(f"/v1/projects/{project}/context?select=$.brand.*.n")) == [3]
    assert data(reviewer.get(f"/v1/projects/{project}/context?select=$..n&version=2")) in ([1, 2], [2, 1])


def test_the_history_tells_who_changed_what(project, told, reviewer):
    first, _colors, second = told
    rows = data(reviewer.get(f"/v1/projects/{project}/context/history?limit=2"))
    assert [row["context_version"] for row in rows] == [3, 2]
    (change,) = rows[0]["changes"]
    assert (change["schema_key"], change["from_version_id"], change["to_version_id"]) == (
        "brand.logo", str(first), str(second),
    )  # fmt: skip
    page = reviewer.get(f"/v1/projects/{project}/context/history?before=2").json
    assert ([row["context_version"] for row in page["data"]], page["meta"]) == ([1], {"next_before": None})


def test_changes_say_what_shows_their_versions(given, project, reviewer):
    file = given.file()
    promoted(given, project, "brand.logo", {"n": 1})
    reviewer.decide("withdraw", promoted(given, project, "brand.logo", {"n": 2}, files=(file,), artifact_type="image"))
    first = {"version_number": 1, "artifact_type": None, "primary_file_id": None, "primary_file_type": None}
    second = {
        "version_number": 2, "artifact_type": "image", "primary_file_id": str(file), "primary_file_type": "image/png",
    }  # fmt: skip

    changes = [row["changes"][0] for row in data(reviewer.get(f"/v1/projects/{project}/context/history"))]

    assert [(c["from_version"], c["to_version"]) for c in changes] == [(second, None), (first, second), (None, first)]
    (row,) = data(reviewer.get(f"/v1/projects/{project}/context/diff?from=1&to=2"))
    assert (row["from_version"], row["to_version"]) == (first, second)


def test_two_versions_are_compared(project, told, reviewer):
    rows = data(reviewer.get(f"/v1/projects/{project}/context/diff?from=1&to=3"))
    assert [(row["schema_key"], (row["before"] or {}).get("n"), row["after"]["n"]) for row in rows] == [
        ("brand.colors[0]", None, 2), ("brand.logo", 1, 3),
    ]  # fmt: skip
    assert data(reviewer.get(f"/v1/projects/{project}/context/diff?from=2&to=2")) == []


def test_reverting_goes_forward_with_copies_and_withdraws_what_was_absent(project, told, reviewer, database):
    first, colors, second = told

    answer = data(reviewer.post(f"/v1/projects/{project}/context/revert", {"to_version": 1, "reason": "The client."}))

    assert (answer["status"], answer["context_version"], answer["withdrawn"]) == ("promoted", 4, ["brand.colors[0]"])
    (copy,) = answer["promoted"]
    assert copy["version_number"] == 3
    row = database.version(copy["artifact_version_id"])
    assert (row["value"], row["parent_id"], row["status"], row["user_created"]) == (
        {"n": 1}, first, "approved", reviewer.id,
    )  # fmt: skip
    assert [database.status(v) for v in (first, second, colors)] == ["superseded", "superseded", "archived"]
    assert database.actions(colors)[-1] == "withdraw"
    context = database.context(project)
    assert {k: v["n"] for k, v in context["brand"].items()} == {"logo": 1}
    assert context["_meta"]["total_artifacts"] == 1
    assert context == context_at(reviewer, project, 4)
    relation = database.one("select * from artifact_relations where from_version_id = %s", row["id"])
    assert (relation["to_version_id"], relation["relation_type"]) == (first, "restored_from")


def test_reverting_a_revert_brings_everything_back(project, told, reviewer, database):
    reviewer.post(f"/v1/projects/{project}/context/revert", {"to_version": 1})
    reviewer.post(f"/v1/projects/{project}/context/revert", {"to_version": 3})

    brand = database.context(project)["brand"]
    assert (brand["logo"]["n"], brand["colors"][0]["n"]) == (3, 2)


def test_the_same_way_back_twice_goes_back_once(project, told, reviewer, database):
    path = f"/v1/projects/{project}/context/revert"
    first = data(reviewer.post(path, {"to_version": 1}))
    with database.unchanged():
        again = data(reviewer.post(path, {"to_version": 1}))
    assert (first["status"], again["status"]) == ("promoted", "already_promoted")


def test_a_path_that_lay_above_comes_back_when_what_lies_below_goes(given, project, reviewer, database):
    above = promoted(given, project, "brand", {"n": 1})
    reviewer.post(f"/v1/artifacts/{above}/withdraw")
    promoted(given, project, "brand.logo", {"n": 2})

    assert data(reviewer.post(f"/v1/projects/{project}/context/revert", {"to_version": 1}))["status"] == "promoted"
    assert database.context(project)["brand"]["n"] == 1


def test_times_run_with_the_numbers(given, project, told, database):
    rows = database.column(
        "select date_created from promotions where project_id = %s order by context_version", project
    )
    assert rows == sorted(rows)


def test_reverting_to_what_is_changes_nothing(project, told, reviewer, database):
    with database.unchanged():
        answer = data(reviewer.post(f"/v1/projects/{project}/context/revert", {"to_version": 3}))
    assert answer["status"] == "already_promoted"


def test_reverting_keeps_the_files(given, project, reviewer, database):
    files = (given.file(), given.file())
    promoted(given, project, "brand.card", files=files)
    promoted(given, project, "brand.card", {"n": 2})

    (copy,) = data(reviewer.post(f"/v1/projects/{project}/context/revert", {"to_version": 1}))["promoted"]

    linked = database.column(
        "select directus_files_id from artifact_files where artifact_version_id = %s order by sort",
        copy["artifact_version_id"],
    )
    assert linked == list(files)
    assert database.context(project)["brand"]["card"]["file_id"] == str(files[0])


def test_a_revert_heeds_if_match_and_shows_itself_beforehand(project, told, reviewer, database):
    path = f"/v1/projects/{project}/context/revert"
    with database.unchanged():
        stale = reviewer.post(path, {"to_version": 1}, headers={"If-Match": '"2"'})
        assert (stale.status_code, code(stale)) == (409, "context_version_conflict")
        shown = data(reviewer.post(path, {"to_version": 1, "dry_run": True}))
        assert {c["schema_key"]: c["after"] and c["after"]["n"] for c in shown["changes"]} == {
            "brand.logo": 1, "brand.colors[0]": None,
        }  # fmt: skip
        unknown = reviewer.post(path, {"to_version": 9})
        assert (unknown.status_code, code(unknown)) == (404, "context_version_unknown")
    assert reviewer.post(path, {"to_version": 1}, headers={"If-Match": '"3"'}).status_code == 200


def test_a_producer_may_not_revert(project, told, producer):
    answer = producer.post(f"/v1/projects/{project}/context/revert", {"to_version": 1})
    assert (answer.status_code, code(answer)) == (403, "forbidden")


def test_withdrawing_takes_a_path_out_of_the_context(given, project, reviewer, database):
    version, other = promoted(given, project, "brand.logo"), promoted(given, project, "brand.colors")

    answer = data(reviewer.post(f"/v1/artifacts/{version}/withdraw", {"reason": "Rights expired."}))

    assert answer["decisions"][0]["status"] == "archived"
    assert (answer["promotions"][0]["withdrawn"], answer["promotions"][0]["context_version"]) == (["brand.logo"], 3)
    assert database.status(version) == "archived"
    assert set(database.context(project)["brand"]) == {"colors"}
    assert database.status(other) == "approved"
    assert database.actions(version)[-1] == "withdraw"
    again = data(reviewer.post(f"/v1/artifacts/{version}/withdraw"))
    assert (again["decisions"][0]["repeated"], again["promotions"]) == (True, [])


def test_withdrawing_what_awaits_promotion_takes_its_path_out_of_the_context(given, project, reviewer, database):
    standing = promoted(given, project, "brand.logo")
    awaiting = given.version(project)
    reviewer.approve(awaiting, promote=False)

    answer = data(reviewer.post(f"/v1/artifacts/{awaiting}/withdraw"))

    assert answer["promotions"][0]["withdrawn"] == ["brand.logo"]
    assert (database.status(awaiting), database.status(standing)) == ("archived", "superseded")
    assert "brand" not in database.context(project)


def test_withdrawing_what_was_never_promoted_leaves_the_context_alone(given, project, reviewer):
    version = given.version(project)
    reviewer.approve(version, promote=False)

    assert data(reviewer.post(f"/v1/artifacts/{version}/withdraw"))["promotions"] == []


def test_a_version_in_the_context_is_not_archived_though_it_is_superseded(given, project, reviewer, database):
    standing = promoted(given, project, "brand.logo")
    reviewer.approve(given.version(project), promote=False)

    with database.unchanged():
        answer = reviewer.post(f"/v1/artifacts/{standing}/archive")

    assert (answer.status_code, code(answer)) == (409, "approved_is_replaced")


def test_an_adopted_context_may_name_versions_of_its_own(given, project, reviewer, database, sidecar_role):
    adopted = {"brand": {"logo": {"artifact_version_id": "ver-103"}}}
    sidecar_role.run("update projects set context = %s where id = %s", Jsonb(adopted), project)

    version = promoted(given, project, "brand.logo")

    assert database.context(project)["brand"]["logo"]["artifact_version_id"] == str(version)


def test_a_producer_takes_their_own_candidate_back_and_no_other(given, project, database):
    person = given.person("producer")
    own, other = given.version(project, user_created=person.id), given.version(project, "song")

    assert data(person.post(f"/v1/artifacts/{own}/withdraw"))["decisions"][0]["status"] == "archived"
    assert person.post(f"/v1/artifacts/{other}/withdraw").status_code == 403


def test_a_path_can_be_used_again_after_it_was_withdrawn(given, project, reviewer, producer):
    version = promoted(given, project, "brand")
    reviewer.post(f"/v1/artifacts/{version}/withdraw")
    assert producer.submit(project, "brand.logo").status_code == 201


def test_an_adopted_context_comes_back_on_revert(given, project, reviewer, database, sidecar_role):
    adopted = {"brand": {"logo": {"plain": True}, "claim": "Fresh."}}
    sidecar_role.run("update projects set context = %s where id = %s", Jsonb(adopted), project)
    sidecar_role.run(
        "insert into promotions (project_id, context_version, changes) values (%s, 0, %s)",
        project,
        Jsonb([{"schema_key": None, "from_version_id": None, "to_version_id": None, "entry": adopted}]),
    )
    promoted(given, project, "brand.logo")

    reviewer.post(f"/v1/projects/{project}/context/revert", {"to_version": 0})

    context = database.context(project)
    assert context["brand"] == adopted["brand"]
    assert context == context_at(reviewer, project, 2)


def test_rebuilding_writes_nothing_where_all_agree(given, project, told, database):
    with database.unchanged():
        answer = data(given.person("admin").post(f"/v1/projects/{project}/context/rebuild", {}))
    assert answer["status"] == "already_promoted"


def test_rebuilding_puts_a_damaged_context_right(given, project, told, database, sidecar_role):
    right = database.context(project)["brand"]
    sidecar_role.run("update projects set context = '{\"brand\": 7}' where id = %s", project)

    answer = data(given.person("admin").post(f"/v1/projects/{project}/context/rebuild", {}))

    assert (answer["status"], answer["context_version"]) == ("promoted", 4)
    assert database.context(project)["brand"] == right


def test_rebuilding_is_for_administrators(project, reviewer):
    assert reviewer.post(f"/v1/projects/{project}/context/rebuild", {}).status_code == 403
