"""Submitting an output: POST /v1/artifacts."""

from __future__ import annotations

import pytest

from tests.given import code


def test_a_first_submission_becomes_version_one_and_waits_for_review(given, producer, database):
    project = given.project("spring-brand")

    answer = producer.submit("spring-brand", "brand.logo", {"primary": "#1A365D"}, tags=["blue"], source_url="s3://a/b")

    version = answer.json["data"]
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/v1/artifacts/{version['id']}"
    assert (version["version_number"], version["status"], version["artifact_type"]) == (1, "pending", "json")
    assert answer.json["meta"] == {"existing": False, "rejection_reason": None}
    row = database.version(version["id"])
    assert (row["project_id"], row["schema_key"], row["value"]) == (project, "brand.logo", {"primary": "#1A365D"})
    assert (row["tags"], row["source_url"], row["user_created"]) == (["blue"], "s3://a/b", producer.id)
    assert row["request_id"] == answer.headers["X-Request-Id"]


def test_each_path_counts_its_own_versions_and_each_version_names_the_one_before(given, producer, database):
    project = given.project()

    logos = [producer.submit(project, "brand.logo", {"n": n}).json["data"] for n in range(3)]
    first_color = producer.submit(project, "brand.colors", {"n": 0}).json["data"]

    assert [v["version_number"] for v in logos] == [1, 2, 3]
    assert [v["parent_id"] for v in logos] == [None, logos[0]["id"], logos[1]["id"]]
    assert (first_color["version_number"], first_color["parent_id"]) == (1, None)
    assert database.value("select count(*) from artifact_versions") == 4


def test_a_named_parent_stays_the_parent(given, producer):
    project = given.project()
    draft = producer.submit(project, value="a draft").json["data"]["id"]
    producer.submit(project, value="another")

    edited = producer.submit(project, value="the draft, edited", parent_id=draft).json["data"]

    assert (edited["version_number"], edited["parent_id"]) == (3, draft)


def test_every_json_value_comes_back_as_it_was_sent(given, producer):
    project = given.project()
    deep = {"deep": [[["é", "日本", "😀"]]]}
    for value in (None, "a text", 7, 1.5, True, [], [1, {"a": None}], deep, "\ufffd", 10**400):
        version = producer.submit(project, value=value).json["data"]

        assert version["value"] == value
        assert producer.get(f"/v1/artifacts/{version['id']}").json["data"]["value"] == value


def test_the_same_content_again_is_the_existing_version(given, producer, database):
    project = given.project()
    first = producer.submit(project, value={"a": 1, "b": [1.0, 2]}).json["data"]

    again = producer.submit(project, value={"b": [1, 2], "a": 1})

    assert again.status_code == 200
    assert again.json["data"]["id"] == first["id"]
    assert again.json["meta"]["existing"] is True
    assert database.value("select count(*) from artifact_versions") == 1


def test_the_same_content_is_a_new_version_where_the_caller_says_so(given, producer):
    project = given.project()
    producer.submit(project, value=1)

    again = producer.submit(project, value=1, deduplicate=False)

    assert (again.status_code, again.json["data"]["version_number"]) == (201, 2)


def test_the_same_content_as_an_older_version_is_a_new_version(given, producer):
    project = given.project()
    for value in ("old", "new"):
        producer.submit(project, value=value)

    assert producer.submit(project, value="old").json["data"]["version_number"] == 3


def test_a_rejected_twin_comes_back_with_the_reason_of_its_rejection(given, producer, reviewer, database):
    project = given.project()
    first = producer.submit(project, value={"logo": "with serifs"}).json["data"]["id"]
    reviewer.decide("reject", first, reason="No serifs.")

    again = producer.submit(project, value={"logo": "with serifs"})

    assert (again.status_code, again.json["data"]["id"]) == (200, first)
    assert again.json["data"]["status"] == "rejected"
    assert again.json["meta"] == {"existing": True, "rejection_reason": "No serifs."}
    assert database.value("select count(*) from artifact_versions") == 1


def test_an_intermediate_draft_is_not_taken_for_the_same_content_submitted_for_review(given, producer):
    project = given.project()
    draft = producer.submit(project, value=1, status="intermediate").json["data"]

    submitted = producer.submit(project, value=1).json["data"]

    assert (draft["status"], submitted["status"]) == ("intermediate", "pending")
    assert submitted["version_number"] == 2


def test_a_submission_for_a_task_is_linked_and_sends_the_task_to_review(given, producer, database):
    project = given.project()
    task = given.task(project, "in_progress")

    first, second = (
        producer.submit(project, path, value=1, source_task_id=str(task)).json["data"]["id"] for path in ("a", "b")
    )

    assert database.task(task)["status"] == "needs_review"
    links = database.all("select * from task_artifacts where task_id = %s order by sort", task)
    assert [(str(link["artifact_version_id"]), link["sort"]) for link in links] == [(first, 1), (second, 2)]


def test_an_existing_twin_is_linked_to_the_task_that_submits_it_again(given, producer, database):
    project = given.project()
    version = producer.submit(project, value=1).json["data"]["id"]
    task = given.task(project)

    for _ in range(2):
        producer.submit(project, value=1, source_task_id=str(task))

    links = database.column("select artifact_version_id::text from task_artifacts where task_id = %s", task)
    assert links == [version]
    assert database.task(task)["status"] == "needs_review"


