"""What nobody writes past the registry, Directus' administrator included: refused, and nothing changed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from sidecar.provision.ids import REVIEW_FLOW, REVIEWER_USER
from tests.directus.people import Answer, Person
from tests.directus.works import LOGO, Database, Producer, Reviews, Work, promoted

WHEN = "2001-02-03T04:05:06Z"


@dataclass
class Scene:
    """Work of which `approved` is in the context and `pending` waits; `other` is work of somebody else."""

    work: Work
    other: Work
    approved: str
    pending: str
    approval: str
    promotion: str
    link: str


@pytest.fixture
def scene(given: Producer, by_administrator: Reviews, database: Database) -> Scene:
    work = given.candidates([LOGO, LOGO], pictures=True)
    approved, pending = work.versions
    by_administrator.press([approved], "approve").data  # noqa: B018  asserts
    promoted(database, work)
    (record,) = database.approvals(approved)
    (promotion,) = database.promotions(work.project)
    link = database.row("select id from artifact_files where artifact_version_id = %s", approved)["id"]
    other = given.candidates(["brand.colors"], pictures=True)
    return Scene(work, other, approved, pending, str(record["id"]), str(promotion["id"]), str(link))


@contextmanager
def unchanged(database: Database, scene: Scene) -> Iterator[None]:
    before = [database.everything_of(scene.work), database.everything_of(scene.other)]
    yield
    assert [database.everything_of(scene.work), database.everything_of(scene.other)] == before


def is_refusal(answer: Answer) -> bool:
    return 400 <= answer.status < 500 and answer.sentence.endswith(".") and "unexpected" not in answer.sentence


def assert_refused(answer: Answer) -> None:
    """With a client's error and a sentence that a person understands."""
    assert 400 <= answer.status < 500, f"{answer.status}: {answer.body}"
    assert answer.sentence.endswith("."), answer.sentence
    assert " " in answer.sentence
    assert "unexpected" not in answer.sentence


# Fields of versions

FROZEN: dict[str, Callable[[Scene], object]] = {
    "project_id": lambda scene: scene.other.project,
    "schema_key": lambda scene: "brand.mark",
    "version_number": lambda scene: 7,
    "artifact_type": lambda scene: "video",
    "value": lambda scene: {"format": "forged"},
    "metadata": lambda scene: {"width": 1},
    "parent_id": lambda scene: scene.other.version,
    "source_task_id": lambda scene: scene.other.task,
    "execution_id": lambda scene: scene.other.execution,
    "step_id": lambda scene: scene.other.step,
    "request_id": lambda scene: "forged",
    "source_url": lambda scene: "https://example.com/forged.png",
    "user_created": lambda scene: REVIEWER_USER,
    "date_created": lambda scene: WHEN,
}
DECISIVE: dict[str, Callable[[Scene], object]] = {
    "review_state": lambda scene: "changes_requested",
    "approved_at": lambda scene: WHEN,
    "approved_by": lambda scene: REVIEWER_USER,
    "rejection_reason": lambda scene: "forged",
    "promoted_at": lambda scene: WHEN,
}
SEALED: dict[str, Callable[[Scene], object]] = {
    "primary_file_id": lambda scene: scene.other.files[0],
    "content_hash": lambda scene: "0" * 64,
}

Way = Callable[[Person, Scene, str, dict], Answer]


def alone(person: Person, scene: Scene, version: str, edit: dict) -> Answer:
    return person.patch(f"/items/artifact_versions/{version}", edit)


def by_keys(person: Person, scene: Scene, version: str, edit: dict) -> Answer:
    return person.patch("/items/artifact_versions", {"keys": [version], "data": edit})


def by_query(person: Person, scene: Scene, version: str, edit: dict) -> Answer:
    return person.patch("/items/artifact_versions", {"query": {"filter": {"id": {"_eq": version}}}, "data": edit})


def in_an_array(person: Person, scene: Scene, version: str, edit: dict) -> Answer:
    return person.patch("/items/artifact_versions", [{"id": version, **edit}])


def through_its_project(person: Person, scene: Scene, version: str, edit: dict) -> Answer:
    versions = {"create": [], "update": [{"id": version, **edit}], "delete": []}
    return person.patch(f"/items/projects/{scene.work.project}", {"versions": versions})


