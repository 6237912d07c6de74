"""Relations through Directus' own REST: the same rules as through the API."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.directus.people import Answer, Person
from tests.directus.works import Database, Producer, Reviews


def relate(person: Person, newer: str, source: str, relation_type: str = "derived_from") -> Answer:
    relation = {"from_version_id": newer, "to_version_id": source, "relation_type": relation_type}
    return person.post("/items/artifact_relations", relation)


def test_a_circle_is_refused_with_its_sentence(given: Producer, producer: Person, database: Database) -> None:
    logo, poster, flyer = given.candidates(["logo", "poster", "flyer"]).versions
    assert relate(producer, poster, logo).data["date_created"]
    assert relate(producer, flyer, poster).status == 200

    refused = relate(producer, logo, flyer)

    assert (refused.status, refused.code) == (409, "relation_cycle")
    assert refused.sentence == "The source was itself made from this version, directly or through others."
    assert database.rows("select from artifact_relations where from_version_id = %s", logo) == []


def test_two_halves_of_a_circle_at_once_make_none(given: Producer, producer: Person, database: Database) -> None:
    for _ in range(5):
        logo, poster = given.candidates(["logo", "poster"]).versions
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda ends: relate(producer, *ends), [(logo, poster), (poster, logo)]))
        assert sorted(answer.status for answer in answers) == [200, 409]
        rows = database.rows("select from artifact_relations where from_version_id = any(%s)", [logo, poster])
        assert len(rows) == 1


def test_a_relation_never_changes_and_may_be_taken_back_until_the_decision(
    given: Producer, producer: Person, administrator: Person, by_reviewer: Reviews, database: Database
) -> None:
    work = given.candidates(["logo", "poster", "flyer"])
    logo, poster, flyer = work.versions
    relation, mistake = relate(producer, poster, logo).data["id"], relate(producer, poster, flyer).data["id"]

    changed = administrator.patch(f"/items/artifact_relations/{relation}", {"to_version_id": flyer})
    assert (changed.status, changed.code) == (409, "relation_immutable")
    noted = administrator.patch(f"/items/artifact_relations/{relation}", {"metadata": {"tool": "upscaler"}})
    assert noted.data["metadata"] == {"tool": "upscaler"}
    assert administrator.delete(f"/items/artifact_relations/{mistake}").status == 204

    assert by_reviewer.edit(poster, "approved").status == 200
    refused = administrator.delete(f"/items/artifact_relations/{relation}")
    assert (refused.status, refused.code) == (409, "relation_kept")
    kept = database.rows("select id::text from artifact_relations where from_version_id = %s", poster)
    assert [row["id"] for row in kept] == [relation]


def test_a_version_is_created_with_its_sources(given: Producer, producer: Person, database: Database) -> None:
    work = given.candidates(["logo"])
    poster = given.submit(work, "poster", relations=[{"to_version_id": work.version, "relation_type": "edited_from"}])
    row = database.row("select * from artifact_relations where from_version_id = %s", poster)
    assert (str(row["to_version_id"]), row["relation_type"]) == (work.versions[0], "edited_from")
