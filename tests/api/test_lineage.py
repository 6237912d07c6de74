"""What was made from what: relations, the graph around a version, what is stale and what a change would reach."""

from __future__ import annotations

import random
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from psycopg.types.json import Jsonb

from tests.given import code

HELD = "select pg_advisory_xact_lock(hashtextextended('artifacts/relations', 0))"
WAITING = (
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    " and wait_event = 'advisory'"
)
UNKNOWN = uuid.UUID(int=7)


@pytest.fixture
def project(given):
    return given.project("spring-brand")


@pytest.fixture
def made_from(sidecar_role):
    """`made_from(newer, *sources)` adds relations past the API."""

    def relate(newer, *sources, relation_type="derived_from"):
        for source in sources:
            sidecar_role.run(
                "insert into artifact_relations (from_version_id, to_version_id, relation_type) values (%s, %s, %s)",
                newer, source, relation_type,
            )  # fmt: skip

    return relate


def relate(person, newer, source, relation_type="derived_from", **fields):
    body = {"to_version_id": str(source), "relation_type": relation_type, **fields}
    return person.post(f"/v1/artifacts/{newer}/relations", body)


def data(answer, status=200):
    assert answer.status_code == status, answer.text
    return answer.json["data"]


def graph(person, version, query=""):
    return data(person.get(f"/v1/artifacts/{version}/lineage?{query}"))


def depths(answer):
    """Depth of each version, ancestors below zero."""
    sign = {"self": 0, "ancestor": -1, "descendant": 1}
    return {n["id"]: n["depth"] * sign[n["direction"]] for n in answer["nodes"] if n["kind"] == "version"}


def triples(answer):
    found = [(e["from_id"], e["to_id"], e["type"]) for e in answer["edges"]]
    assert len(found) == len(set(found))
    return set(found)


def texts(*ids):
    return [str(version) for version in ids]


# Relations


def test_a_relation_is_said_once(given, project, producer, database):
    newer, source = given.version(project, "poster"), given.version(project, "logo")

    first = relate(producer, newer, source, "transcoded_from", metadata={"factor": 4})
    again = relate(producer, newer, source, "transcoded_from", metadata={"factor": 2})

    assert (first.status_code, first.json["meta"]) == (201, {"existing": False})
    assert (again.status_code, again.json["meta"]) == (200, {"existing": True})
    assert again.json["data"] == first.json["data"]
    row = database.one("select * from artifact_relations")
    assert (row["from_version_id"], row["to_version_id"], row["relation_type"], row["metadata"]) == (
        newer, source, "transcoded_from", {"factor": 4},
    )  # fmt: skip
    assert (row["user_created"], row["date_created"] is None) == (producer.id, False)
    assert relate(producer, newer, source, "variant_of").status_code == 201


def test_a_relation_may_lead_to_another_project_and_from_a_decided_version(given, project, producer):
    newer, source = given.approved(project, "poster"), given.version(given.project(), "logo")
    assert relate(producer, newer, source).status_code == 201