def through_its_task(person: Person, scene: Scene, version: str, edit: dict) -> Answer:
    links = {"create": [{"artifact_version_id": {"id": version, **edit}}], "update": [], "delete": []}
    return person.patch(f"/items/tasks/{scene.work.task}", {"artifacts": links})


def through_an_approval(person: Person, scene: Scene, version: str, edit: dict) -> Answer:
    record = {"action": "comment", "reason": "forged", "artifact_version_id": {"id": version, **edit}}
    return person.post("/items/artifact_approvals", record)


def by_import(person: Person, scene: Scene, version: str, edit: dict) -> Answer:
    rows = json.dumps([{"id": version, **edit}]).encode()
    return person.post("/utils/import/artifact_versions", files={"file": ("rows.json", rows, "application/json")})


def by_graphql(person: Person, scene: Scene, version: str, edit: dict) -> Answer:
    text = "mutation($id: ID!, $data: update_artifact_versions_input!) "
    text += "{ update_artifact_versions_item(id: $id, data: $data) { id } }"
    foreign = {name: {"id": value} for name, value in edit.items() if name in FOREIGN}
    answer = person.post("/graphql", {"query": text, "variables": {"id": version, "data": edit | foreign}})
    # GraphQL answers 200 with errors in it; what Directus would have answered by REST is in their extensions.
    return (
        Answer(400, answer.body, answer.headers)
        if isinstance(answer.body, dict) and "errors" in answer.body
        else answer
    )


FOREIGN = ("project_id", "parent_id", "source_task_id", "execution_id", "step_id", "primary_file_id")
WAYS = [
    alone,
    by_keys,
    by_query,
    in_an_array,
    through_its_project,
    through_its_task,
    through_an_approval,
    by_import,
    by_graphql,
]


def by_name(ways: list) -> list:
    return [pytest.param(way, id=way.__name__) for way in ways]


def assert_each_refused(person: Person, scene: Scene, version: str, way: Way, edits: dict) -> None:
    """Every field by itself, so that none hides behind another's refusal."""
    taken = {}
    for field, value in edits.items():
        answer = way(person, scene, version, {field: value(scene)})
        if not is_refusal(answer):
            taken[field] = (answer.status, answer.body)
    assert taken == {}


@pytest.mark.parametrize("way", by_name(WAYS))
def test_no_field_of_a_pending_version_is_changed(
    administrator: Person, database: Database, scene: Scene, way: Way
) -> None:
    with unchanged(database, scene):
        assert_each_refused(administrator, scene, scene.pending, way, FROZEN | DECISIVE)


@pytest.mark.parametrize("way", by_name(WAYS))
def test_no_field_of_an_approved_version_is_changed(
    administrator: Person, database: Database, scene: Scene, way: Way
) -> None:
    with unchanged(database, scene):
        assert_each_refused(administrator, scene, scene.approved, way, FROZEN | DECISIVE | SEALED)


@pytest.mark.parametrize("way", by_name([alone, by_keys]))
def test_what_was_decided_is_not_emptied(administrator: Person, database: Database, scene: Scene, way: Way) -> None:
    empty = {"value": None, "source_task_id": None, "user_created": None, "primary_file_id": None}
    empty |= {"approved_at": None, "approved_by": None, "promoted_at": None}
    edits = {field: lambda scene, value=value: value for field, value in empty.items()}
    with unchanged(database, scene):
        assert_each_refused(administrator, scene, scene.approved, way, edits)


@pytest.mark.parametrize("way", by_name([alone, by_keys, by_query]))
def test_the_id_of_a_version_stays(administrator: Person, database: Database, scene: Scene, way: Way) -> None:
    with unchanged(database, scene):  # Directus passes over it without a word
        way(administrator, scene, scene.pending, {"id": str(uuid.uuid4())})


@pytest.mark.parametrize("way", by_name(WAYS))
def test_every_way_writes_what_may_be_written(
    administrator: Person, database: Database, scene: Scene, way: Way
) -> None:
    """Else the refusals above could be about something else."""
    answer = way(administrator, scene, scene.pending, {"tags": ["nice"]})

    if way is through_an_approval:  # a record is written by itself, whatever it holds of its version
        assert answer.code == "decide_separately"
    else:
        assert answer.status < 300, answer.body
        assert database.version(scene.pending)["tags"] == ["nice"]


