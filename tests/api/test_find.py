"""Finding versions: each filter, all of them together, words, pages in both orders while versions are added, counts."""

from __future__ import annotations

import threading
from itertools import combinations
from types import SimpleNamespace

import pytest
from psycopg.types.json import Jsonb

from sidecar.provision.database import migrate
from tests.given import code


def ids(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [version["id"] for version in answer.json["data"]]


@pytest.fixture
def find(producer):
    """`find("status=pending", …)`: the ids found, newest first."""
    return lambda *filters: ids(producer.get(f"/v1/artifacts?{'&'.join(filters)}"))


@pytest.fixture
def library(given, producer, reviewer, database):
    """Two projects with something in every state; each name stands for an id."""
    here, there = given.project("here"), given.project("there")
    task = given.task(here)
    run = given.execution(task)
    step = given.step(run)
    image = given.file("image/png", "harbour_at-dawn.png")
    made = SimpleNamespace(here=str(here), there=str(there), task=str(task), run=str(run), step=str(step))
    made.producer = str(producer.id)

    def submit(project, path, value, **fields) -> str:
        answer = producer.submit(project, path, value, **fields)
        assert answer.status_code == 201, answer.text
        return answer.json["data"]["id"]

    made.old = submit(here, "brand.logo", {"mood": "calm sea"}, tags=["draft", "blue"])
    made.logo = submit(here, "brand.logo", {"mood": "stormy sea"}, file_ids=[str(image)], source_task_id=str(task))
    made.scene = submit(here, "scene_images[3]", {"mood": "calm wood"}, execution_id=str(run), step_id=str(step))
    made.later_scene = submit(here, "scene_images[12]", {"seed": 7919, "notes": ["red-hot iron"]})
    made.draft = submit(there, "brand.colors.primary", "#1A365D", status="intermediate", metadata={"by": "Painter XL"})
    made.thin = submit(there, "brand.logo", {"mood": "thin"})
    made.waiting = str(given.approved(there, "song", {"bars": 4}, artifact_type="audio"))
    for action, version in (("approve", made.logo), ("reject", made.thin), ("request_changes", made.scene)):
        answer = reviewer.decide(action, version, reason="Seen.", feedback={"region": [1, 2]})
        assert answer.status_code == 200, answer.text
    database.run("update tasks set title = 'Paint' where id = %s", task)
    return made


EACH = {
    "project_id=here": {"old", "logo", "scene", "later_scene"},
    "project_id=there": {"draft", "thin", "waiting"},
    "schema_key=brand.logo": {"old", "logo", "thin"},
    "schema_key=scene_images[*]": {"scene", "later_scene"},
    "schema_key=brand.*": {"old", "logo", "thin"},
    "schema_key=brand.**": {"old", "logo", "thin", "draft"},
    "schema_key=*": {"waiting"},
    "schema_key=*[3]": {"scene"},
    "status=pending": {"old", "scene", "later_scene"},
    "status=rejected,approved": {"logo", "thin", "waiting"},
    "lifecycle=published": {"logo", "waiting"},
    "approval_status=rejected": {"thin"},
    "review_state=changes_requested": {"scene"},
    "review_state=none": {"old", "logo", "later_scene", "draft", "thin", "waiting"},
    "awaiting_promotion=true": {"waiting"},
    "awaiting_promotion=false": {"old", "logo", "scene", "later_scene", "draft", "thin"},
    "outdated=true": {"old"},
    "outdated=false": {"logo", "scene", "later_scene", "draft", "thin", "waiting"},
    "artifact_type=image": {"logo"},
    "artifact_type=audio,image": {"logo", "waiting"},
    "has_file=true": {"logo"},
    "has_file=false": {"old", "scene", "later_scene", "draft", "thin", "waiting"},
    "tag=blue": {"old"},
    "tag=blue,draft": {"old"},
    "tag=blue,final": set(),
    "user_created=$producer": {"old", "logo", "scene", "later_scene", "draft", "thin"},
    "task_id=$task": {"logo"},
    "execution_id=$run": {"scene"},
    "step_id=$step": {"scene"},
    "created_from=2020-01-01T00:00:00Z": {"old", "logo", "scene", "later_scene", "draft", "thin", "waiting"},
    "created_to=2020-01-01T00:00:00Z": set(),
    "q=calm": {"old", "scene"},
    "q=sea": {"old", "logo"},
}  # fmt: skip
ALL = {"old", "logo", "scene", "later_scene", "draft", "thin", "waiting"}


def said(library, filter_):
    name, _, value = filter_.partition("=")
    return f"{name}={getattr(library, value[1:]) if value.startswith('$') else value}"


def named(library, found) -> set[str]:
    names = {getattr(library, name): name for name in ALL}
    return {names[version] for version in found}


def test_each_filter_finds_what_it_says_and_all_combine(library, find):
    for filter_, expected in EACH.items():
        assert named(library, find(said(library, filter_))) == expected, filter_
    for one, other in combinations(EACH, 2):
        if one.partition("=")[0] != other.partition("=")[0]:
            found = named(library, find(said(library, one), said(library, other)))
            assert found == EACH[one] & EACH[other], (one, other)


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("calm", {"old", "scene"}), ("CALM", {"old", "scene"}), ("ca", {"old", "scene"}), ("al", set()),
        ("calm se", {"old"}), ("se calm", set()), ('"calm sea"', {"old"}), ('"sea calm"', set()),
        ("stormy or wood", {"logo", "scene"}), ("calm -wood", {"old"}), ("sea -stormy", {"old"}),
        ("-sea -calm", ALL - {"old", "logo", "scene"}),
        ("dawn.png", {"logo"}), ("harbour", {"logo"}), ("red-hot", {"later_scene"}), ("hot iron", {"later_scene"}),
        ("7919", {"later_scene"}), ("1a365d", {"draft"}), ("painter", {"draft"}),
        ("brand.logo", {"old", "logo", "thin"}),
        ("draft", {"old"}), ("mood", set()), ("***", set()), ("'", set()), ('"', set()), ("\\ '", set()),
        ("a:b & !c", set()),
    ],
)  # fmt: skip
def test_words_are_found_wherever_they_stand(library, producer, q, expected):
    answer = producer.get("/v1/artifacts", query_string={"q": q.ljust(2)})
    assert named(library, ids(answer)) == expected