def test_a_repeated_request_gets_the_first_answer(given, project, producer):
    newer, source = given.version(project, "poster"), given.version(project, "logo")
    body = {"to_version_id": str(source)}
    answers = [
        producer.post(f"/v1/artifacts/{newer}/relations", body, headers={"Idempotency-Key": "k"}) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].data == answers[1].data
    assert answers[1].headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    ("fields", "status", "expected"),
    [
        ({"to_version_id": str(UNKNOWN)}, 404, "artifact_not_found"),
        ({"to_version_id": "itself"}, 422, "relation_not_to_itself"),
        ({"relation_type": "inspired_by"}, 422, "invalid_value"),
        ({"relation_type": None}, 422, "invalid_value"),
        ({"to_version_id": 3}, 422, "invalid_value"),
        ({"metadata": []}, 422, "invalid_value"),
        ({"metadata": {"a": "\x00"}}, 400, "invalid_text"),
        ({"from_version_id": str(UNKNOWN)}, 422, "invalid_value"),
    ],
)
def test_what_is_no_relation_is_refused(given, project, producer, database, fields, status, expected):
    newer, source = given.version(project, "poster"), given.version(project, "logo")
    body = {"to_version_id": str(source), "relation_type": "derived_from", **fields}
    if body["to_version_id"] == "itself":
        body["to_version_id"] = str(newer)
    with database.unchanged():
        answer = producer.post(f"/v1/artifacts/{newer}/relations", body)
    assert (answer.status_code, code(answer)) == (status, expected)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"to_version_id": "%s", "metadata": {"a": "\\ud800"}}',
        b'{"to_version_id": "%s", "metadata": {"a": 1e999}}',
        b'{"to_version_id": "%s", "metadata": {"a": ' + b"[" * 5000 + b"]" * 5000 + b"}}",
        b'{"to_version_id": "%s", "metadata": {"a": "\\u0000"}}',
        b"[]",
        b"{",
    ],
)
def test_what_cannot_be_stored_is_refused(given, project, producer, database, raw):
    newer, source = given.version(project, "poster"), given.version(project, "logo")
    body = raw.replace(b"%s", str(source).encode())
    with database.unchanged():
        answer = producer.post(f"/v1/artifacts/{newer}/relations", data=body, content_type="application/json")
    assert answer.status_code in (400, 422)


def test_relations_of_what_is_not_there(producer):
    for path in ("relations", "lineage", "impact"):
        answer = producer.get(f"/v1/artifacts/{UNKNOWN}/{path}")
        assert (answer.status_code, code(answer)) == (404, "artifact_not_found")
    assert code(relate(producer, UNKNOWN, UNKNOWN)) == "artifact_not_found"
    assert code(producer.get("/v1/projects/nowhere/stale")) == "project_not_found"


def test_only_producers_add_relations(given, project):
    newer, source = given.version(project, "poster"), given.version(project, "logo")
    assert code(relate(given.person(None), newer, source)) == "forbidden"


def test_a_circle_is_refused(given, project, producer, database, made_from):
    a, b, c = (given.version(project, path) for path in "abc")
    made_from(a, b)
    made_from(b, c)
    with database.unchanged():
        answer = relate(producer, c, a)
    assert (answer.status_code, code(answer)) == (409, "relation_cycle")


def test_of_two_halves_of_a_circle_at_once_one_is_refused(given, project, producer, connect, database):
    a, b = given.version(project, "a"), given.version(project, "b")
    holder = connect("admin")
    with ThreadPoolExecutor(2) as pool:
        with holder.connection.transaction():
            holder.all(HELD)
            futures = [pool.submit(relate, producer, *ends) for ends in ((a, b), (b, a))]
            while database.value(WAITING) < 2:
                pass
        answers = sorted((future.result() for future in futures), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [201, 409]
    assert code(answers[1]) == "relation_cycle"


def test_the_same_relation_twice_at_once_is_one(given, project, producer, connect, database):
    a, b = given.version(project, "a"), given.version(project, "b")
    holder = connect("admin")
    with ThreadPoolExecutor(2) as pool:
        with holder.connection.transaction():
            holder.all(HELD)
            futures = [pool.submit(relate, producer, a, b) for _ in range(2)]
            while database.value(WAITING) < 2:
                pass
        answers = [future.result() for future in futures]
    assert sorted(answer.status_code for answer in answers) == [200, 201]
    assert database.value("select count(*) from artifact_relations") == 1


def test_many_relations_between_the_same_versions_at_once_make_no_circle_and_no_failure(
    given, project, producer, database
):
    versions = [given.version(project, f"v{n}") for n in range(6)]
    pairs = [(a, b) for a in versions for b in versions if a != b]
    random.Random(1).shuffle(pairs)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda ends: relate(producer, *ends), pairs))

    assert {answer.status_code for answer in answers} == {201, 409}
    # every pair has one direction: more would be a circle, fewer would be a relation refused without need
    assert database.value("select count(*) from artifact_relations") == 15
    assert database.value("select max(n) from (select from_version_id, count(*) as n"
                          " from artifact_relations group by 1) ways") == 5  # fmt: skip