@pytest.mark.parametrize("forged", ["0" * 64, None])
def test_the_hash_of_a_content_comes_from_the_registry(
    administrator: Person,
    database: Database,
    scene: Scene,
    given_person: Callable,
    environment: dict,
    forged: str | None,
) -> None:
    agent = given_person(environment["DIRECTUS_PRODUCER_TOKEN"], url=environment["SIDECAR_URL"])
    submission = {"project_id": scene.work.project, "schema_key": LOGO, "value": {"format": "SVG"}}
    version = agent.post("/v1/artifacts", submission).data["id"]
    with unchanged(database, scene):
        assert_refused(alone(administrator, scene, version, {"content_hash": forged}))


# Status

# The ways in which Directus holds a transaction open, which it could still roll back: they never decide.
IN_A_TRANSACTION = [in_an_array, through_its_project, through_its_task, through_an_approval, by_import]


DECIDED_BY_STATUS = ["approved", "rejected", "archived"]


@pytest.mark.parametrize("way", by_name(IN_A_TRANSACTION))
def test_a_status_inside_another_edit_is_refused_and_names_reviews(
    administrator: Person, database: Database, scene: Scene, way: Way
) -> None:
    for status in DECIDED_BY_STATUS:
        with unchanged(database, scene):
            answer = way(administrator, scene, scene.pending, {"status": status})
            assert_refused(answer)
        if way is through_an_approval:
            assert answer.code == "decide_separately"
        else:
            assert answer.code == "decide_through_reviews"
            assert "/v1/reviews" in answer.sentence


@pytest.mark.parametrize("way", by_name([alone, by_keys, by_query, by_graphql]))
def test_a_decision_is_not_taken_back(administrator: Person, database: Database, scene: Scene, way: Way) -> None:
    for status in ["pending", "rejected", "archived", "intermediate", "superseded", "published"]:
        with unchanged(database, scene):
            assert_refused(way(administrator, scene, scene.approved, {"status": status}))


@pytest.mark.parametrize("way", by_name([alone, by_keys, by_query, by_graphql]))
def test_a_status_that_nobody_decides_is_refused(
    administrator: Person, database: Database, scene: Scene, way: Way
) -> None:
    for status in ["intermediate", "superseded", "published", "", None]:
        with unchanged(database, scene):
            assert_refused(way(administrator, scene, scene.pending, {"status": status}))


def test_a_decision_beside_another_change_is_refused_whole(
    administrator: Person, database: Database, scene: Scene
) -> None:
    with unchanged(database, scene):
        answer = alone(administrator, scene, scene.pending, {"status": "approved", "tags": ["nice"]})
        assert (answer.status, answer.code) == (409, "decide_separately")


def test_one_version_that_cannot_be_decided_keeps_the_others_undecided(
    given: Producer, by_administrator: Reviews, database: Database
) -> None:
    work = given.candidates([LOGO, "brand.colors"])
    by_administrator.edit(work.versions[1], "rejected").data  # noqa: B018  asserts
    before = database.everything_of(work)

    many = {"keys": work.versions, "data": {"status": "approved"}}
    assert_refused(by_administrator.person.patch("/items/artifact_versions", many))

    assert database.everything_of(work) == before


# Inserts


def version_of(scene: Scene, **fields: object) -> dict:
    return {"project_id": scene.work.project, "schema_key": LOGO, "value": {"format": "PNG"}, **fields}


DECIDED = {
    "approved": {"status": "approved"},
    "rejected": {"status": "rejected", "rejection_reason": "forged"},
    "superseded": {"status": "superseded"},
    "archived": {"status": "archived"},
    "published": {"status": "published"},
    "with an approval": {"status": "pending", "approved_at": WHEN},
    "with a review": {"review_state": "changes_requested"},
    "with a promotion": {"promoted_at": WHEN},
    "with a reason": {"rejection_reason": "forged"},
    "on no path": {"schema_key": "no..path"},
    "below a path in use": {"schema_key": f"{LOGO}.mark"},
    "of an unknown type": {"artifact_type": "hologram"},
}