def test_versions_from_before_get_their_words_at_the_next_set_up(given, producer, find, database, directus_role, urls):
    project = given.project("here")
    old, changed = (given.version(project, path, {"caption": "The harbour"}) for path in ("a", "b"))
    database.run("delete from sidecar.search_words")
    # By somebody who works meanwhile.
    directus_role.run("""update artifact_versions set tags = '["late"]' where id = %s""", changed)
    assert find("q=harbour") == [str(changed)]

    migrate(urls["admin"])

    assert set(find("q=harbour")) == {str(old), str(changed)}
    assert find("tag=late") == [str(changed)]


def test_words_follow_tags_metadata_and_the_primary_file(given, producer, find, sidecar_role, directus_role):
    version = producer.submit(given.project(), value={"a": "text"}, tags=["one"]).json["data"]["id"]
    assert producer.call("PATCH", f"/v1/artifacts/{version}", json={"tags": ["it's \\ two"]}).status_code == 200
    assert (find("tag=one"), find("tag=it's \\ two")) == ([], [version])
    assert find("q=two", "tag=it's \\ two") == [version]
    sidecar_role.run("update artifact_versions set metadata = %s where id = %s", Jsonb({"codec": "opus"}), version)
    assert find("q=opus") == [version]
    file = given.file(name="late arrival.png")
    directus_role.run(
        "insert into artifact_files (artifact_version_id, directus_files_id, sort) values (%s, %s, 1)", version, file
    )
    directus_role.run("update artifact_versions set tags = '[\"three\"]' where id = %s", version)
    assert find("q=arrival", "tag=three") == [version]


def test_what_directus_inserts_is_found(given, directus_role, find):
    version = directus_role.value(
        "insert into artifact_versions (project_id, schema_key, value, tags) values (%s, 'a', %s, 'null') returning id",
        given.project(), Jsonb({"text": "Ümlaut-Straße"}),
    )  # fmt: skip
    assert find("q=ümlaut stra") == [str(version)]