def test_a_submission_cannot_close_a_circle(given, project, producer, made_from):
    first = data(producer.submit(project, "poster", {"n": 1}), 201)["id"]
    newer = given.version(project, "flyer")
    made_from(newer, first)
    answer = producer.submit(project, "poster", {"n": 1}, derived_from=[str(newer)])
    assert (answer.status_code, code(answer)) == (409, "relation_cycle")


def test_relations_are_read_in_pages_sources_first(given, project, producer, made_from):
    middle = given.version(project, "middle")
    sources = [given.version(project, f"source{n}") for n in range(3)]
    derived = [given.version(project, f"derived{n}") for n in range(3)]
    made_from(middle, *sources)
    for version in derived:
        made_from(version, middle)

    seen, cursor = [], ""
    while cursor is not None:
        answer = producer.get(f"/v1/artifacts/{middle}/relations?limit=2{f'&cursor={cursor}' if cursor else ''}")
        seen.append(data(answer))
        cursor = answer.json["meta"]["next_cursor"]

    assert [len(page) for page in seen] == [2, 2, 2]
    rows = [row for page in seen for row in page]
    assert {row["to_version_id"] for row in rows[:3]} == set(texts(*sources))
    assert {row["from_version_id"] for row in rows[3:]} == set(texts(*derived))