@pytest.mark.parametrize(("before", "status"), [("in_progress", "intermediate"), ("cancelled", "pending")])
def test_a_draft_or_a_cancelled_task_asks_nobody_for_review(given, producer, database, before, status):
    project = given.project()
    task = given.task(project, before)

    producer.submit(project, value=1, status=status, source_task_id=str(task))

    assert database.task(task)["status"] == before


def test_the_execution_gets_the_version_as_its_output(given, producer, database):
    project = given.project()
    execution = given.execution(given.task(project))
    step = given.step(execution)

    version = producer.submit(project, value=1, execution_id=str(execution), step_id=str(step)).json["data"]

    assert (version["execution_id"], version["step_id"]) == (str(execution), str(step))
    link = database.one("select * from execution_artifacts")
    assert (link["execution_id"], str(link["artifact_version_id"]), link["stage"]) == (
        execution,
        version["id"],
        "generated",
    )


def test_sources_become_derived_from_relations(given, producer, database):
    project = given.project()
    sources = [given.version(project, path) for path in ("script", "voice")]

    version = producer.submit(project, "film", value=1, derived_from=[str(source) for source in sources]).json["data"]

    relations = database.all("select * from artifact_relations")
    assert {(str(r["from_version_id"]), r["to_version_id"], r["relation_type"]) for r in relations} == {
        (version["id"], source, "derived_from") for source in sources
    }


def test_files_keep_their_order_and_the_primary_file_is_among_them_and_first(given, producer, database):
    project = given.project()
    front, back, spine = given.file(), given.file(), given.file("application/pdf")

    version = producer.submit(
        project, "cover", file_ids=[str(front), str(back), str(front)], primary_file_id=str(spine)
    ).json["data"]

    assert version["primary_file_id"] == str(spine)
    assert [file["id"] for file in version["files"]] == [str(spine), str(front), str(back)]
    assert version["artifact_type"] == "document"
    links = database.all("select * from artifact_files order by sort")
    assert [(link["directus_files_id"], link["sort"]) for link in links] == [(spine, 1), (front, 2), (back, 3)]


def test_the_first_file_is_the_primary_one_unless_another_is_named(given, producer):
    file = given.file("image/png")

    version = producer.submit(given.project(), "cover", file_ids=[str(file)]).json["data"]

    assert (version["primary_file_id"], version["artifact_type"]) == (str(file), "image")


def test_paths_of_every_allowed_shape_are_taken(given, producer):
    for path in ("a", "a.b-c.D_9", "scenes[0]", "scenes[9999].image", ".".join("abcdefgh"), "x" * 255):
        assert producer.submit(given.project(), path).json["data"]["schema_key"] == path


CONFLICTING = [
    ("brand", "brand.logo"),
    ("brand.logo", "brand"),
    ("brand.logo", "brand.logo.svg"),
    ("scenes[1]", "scenes"),
    ("scenes", "scenes[1]"),
    ("scenes[1]", "scenes[1].image"),
    ("scenes[1].image", "scenes[1]"),
    ("scenes[1]", "scenes.first"),
    ("scenes.first", "scenes[1]"),
    ("scenes.first.image", "scenes[0].image"),
    ("film.scenes[1].image", "film.scenes.cast"),
]
BESIDE = [
    ("brand.logo", "brand.logos"),
    ("brand.logo", "brand.logo-dark"),
    ("brand.logo", "brand.lo"),
    ("brand", "brand-2.logo"),
    ("scenes[1]", "scenes[2]"),
    ("scenes[1].image", "scenes[1].sound"),
    ("scenes[1]", "scenes_2"),
    ("scenes[1]", "scenes[10].image"),
]


def test_a_path_cannot_stand_above_below_or_as_a_list_beside_an_object(given, producer, database):
    for used, wanted in CONFLICTING:
        project = given.project()
        producer.submit(project, used)

        with database.unchanged():
            answer = producer.submit(project, wanted)

        assert (answer.status_code, code(answer)) == (409, "path_conflict"), (used, wanted)
        assert used in answer.json["errors"][0]["message"]


def test_paths_beside_each_other_both_stand(given, producer):
    for used, wanted in BESIDE:
        project = given.project()
        producer.submit(project, used)

        assert producer.submit(project, wanted).status_code == 201, (used, wanted)
        # and in another project everything is free
        assert producer.submit(given.project(), used.split(".")[0].split("[")[0]).status_code == 201


def test_a_path_is_free_again_when_its_versions_are_rejected_or_archived(given, producer):
    project = given.project()
    given.version(project, "brand", status="rejected")
    given.version(project, "brand", status="archived")

    assert producer.submit(project, "brand.logo").status_code == 201


def test_without_files_the_address_of_the_bytes_is_content(given, producer):
    project = given.project()
    addresses = ["https://cdn.example.com/a.png", "https://cdn.example.com/b.png", "https://cdn.example.com/b.png"]

    answers = [producer.submit(project, "brand.logo", source_url=address) for address in addresses]

    assert [(answer.status_code, answer.json["data"]["version_number"]) for answer in answers] == [
        (201, 1), (201, 2), (200, 2),
    ]  # fmt: skip
    assert answers[0].json["data"]["files"] == []