def test_a_value_of_any_size_is_kept_and_its_beginning_found(given, producer, find):
    value = {"rest": [f"w{n}ö" for n in range(120_000)], "word": "x" * 5_000}
    version = producer.submit(given.project(), value=value).json["data"]["id"]
    assert find("q=w77ö") == [version]
    assert find("q=w119999ö") == []


def test_many_common_and_few_rare_words_are_found_in_order(given, producer, find, sidecar_role, monkeypatch):
    """Near and by the index alike: with one version looked through, the index finds nearly all."""
    monkeypatch.setattr("sidecar.artifacts.find.NEAR", 3)
    project = given.project()
    made = [
        str(given.version(project, f"p{n}", {"t": "even" if n % 2 else "odd"}, tags=Jsonb(["all"]))) for n in range(12)
    ]
    rare = str(given.version(project, "rare", {"t": "zebra"}, date_created="2020-01-01T00:00:00Z"))
    for order, way in (("newest", -1), ("oldest", 1)):
        for filter_, expected in (
            ("q=even", made[1::2]), ("tag=all", made), ("q=zebra", [rare]), ("q=odd or zeb", [rare, *made[::2]]),
        ):  # fmt: skip
            seen, cursor = [], ""
            while cursor is not None:
                answer = producer.get(f"/v1/artifacts?{filter_}&order={order}&limit=2{cursor}")
                seen += ids(answer)
                following = answer.json["meta"]["next_cursor"]
                cursor = following and f"&cursor={following}"
            assert seen == expected[::way], (order, filter_)


@pytest.mark.parametrize("query", ["", "&q=common", "&status=pending", "&tag=kept"])
@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_versions_added_by_others_while_paging_hide_and_repeat_nothing(given, producer, order, query, connect):
    project = given.project()
    value = {"word": "common"}
    made = [str(given.version(project, f"p{n}", value, tags=Jsonb(["kept"]))) for n in range(20)]
    writer, ended, added = connect("directus"), threading.Event(), []

    def write():
        while not ended.is_set() and len(added) < 500:
            added.append(str(writer.value(
                "insert into artifact_versions (project_id, schema_key, value, tags)"
                " values (%s, %s, '{\"word\": \"common\"}', '[\"kept\"]') returning id", project, f"new{len(added)}",
            )))  # fmt: skip

    thread = threading.Thread(target=write)
    thread.start()
    try:
        seen, cursor = [], ""
        while cursor is not None and not set(made) <= set(seen):
            answer = producer.get(f"/v1/artifacts?limit=3&order={order}{query}{cursor}")
            seen += ids(answer)
            following = answer.json["meta"]["next_cursor"]
            cursor = following and f"&cursor={following}"
    finally:
        ended.set()
        thread.join()
    assert added
    assert len(seen) == len(set(seen))
    old = [version for version in seen if version in made]
    assert old == (made[::-1] if order == "newest" else made)


def test_an_inbox_is_oldest_first(library, find):
    found = find("status=pending", "review_state=none", "order=oldest")
    assert found == [library.old, library.later_scene]


def test_rejected_logos_come_with_their_reasons_and_feedback_in_one_call(library, producer):
    answer = producer.get("/v1/artifacts?schema_key=brand.logo&status=rejected&include=approvals")
    (version,) = answer.json["data"]
    assert version["rejection_reason"] == "Seen."
    assert [(r["action"], r["reason"], r["feedback"]) for r in version["approvals"]] == [
        ("reject", "Seen.", {"region": [1, 2]})
    ]
    assert "approvals" not in producer.get("/v1/artifacts?schema_key=brand.logo").json["data"][0]


def test_projects_with_an_approved_logo_are_found(library, producer):
    found = producer.get("/v1/projects?has_approved=brand.logo").json["data"]
    assert [project["key"] for project in found] == ["here"]


def test_a_projects_audit_says_path_actor_and_reason(library, producer, reviewer):
    trail = producer.get("/v1/projects/here/audit").json["data"]
    decided = {(e["action"], e["schema_key"], e["actor_id"], e["reason"]) for e in trail if e["kind"] == "approval"}
    assert decided == {
        ("approve", "brand.logo", str(reviewer.id), "Seen."),
        ("request_changes", "scene_images[3]", str(reviewer.id), "Seen."),
    }