@pytest.mark.parametrize("fields", DECIDED.values(), ids=DECIDED)
def test_a_version_is_not_inserted(administrator: Person, database: Database, scene: Scene, fields: dict) -> None:
    with unchanged(database, scene):
        assert_refused(administrator.post("/items/artifact_versions", version_of(scene, **fields)))


def test_a_decided_version_is_not_inserted_with_its_project(
    administrator: Person, database: Database, scene: Scene
) -> None:
    with unchanged(database, scene):
        create = {"versions": {"create": [version_of(scene, status="approved")], "update": [], "delete": []}}
        assert_refused(administrator.patch(f"/items/projects/{scene.work.project}", create))


def test_a_claimed_number_and_hash_are_replaced(administrator: Person, database: Database, scene: Scene) -> None:
    claim = version_of(scene, version_number=99, content_hash="0" * 64)

    created = administrator.post("/items/artifact_versions", claim).data

    assert created["version_number"] == 3
    assert database.version(created["id"])["content_hash"] != claim["content_hash"]


# Approval records, promotions and context

ACTIONS = ["supersede", "archive", "withdraw", "lock", "unlock", "tag", "share", "import", "nonsense", "", None]


@pytest.mark.parametrize("action", ACTIONS)
def test_an_approval_record_of_another_action_is_refused(
    administrator: Person, database: Database, scene: Scene, action: str | None
) -> None:
    with unchanged(database, scene):
        record = {"artifact_version_id": scene.pending, "action": action, "reason": "forged"}
        assert_refused(administrator.post("/items/artifact_approvals", record))


def test_an_approval_record_without_a_version_is_refused(
    administrator: Person, database: Database, scene: Scene
) -> None:
    with unchanged(database, scene):
        record = {"project_id": scene.work.project, "action": "approve"}
        assert_refused(administrator.post("/items/artifact_approvals", record))


def test_an_approval_record_of_a_version_that_is_not_there_is_refused(
    administrator: Person, database: Database, scene: Scene
) -> None:
    with unchanged(database, scene):
        record = {"artifact_version_id": str(uuid.uuid4()), "action": "approve"}
        assert_refused(administrator.post("/items/artifact_approvals", record))


def test_an_approval_record_inside_its_version_is_refused(
    administrator: Person, database: Database, scene: Scene
) -> None:
    with unchanged(database, scene):
        records = {"create": [{"action": "supersede", "reason": "forged"}], "update": [], "delete": []}
        assert_refused(alone(administrator, scene, scene.pending, {"approvals": records}))