@pytest.mark.parametrize(
    "query",
    ["relations?cursor=x", "relations?cursor=2:%s:derived_from", "relations?cursor=1:%s:made_up", "relations?limit=0",
     "lineage?depth=0", "lineage?depth=101", "lineage?depth=99999999999999999999", "lineage?limit=5001",
     "lineage?direction=up", "lineage?types=made_up", "lineage?types=", "lineage?format=xml", "lineage?include=all",
     "lineage?nodes=1", "impact?limit=-1"],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_refused(given, project, producer, query):
    version = given.version(project)
    answer = producer.get(f"/v1/artifacts/{version}/{query.replace('%s', str(version))}")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["extensions"]["fields"]


# The graph


@pytest.fixture
def family(given, project, made_from):
    """brief ← sketch ← logo ← flyer ← poster ← banner, the logo beside the brief, the poster from the logo too."""
    brief, sketch, logo, flyer, poster, banner = (
        given.version(project, path) for path in ("brief", "sketch", "logo", "flyer", "poster", "banner")
    )
    made_from(sketch, brief)
    made_from(logo, sketch)
    made_from(logo, brief, relation_type="variant_of")
    made_from(flyer, logo)
    made_from(poster, logo, flyer)
    made_from(banner, poster, relation_type="transcoded_from")
    return {"brief": brief, "sketch": sketch, "logo": logo, "flyer": flyer, "poster": poster, "banner": banner}


def named(family, answer):
    names = {str(version): name for name, version in family.items()}
    return {names[version]: depth for version, depth in depths(answer).items()}


def test_ancestors_and_descendants_each_at_the_shortest_distance(family, producer):
    both = graph(producer, family["logo"])
    assert named(family, both) == {"logo": 0, "sketch": -1, "brief": -1, "flyer": 1, "poster": 1, "banner": 2}
    assert len(triples(both)) == 7
    up = graph(producer, family["poster"], "direction=ancestors")
    assert named(family, up) == {"poster": 0, "logo": -1, "flyer": -1, "sketch": -2, "brief": -2}
    down = graph(producer, family["brief"], "direction=descendants")
    assert named(family, down) == {"brief": 0, "sketch": 1, "logo": 1, "flyer": 2, "poster": 2, "banner": 3}


def test_a_node_says_what_it_is_and_what_shows_it(given, project, producer, database):
    version = given.approved(project, "brand.logo", files=(file := given.file("video/mp4"),))
    database.run(
        "insert into sidecar.file_contents (file_id, sha256, size, poster_id) values (%s, '', 1, %s)",
        file, poster := given.file(),
    )  # fmt: skip
    (node,) = graph(producer, version)["nodes"]
    assert node == {
        "kind": "version", "id": str(version), "project_id": str(project), "project_key": "spring-brand",
        "schema_key": "brand.logo", "version_number": 1, "status": "approved", "artifact_type": None,
        "primary_file_id": str(file), "primary_file_type": "video/mp4", "poster_id": str(poster), "depth": 0,
        "direction": "self", "stale": False,
    }  # fmt: skip


def test_no_further_than_the_depth(family, producer):
    assert named(family, graph(producer, family["brief"], "depth=1")) == {"brief": 0, "sketch": 1, "logo": 1}
    assert set(named(family, graph(producer, family["brief"], "depth=2"))) == {*family} - {"banner"}


def test_relations_of_some_types_only(family, producer):
    only = graph(producer, family["brief"], "types=derived_from")
    assert named(family, only) == {"brief": 0, "sketch": 1, "logo": 2, "flyer": 3, "poster": 3}
    assert {edge["type"] for edge in only["edges"]} == {"derived_from"}
    two = graph(producer, family["brief"], "types=variant_of,transcoded_from")
    assert named(family, two) == {"brief": 0, "logo": 1}


@pytest.mark.parametrize(("limit", "truncated"), [(1, True), (3, True), (5, True), (6, False), (7, False)])
def test_more_than_the_limit_is_cut_and_said(family, producer, limit, truncated):
    answer = producer.get(f"/v1/artifacts/{family['brief']}/lineage?limit={limit}")
    nodes = data(answer)["nodes"]
    assert answer.json["meta"] == {"truncated": truncated}
    assert len(nodes) == min(limit, 6)
    assert [n["depth"] for n in nodes] == [0, 1, 1, 2, 2, 3][:limit]
    ids = {n["id"] for n in nodes}
    assert all({e["from_id"], e["to_id"]} <= ids for e in data(answer)["edges"])


def test_a_graph_with_more_ways_than_anybody_could_count(given, project, producer, database, made_from):
    """Every version is made from all before it: 2^28 ways from the first to the last."""
    versions = [given.version(project, f"v{n}") for n in range(30)]
    for number, version in enumerate(versions):
        made_from(version, *versions[:number])
    answer = graph(producer, versions[-1], "depth=100")
    assert set(depths(answer).values()) == {0, -1}
    assert len(answer["edges"]) == 435
    cut = producer.get(f"/v1/artifacts/{versions[-1]}/lineage?limit=30&types=derived_from").json
    assert (len(cut["data"]["edges"]), cut["meta"]["truncated"]) == (300, True)


def test_a_lineage_leads_through_projects(given, project, producer, made_from):
    elsewhere = given.project("elsewhere")
    a, b, c = given.version(project, "a"), given.version(elsewhere, "b"), given.version(project, "c")
    made_from(a, b)
    made_from(b, c)
    nodes = graph(producer, a)["nodes"]
    assert [(n["project_key"], n["schema_key"]) for n in nodes] == [
        ("spring-brand", "a"), ("elsewhere", "b"), ("spring-brand", "c"),
    ]  # fmt: skip


# Runs


@pytest.fixture
def run(database):
    """`run(execution, stage, *versions, step=…)` links versions with a run."""

    def link(execution, stage, *versions, step=None):
        for version in versions:
            database.run(
                "insert into execution_artifacts (execution_id, step_id, artifact_version_id, stage)"
                " values (%s, %s, %s, %s)", execution, step, version, stage,
            )  # fmt: skip

    return link


def test_runs_stand_between_versions(given, project, producer, run, made_from):
    execution = given.execution()
    step = given.step(execution)
    prompt, logo = (
        given.version(project, "prompt"),
        given.version(project, "logo", step_id=step, execution_id=execution),
    )
    made_from(logo, prompt)
    run(execution, "input", prompt, step=step)

    plain, full = graph(producer, logo), graph(producer, logo, "include=runs")

    assert {n["kind"] for n in plain["nodes"]} == {"version"}
    kinds = {n["id"]: n["kind"] for n in full["nodes"]}
    assert kinds == dict(
        zip(texts(prompt, logo, step, execution), ["version", "version", "step", "execution"], strict=True)
    )
    assert triples(full) == {
        (str(logo), str(prompt), "derived_from"), (str(logo), str(step), "generated_by"),
        (str(step), str(prompt), "used"), (str(step), str(execution), "part_of"),
    }  # fmt: skip


def test_a_graph_is_drawn_from_one_answer(given, project, producer, run):
    """Pictures, statuses and the names between: nothing has to be asked again for a node."""
    execution = given.execution()
    step = given.step(execution, step_name="edit_frame1", attempt=2)
    prompt = given.version(project, "prompt", files=(given.file("text/plain"),))
    logo = given.approved(project, "logo", step_id=step, files=(given.file(),))
    run(execution, "input", prompt, step=step)

    nodes = {n["id"]: n for n in graph(producer, logo, "include=runs")["nodes"]}

    assert [(nodes[str(n)]["status"], nodes[str(n)]["primary_file_type"]) for n in (prompt, logo)] == [
        ("pending", "text/plain"), ("approved", "image/png"),
    ]  # fmt: skip
    assert (nodes[str(step)]["name"], nodes[str(step)]["attempt"]) == ("edit_frame1", 2)
    assert (nodes[str(execution)]["attempt"], nodes[str(execution)]["status"]) == (None, "running")


def test_a_run_connects_what_no_relation_does(given, project, producer, run):
    execution = given.execution()
    prompt, logo, twin = (
        given.version(project, "prompt"),
        given.version(project, "logo"),
        given.version(project, "twin"),
    )
    run(execution, "input", prompt)
    run(execution, "generated", logo, twin)

    up = graph(producer, logo, "include=runs&direction=ancestors")
    assert depths(up) == {str(logo): 0, str(prompt): -1}
    assert triples(up) == {(str(logo), str(execution), "generated_by"), (str(execution), str(prompt), "used")}
    down = graph(producer, prompt, "include=runs&direction=descendants")
    assert depths(down) == {str(prompt): 0, str(logo): 1, str(twin): 1}
    assert depths(graph(producer, logo, "include=runs&direction=descendants")) == {str(logo): 0}
    assert depths(graph(producer, prompt, "include=runs&direction=ancestors")) == {str(prompt): 0}
    # What a run made beside the version asked for is neither its ancestor nor its descendant.
    assert str(twin) not in depths(graph(producer, logo, "include=runs"))
    cut = producer.get(f"/v1/artifacts/{prompt}/lineage?include=runs&limit=2")
    assert (len(depths(data(cut))), cut.json["meta"]["truncated"]) == (2, True)


# Stale


def replaced(given, project, path, version, status="superseded"):
    """The version is out of date; superseded: another one is approved on its path, which is returned."""
    step = {"superseded": "superseded", "archived": "archived", "rejected": "rejected"}[status]
    given.sidecar.run("update artifact_versions set status = %s where id = %s", step, version)
    return given.approved(project, path) if status == "superseded" else None


def stale(person, project, query=""):
    return data(person.get(f"/v1/projects/{project}/stale?{query}"))


def test_what_was_made_from_a_replaced_version_is_stale(given, project, producer, made_from):
    logo, poster, banner, other = (given.approved(project, path) for path in ("logo", "poster", "banner", "other"))
    made_from(poster, logo)
    made_from(banner, poster)
    made_from(other, banner, relation_type="variant_of")
    assert stale(producer, project) == []
    assert not any(n["stale"] for n in graph(producer, logo)["nodes"])

    new = replaced(given, project, "logo", logo)

    rows = stale(producer, "spring-brand")
    assert [row["schema_key"] for row in rows] == ["banner", "other", "poster"]
    assert rows[0]["sources"] == [
        {"artifact_version_id": str(logo), "project_id": str(project), "project_key": "spring-brand",
         "schema_key": "logo", "version_number": 1, "status": "superseded",
         "successor": {"artifact_version_id": str(new), "version_number": 2}},
    ]  # fmt: skip
    marked = {n["schema_key"]: n["stale"] for n in graph(producer, logo)["nodes"]}
    assert marked == {"logo": False, "poster": True, "banner": True, "other": True}


@pytest.mark.parametrize("status", ["archived", "rejected"])
def test_what_was_made_from_something_put_away_is_stale_without_a_successor(
    given, project, producer, made_from, status
):
    source = given.version(project, "logo") if status == "rejected" else given.approved(project, "logo")
    poster = given.approved(project, "poster")
    made_from(poster, source)
    replaced(given, project, "logo", source, status)
    (row,) = stale(producer, project)
    assert [(s["status"], s["successor"]) for s in row["sources"]] == [(status, None)]


def test_an_edit_of_a_version_is_not_stale_for_replacing_it(given, project, producer, made_from):
    first = given.approved(project, "logo")
    given.sidecar.run("update artifact_versions set status = 'superseded' where id = %s", first)
    second = given.approved(project, "logo")
    made_from(second, first, relation_type="edited_from")
    poster = given.approved(project, "poster")
    made_from(poster, second)
    assert stale(producer, project) == []


def test_an_edit_of_what_was_made_from_a_replaced_version_is_stale(given, project, producer, made_from):
    brief, logo = given.approved(project, "brief"), given.approved(project, "logo")
    made_from(logo, brief)
    given.sidecar.run("update artifact_versions set status = 'superseded' where id = %s", logo)
    edited = given.approved(project, "logo")
    made_from(edited, logo, relation_type="edited_from")
    replaced(given, project, "brief", brief)
    assert [(r["schema_key"], r["version_number"]) for r in stale(producer, project)] == [("logo", 2)]


def test_only_approved_versions_are_listed_and_pending_ones_marked(given, project, producer, made_from):
    logo, poster, draft = (
        given.approved(project, "logo"),
        given.version(project, "poster"),
        given.approved(project, "x"),
    )
    made_from(poster, logo)
    made_from(draft, poster)
    replaced(given, project, "logo", logo)
    assert [row["schema_key"] for row in stale(producer, project)] == ["x"]
    marked = {n["schema_key"]: n["stale"] for n in graph(producer, logo)["nodes"]}
    assert marked == {"logo": False, "poster": True, "x": True}


def test_a_version_elsewhere_is_stale_in_its_own_project(given, project, producer, made_from):
    elsewhere = given.project()
    logo, poster = given.approved(project, "logo"), given.approved(elsewhere, "logo")
    made_from(poster, logo)
    replaced(given, project, "logo", logo)
    assert stale(producer, project) == []
    assert [row["artifact_version_id"] for row in stale(producer, elsewhere)] == texts(poster)


def test_stale_versions_come_in_pages(given, project, producer, made_from):
    logo = given.approved(project, "logo")
    for path in ("c", "a.b", "a.B", "d"):
        made_from(given.approved(project, path), logo)
    replaced(given, project, "logo", logo)
    seen, cursor = [], ""
    while cursor is not None:
        answer = producer.get(f"/v1/projects/{project}/stale?limit=2{f'&cursor={cursor}' if cursor else ''}")
        seen += [row["schema_key"] for row in data(answer)]
        cursor = answer.json["meta"]["next_cursor"]
    assert seen == ["a.B", "a.b", "c", "d"]


def test_the_nearest_sources_are_named_and_no_more_than_ten(given, project, producer, made_from):
    poster, far = given.approved(project, "poster"), given.approved(project, "far")
    near = [given.approved(project, f"near{n}") for n in range(12)]
    made_from(near[0], far)
    made_from(poster, *near)
    for path, version in [("far", far), *((f"near{n}", version) for n, version in enumerate(near))]:
        replaced(given, project, path, version)
    row = next(row for row in stale(producer, project) if row["schema_key"] == "poster")
    assert len(row["sources"]) == 10
    assert all(source["schema_key"].startswith("near") for source in row["sources"])


# Impact


def test_impact_is_what_must_be_looked_at_again(given, project, producer, made_from):
    logo, poster, banner = (given.approved(project, path) for path in ("logo", "poster", "banner"))
    draft, gone = given.version(given.project("elsewhere"), "draft"), given.version(project, "gone", status="rejected")
    made_from(poster, logo)
    made_from(banner, poster)
    made_from(draft, banner)
    made_from(gone, logo)
    made_from(given.version(project, "logo"), logo, relation_type="edited_from")

    answer = producer.get(f"/v1/artifacts/{logo}/impact")

    assert [(r["schema_key"], r["status"], r["direct"]) for r in data(answer)] == [
        ("poster", "approved", True), ("draft", "pending", False), ("banner", "approved", False),
    ]  # fmt: skip
    assert answer.json["meta"] == {"total": 3, "truncated": False}
    cut = producer.get(f"/v1/artifacts/{logo}/impact?limit=1")
    assert ([r["schema_key"] for r in data(cut)], cut.json["meta"]) == (["poster"], {"total": 3, "truncated": True})
    assert producer.get(f"/v1/artifacts/{banner}/impact").json["meta"]["total"] == 1
    assert producer.get(f"/v1/artifacts/{draft}/impact").json == {"data": [], "meta": {"total": 0, "truncated": False}}


@pytest.mark.parametrize("seed", range(4))
def test_what_is_stale_after_a_change_is_what_impact_said_before(given, project, producer, made_from, seed):
    chance = random.Random(seed)
    versions = [given.approved(project, f"v{n}") for n in range(12)]
    for number, version in enumerate(versions):
        made_from(version, *chance.sample(versions[:number], min(number, chance.randint(0, 3))))
    changed = chance.randrange(6)

    expected = data(producer.get(f"/v1/artifacts/{versions[changed]}/impact"))
    replaced(given, project, f"v{changed}", versions[changed])

    found = stale(producer, project)
    assert sorted(r["artifact_version_id"] for r in found) == sorted(r["artifact_version_id"] for r in expected)
    assert {source["artifact_version_id"] for row in found for source in row["sources"]} <= {str(versions[changed])}


# Size


def test_a_hundred_thousand_relations_a_thousand_deep(given, project, producer, database, made_from):
    """Chains of a thousand; every walk stays within the sidecar's statement time-out, and so does the guard."""
    _chains(database, project, 100, 1000)
    first, last = _chained(0, 0), _chained(0, 999)

    up = producer.get(f"/v1/artifacts/{last}/lineage?direction=ancestors&depth=100&limit=5000")
    assert sorted(depths(data(up)).values()) == list(range(-100, 1))
    assert producer.get(f"/v1/artifacts/{first}/impact?limit=1").json["meta"]["total"] == 999
    # the guard: both ends have a thousand versions behind them; the circle would be a thousand long
    assert code(relate(producer, first, last)) == "relation_cycle"
    assert relate(producer, _chained(1, 500), _chained(2, 500)).status_code == 201
    assert stale(producer, project) == []
    replaced(given, project, "c0.v0", first)
    assert len(stale(producer, project, "limit=500")) == 500


def _chained(chain, number):
    return uuid.uuid5(UNKNOWN, f"{chain}/{number}")


def _chains(database, project, chains, length):
    ids = Jsonb([[str(_chained(chain, number)) for number in range(length)] for chain in range(chains)])
    with database.connection.transaction():
        database.run("alter table artifact_versions disable trigger all")
        database.run("alter table artifact_relations disable trigger all")
        database.run(
            "insert into artifact_versions (id, project_id, schema_key, version_number, status, value, date_created)"
            " select v::uuid, %s, format('c%%s.v%%s', c.number - 1, n.number - 1), 1, 'approved', '{}', now()"
            " from jsonb_array_elements(%s) with ordinality c (ids, number),"
            " jsonb_array_elements_text(c.ids) with ordinality n (v, number)",
            project, ids,
        )  # fmt: skip
        database.run(
            "insert into artifact_relations (from_version_id, to_version_id, relation_type)"
            " select (c.ids ->> n)::uuid, (c.ids ->> n - 1)::uuid, 'derived_from'"
            " from jsonb_array_elements(%s) c (ids), generate_series(1, %s) n",
            ids, length - 1,
        )  # fmt: skip
        for table in ("artifact_versions", "artifact_relations"):
            names = database.column(
                "select tgname from pg_trigger where tgrelid = %s::regclass and not tgisinternal", table
            )
            database.run(f"alter table {table} enable trigger all")
            for name in names:
                database.run(f"alter table {table} enable always trigger {name}")