def test_the_approved_versions_of_a_task_are_found(library, find):
    assert find(f"task_id={library.task}", "status=approved") == [library.logo]


@pytest.mark.parametrize(
    "query",
    [
        "schema_key=brand..logo", "schema_key=brand.**.logo", "schema_key=_meta.*", "schema_key=a*", "schema_key=[*]",
        "order=random", "include=all", "review_state=done", "artifact_type=image,", "created_from=5",
        "outdated=perhaps",
        "created_from=2026-01-31T12:00:00", "created_from=2026-01-31", "user_created=me",
    ],
)  # fmt: skip
def test_a_filter_that_cannot_be_meant_is_refused(producer, query):
    answer = producer.get(f"/v1/artifacts?{query}")
    assert answer.status_code == 422, answer.text
    assert code(answer) in ("invalid_value", "schema_key_grammar", "artifact_type_known")


def test_an_index_beyond_the_largest_is_no_pattern(producer):
    assert code(producer.get("/v1/artifacts?schema_key=a[10000].*")) == "schema_key_grammar"


def test_lists_are_planned_for_what_is_asked(given, producer, app):
    """Prepared, they would get one plan for all filters in the end."""
    for _ in range(12):
        producer.get("/v1/artifacts?status=pending")
        producer.get("/v1/artifacts?q=word")
        producer.get("/v1/artifacts/counts?by=project")
    with app.extensions["artifacts"].database.pool.connection() as connection:
        kept = connection.execute("select statement from pg_prepared_statements").fetchall()
    assert kept
    assert not [row for row in kept if "versions_found" in row["statement"]]


# Counting


def counted(producer, query):
    answer = producer.get(f"/v1/artifacts/counts?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json["data"], answer.json["meta"]["complete"]


def test_versions_are_counted_by_what_is_asked(library, producer):
    groups, complete = counted(producer, "")
    assert {g["status"]: g["count"] for g in groups} == {
        "pending": 3, "approved": 2, "intermediate": 1, "rejected": 1,
    }  # fmt: skip
    assert complete
    groups, _ = counted(producer, "by=project,status&status=pending,rejected")
    assert [(g["project_key"], g["status"], g["count"], g["schema_key"]) for g in groups] == [
        ("here", "pending", 3, None), ("there", "rejected", 1, None),
    ]  # fmt: skip


def test_an_inbox_is_counted_by_project_task_and_path_with_its_oldest_moment(library, given, producer):
    waiting = given.version(library.here, "poster", task=library.task, date_created="2020-02-02T00:00:00Z")
    groups, _ = counted(producer, "by=task,project,schema_key&status=pending&review_state=none")
    poster = next(group for group in groups if group["schema_key"] == "poster")
    assert (poster["task_title"], poster["project_id"], poster["count"]) == ("Paint", library.here, 1)
    assert poster["oldest"] == poster["newest"] == "2020-02-02T00:00:00Z"
    assert len(groups) == 3
    assert waiting


def test_counting_takes_the_same_filters_and_words(library, producer):
    for filter_, expected in EACH.items():
        groups, complete = counted(producer, f"by=artifact_type&{said(library, filter_)}")
        assert (sum(g["count"] for g in groups), complete) == (len(expected), True), filter_


def test_counting_ends_and_says_so(library, producer, monkeypatch):
    monkeypatch.setattr("sidecar.artifacts.find.MOST_COUNTED", 2)
    for query in ("by=status", "by=status&q=sea or calm"):
        groups, complete = counted(producer, query)
        assert sum(g["count"] for g in groups) <= 2
        assert not complete
    assert counted(producer, "by=status&project_id=there&q=thin")[1]


def test_the_largest_groups_come_first_and_no_more_than_asked_for(library, producer):
    groups, complete = counted(producer, "by=schema_key&limit=1")
    assert ([(g["schema_key"], g["count"]) for g in groups], complete) == ([("brand.logo", 3)], True)


def test_what_cannot_be_counted_by_is_refused(producer):
    for query in ("by=colour", "by=", "by=status,", "limit=0", "limit=1001"):
        assert producer.get(f"/v1/artifacts/counts?{query}").status_code == 422, query