RECORDS: dict[str, Callable[[Scene], tuple[str, str, object]]] = {
    "approval: reason": lambda s: ("PATCH", f"/items/artifact_approvals/{s.approval}", {"reason": "forged"}),
    "approval: actor": lambda s: ("PATCH", f"/items/artifact_approvals/{s.approval}", {"actor_id": None}),
    "approval: action": lambda s: ("PATCH", f"/items/artifact_approvals/{s.approval}", {"action": "reject"}),
    "approval: version": lambda s: (
        "PATCH", f"/items/artifact_approvals/{s.approval}", {"artifact_version_id": s.pending},
    ),
    "approval: through its version": lambda s: (
        "PATCH", f"/items/artifact_versions/{s.approved}",
        {"approvals": {"create": [], "update": [{"id": s.approval, "reason": "forged"}], "delete": []}},
    ),
    "promotion: changes": lambda s: ("PATCH", f"/items/promotions/{s.promotion}", {"changes": []}),
    "promotion: reason": lambda s: ("PATCH", f"/items/promotions/{s.promotion}", {"reason": "forged"}),
    "promotion: number": lambda s: ("PATCH", "/items/promotions", [{"id": s.promotion, "context_version": 9}]),
    "promotion: create": lambda s: (
        "POST", "/items/promotions", {"project_id": s.work.project, "context_version": 2, "changes": []},
    ),
    "promotion: through its project": lambda s: (
        "PATCH", f"/items/projects/{s.work.project}",
        {"promotions": {"create": [{"context_version": 2, "changes": []}], "update": [], "delete": []}},
    ),
    "context": lambda s: ("PATCH", f"/items/projects/{s.work.project}", {"context": {}}),
    "context: null": lambda s: ("PATCH", f"/items/projects/{s.work.project}", {"context": None}),
    "context: by keys": lambda s: (
        "PATCH", "/items/projects", {"keys": [s.work.project], "data": {"context": {"forged": 1}}},
    ),
    "context: in an array": lambda s: ("PATCH", "/items/projects", [{"id": s.work.project, "context": {"forged": 1}}]),
    "context: through a version": lambda s: (
        "PATCH", f"/items/artifact_versions/{s.pending}",
        {"project_id": {"id": s.work.project, "context": {"forged": 1}}},
    ),
    "context version": lambda s: ("PATCH", f"/items/projects/{s.work.project}", {"context_version": 9}),
    "context version: null": lambda s: ("PATCH", f"/items/projects/{s.work.project}", {"context_version": None}),
    "context: of a new project": lambda s: ("POST", "/items/projects", {"title": "x", "context": {"forged": 1}}),
    "context version: of a new project": lambda s: ("POST", "/items/projects", {"title": "x", "context_version": 3}),
    "link: file": lambda s: ("PATCH", f"/items/artifact_files/{s.link}", {"directus_files_id": s.other.files[0]}),
    "link: version": lambda s: ("PATCH", f"/items/artifact_files/{s.link}", {"artifact_version_id": s.pending}),
    "link: added after the decision": lambda s: (
        "POST", "/items/artifact_files",
        {"artifact_version_id": s.approved, "directus_files_id": s.other.files[0], "sort": 2},
    ),
    "link: taken off in the form": lambda s: (
        "PATCH", f"/items/artifact_versions/{s.approved}",
        {"files": {"create": [], "update": [], "delete": [s.link]}},
    ),
    "link: all taken off": lambda s: ("PATCH", f"/items/artifact_versions/{s.approved}", {"files": []}),
    "versions: taken off their project": lambda s: (
        "PATCH", f"/items/projects/{s.work.project}", {"versions": []},
    ),
    "versions: deleted through their project": lambda s: (
        "PATCH", f"/items/projects/{s.work.project}",
        {"versions": {"create": [], "update": [], "delete": [s.approved]}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("request_of", RECORDS.values(), ids=RECORDS)
def test_a_record_is_not_written(
    administrator: Person, database: Database, scene: Scene, request_of: Callable[[Scene], tuple[str, str, object]]
) -> None:
    with unchanged(database, scene):
        assert_refused(administrator.send(*request_of(scene)))


DELETED: dict[str, Callable[[Scene], tuple[str, object]]] = {
    "a pending version": lambda s: (f"/items/artifact_versions/{s.pending}", None),
    "an approved version": lambda s: (f"/items/artifact_versions/{s.approved}", None),
    "several versions": lambda s: ("/items/artifact_versions", [s.pending, s.approved]),
    "versions by query": lambda s: (
        "/items/artifact_versions", {"query": {"filter": {"project_id": {"_eq": s.work.project}}}},
    ),
    "an approval record": lambda s: (f"/items/artifact_approvals/{s.approval}", None),
    "a promotion": lambda s: (f"/items/promotions/{s.promotion}", None),
    "a project": lambda s: (f"/items/projects/{s.work.project}", None),
    "several projects": lambda s: ("/items/projects", [s.work.project, s.other.project]),
    "a task": lambda s: (f"/items/tasks/{s.work.task}", None),
    "a run": lambda s: (f"/items/task_executions/{s.work.execution}", None),
    "a step": lambda s: (f"/items/execution_steps/{s.work.step}", None),
    "a file": lambda s: (f"/files/{s.work.files[0]}", None),
    "several files": lambda s: ("/files", [s.work.files[0], s.work.files[1]]),
    "a file's link": lambda s: (f"/items/artifact_files/{s.link}", None),
}  # fmt: skip


@pytest.mark.parametrize("request_of", DELETED.values(), ids=DELETED)
def test_nothing_is_deleted(
    administrator: Person, database: Database, scene: Scene, request_of: Callable[[Scene], tuple[str, object]]
) -> None:
    path, body = request_of(scene)
    with unchanged(database, scene):
        answer = administrator.delete(path, body)
        assert_refused(answer)
        assert answer.status == 409


def test_a_revision_is_not_brought_back(administrator: Person, database: Database, scene: Scene) -> None:
    of_version = {"collection": {"_eq": "artifact_versions"}, "item": {"_eq": scene.approved}}
    revisions = administrator.get("/revisions", filter=json.dumps(of_version), sort="id").data
    with unchanged(database, scene):
        assert_refused(administrator.post(f"/utils/revert/{revisions[0]['id']}"))


def test_a_content_version_of_directus_decides_nothing(administrator: Person, database: Database, scene: Scene) -> None:
    """Content versioning is Directus' own way to change an item later; the collection does not offer it."""
    draft = {"key": "draft", "name": "Draft", "collection": "artifact_versions", "item": scene.pending}
    with unchanged(database, scene):
        assert_refused(administrator.post("/versions", draft))


def test_a_project_without_versions_is_deleted(given: Producer, administrator: Person) -> None:
    work = given.work()

    assert administrator.delete(f"/items/projects/{work.project}").status == 204


# What stays writable


def test_tags_and_the_order_of_files_stay_writable(administrator: Person, database: Database, scene: Scene) -> None:
    assert alone(administrator, scene, scene.approved, {"tags": ["nice"]}).status == 200
    assert administrator.patch(f"/items/artifact_files/{scene.link}", {"sort": 5}).status == 200

    assert database.version(scene.approved)["tags"] == ["nice"]


def test_a_form_that_repeats_the_status_saves_the_rest(administrator: Person, database: Database, scene: Scene) -> None:
    answer = alone(administrator, scene, scene.approved, {"status": "approved", "tags": ["nice"]})

    assert (answer.status, database.version(scene.approved)["tags"]) == (200, ["nice"])


# Who has no right to decide


def decide_by_edit(person: Person, version: str, status: str) -> Answer:
    return person.patch(f"/items/artifact_versions/{version}", {"status": status})


def decide_by_keys(person: Person, version: str, status: str) -> Answer:
    return person.patch("/items/artifact_versions", {"keys": [version], "data": {"status": status}})


def decide_by_query(person: Person, version: str, status: str) -> Answer:
    query = {"filter": {"id": {"_eq": version}}}
    return person.patch("/items/artifact_versions", {"query": query, "data": {"status": status}})


def decide_by_record(person: Person, version: str, status: str) -> Answer:
    action = {"approved": "approve", "rejected": "reject"}[status]
    return person.post("/items/artifact_approvals", {"artifact_version_id": version, "action": action, "reason": "x"})


def decide_by_button(person: Person, version: str, status: str) -> Answer:
    decision = {"approved": "approve", "rejected": "reject"}[status]
    return Reviews(person, REVIEW_FLOW).press([version], decision)


@pytest.mark.parametrize(
    "decide", by_name([decide_by_edit, decide_by_keys, decide_by_query, decide_by_record, decide_by_button])
)
@pytest.mark.parametrize("status", ["approved", "rejected"])
@pytest.mark.parametrize("role", ["anonymous", "producer", "reader"])
def test_nobody_decides_without_the_right(
    request: pytest.FixtureRequest, given: Producer, database: Database, role: str, status: str, decide: Callable
) -> None:
    work = given.candidates()
    person: Person = request.getfixturevalue(role)
    before = database.everything_of(work)

    answer = decide(person, work.version, status)

    assert answer.status in (401, 403), answer.body
    assert database.everything_of(work) == before


def test_a_reader_does_not_learn_what_refers_to_a_project(given: Producer, reader: Person) -> None:
    work = given.candidates()

    answer = reader.delete(f"/items/projects/{work.project}")

    assert (answer.status, answer.code) == (403, "FORBIDDEN")


def test_the_producer_withdraws_a_candidate_of_its_own(given: Producer, producer: Person, database: Database) -> None:
    work = given.candidates()

    answer = decide_by_edit(producer, work.version, "archived")

    assert (answer.status, database.status(work.version)) == (200, "archived")
