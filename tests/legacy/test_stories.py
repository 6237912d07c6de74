"""Stories with a column for each of their media become projects with versions at fixed paths."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from tests.legacy.conftest import stories_in

STORIES = [
    {"id": 1, "title": "The fox", "image_url": "https://cdn.example.test/fox.png",
     "audio_url": "https://cdn.example.test/fox.mp3", "text": "Once upon a time.", "created_at": "2025-11-01 08:00:00",
     "image_alternatives": json.dumps(["https://cdn.example.test/a.png", "https://cdn.example.test/b.png"])},
    {"id": 2, "title": "The owl", "text": "At night.", "created_at": "2025-11-02T08:00:00+02:00"},
    {"id": 3, "title": "Nothing yet"},
]  # fmt: skip


@pytest.fixture
def source(tmp_path):
    return stories_in(tmp_path / "old.sqlite", STORIES)


def column(source, name):
    with closing(sqlite3.connect(source)) as connection:
        return [row[0] for row in connection.execute(f"select {name} from stories order by id")]


def versions(database, key):
    rows = database.all(
        "select v.* from artifact_versions v join projects p on p.id = v.project_id where p.key = %s", key
    )
    return {row["schema_key"]: row for row in rows}


def test_a_story_becomes_a_project_with_its_media_approved_and_promoted(importing, source, database, sound):
    done = importing("stories", "--source", source)

    assert "3 rows: 6 versions made" in done.output
    assert "2 contexts promoted" in done.output
    fox = versions(database, "story-1")
    assert set(fox) == {"cover", "final_audio", "text", "cover_alternatives[0]", "cover_alternatives[1]"}
    assert {row["status"] for row in fox.values()} == {"approved"}
    assert fox["cover"]["source_url"] == "https://cdn.example.test/fox.png"
    assert fox["cover"]["content_hash"]
    assert fox["cover"]["artifact_type"] == "image"
    assert fox["text"]["value"] == "Once upon a time."
    assert fox["text"]["metadata"]["import"] == {"name": "stories", "source_key": "stories/1#text"}
    project = database.one("select * from projects where key = 'story-1'")
    assert (project["title"], project["kind"], project["context_version"]) == ("The fox", "story", 1)
    assert project["context"]["text"]["value"] == "Once upon a time."
    assert len(project["context"]["cover_alternatives"]) == 2
    assert database.value("select count(*) from projects where key = 'story-3'") == 0
    sound("stories", "--source", source)


def test_the_run_that_made_a_story_is_recorded_with_its_times(importing, source, database):
    importing("stories", "--source", source)

    run = database.one("select * from task_executions where name = 'Story 1'")
    assert (run["status"], run["workflow_type"]) == ("completed", "image_to_story")
    assert run["started_at"].isoformat() == "2025-11-01T08:00:00+00:00"
    outputs = "select stage from execution_artifacts where execution_id = %s"
    assert database.column(outputs, run["id"]) == ["approved"] * 5
    assert {row["execution_id"] for row in versions(database, "story-1").values()} == {run["id"]}


def test_alternatives_are_variants_of_what_they_could_stand_for(importing, source, database):
    importing("stories", "--source", source)

    fox = versions(database, "story-1")
    relations = database.all("select * from artifact_relations order by from_version_id")
    assert {row["relation_type"] for row in relations} == {"variant_of"}
    assert {row["to_version_id"] for row in relations} == {fox["cover"]["id"]}
    assert {row["from_version_id"] for row in relations} == {
        fox["cover_alternatives[0]"]["id"], fox["cover_alternatives[1]"]["id"],
    }  # fmt: skip


def test_the_newer_columns_lead_to_the_artifacts_they_name(importing, tmp_path, database):
    source = stories_in(
        tmp_path / "old.sqlite",
        [{"id": 7, "cover_artifact_id": "a-1", "image_url": "https://cdn.example.test/stale.png"}],
        artifacts=[{"artifact_id": "a-1", "artifact_url": "https://cdn.example.test/cover.png", "artifact_path": None}],
    )

    importing("stories", "--source", source)

    assert versions(database, "story-7")["cover"]["source_url"] == "https://cdn.example.test/cover.png"


def test_a_column_that_is_not_there_is_said_and_left_out(importing, tmp_path):
    source = tmp_path / "stories.csv"
    source.write_text("id,text\n1,Once.\n")

    done = importing("stories", "--source", source)

    assert "1 rows: 1 versions made" in done.output
    assert "stories has no column audio_alternatives, audio_file, " in done.output


def test_old_columns_hold_an_address_of_the_approved_file_and_get_their_values_back(
    importing, source, client, database, reviewer
):
    done = importing("stories", "--source", source, "--write-back")
    assert "2 addresses written back" in done.output
    written, other, empty = column(source, "image_url")
    assert (other, empty) == (None, None)
    assert "/v1/stable/" in written

    answer = client.get(written.partition("8090")[2])
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://cdn.example.test/fox.png")
    newer = reviewer.submit("story-1", "cover", source_url="https://cdn.example.test/newer.png").json["data"]["id"]
    reviewer.approve(newer)
    answer = client.get(written.partition("8090")[2])
    assert answer.headers["Location"] == "https://cdn.example.test/newer.png"

    again = importing("stories", "--source", source, "--write-back")
    assert "0 versions made, 6 there already" in again.output
    assert column(source, "image_url")[0] == written

    assert "Old columns hold our addresses" in importing("rollback", "stories", code=1).output
    taken = importing("rollback", "stories", "--source", source)
    assert column(source, "image_url")[0] == "https://cdn.example.test/fox.png"
    assert "kept  stories/1#cover: version 1 of cover (supersede by Robin" in taken.output
    assert database.status(newer) == "approved"


def test_when_the_stable_links_end_new_ones_are_written(importing, source, client):
    importing("stories", "--source", source, "--write-back")
    first = column(source, "image_url")[0]
    importing.environment["ARTIFACTS_STABLE_LINKS"] = "2"

    again = importing("stories", "--source", source, "--write-back")

    assert "0 versions made, 6 there already, 2 addresses written back, 0 problems" in again.output
    second = column(source, "image_url")[0]
    assert "/v1/stable/" in second
    assert second != first
    importing("rollback", "stories", "--source", source)
    assert column(source, "image_url")[0] == "https://cdn.example.test/fox.png"


def test_what_somebody_else_wrote_into_an_old_column_stays(importing, source):
    importing("stories", "--source", source, "--write-back")
    with closing(sqlite3.connect(source)) as connection, connection:
        connection.execute("update stories set audio_url = 'https://cdn.example.test/theirs.mp3'")

    taken = importing("rollback", "stories", "--source", source)

    assert "import_row_changed  stories/1:audio_url" in taken.output
    assert column(source, "audio_url")[0] == "https://cdn.example.test/theirs.mp3"
    assert column(source, "image_url")[0] == "https://cdn.example.test/fox.png"


def test_a_source_that_cannot_be_written_is_refused_before_anything_is_made(importing, tmp_path, database):
    (tmp_path / "stories.jsonl").write_text('{"id": 1, "image_url": "https://cdn.example.test/a.png"}\n')

    refused = importing("stories", "--source", tmp_path, "--write-back", code=1)

    assert "cannot be written to" in refused.output
    assert database.value("select count(*) from artifact_versions") == 0


def test_without_stable_links_nothing_is_written_back(importing, source):
    importing.environment["ARTIFACTS_STABLE_LINKS"] = "0"

    refused = importing("stories", "--source", source, "--write-back", code=1)

    assert "switched off" in refused.output


def test_a_rollback_withdraws_everything_and_the_import_can_be_done_again(importing, source, database, sound):
    importing("stories", "--source", source)
    before = database.one("select * from projects where key = 'story-1'")

    taken = importing("rollback", "stories")

    assert "6 versions withdrawn, 2 projects archived" in taken.output
    fox = versions(database, "story-1")
    assert {row["status"] for row in fox.values()} == {"archived"}
    assert database.actions(fox["cover"]["id"]) == ["import", "withdraw"]
    after = database.one("select * from projects where key = 'story-1'")
    assert after["status"] == "archived"
    assert set(after["context"]) == {"_meta"}
    assert after["context_version"] == before["context_version"] + 1
    assert "rolled back before" in importing("rollback", "stories", code=1).output

    again = importing("stories", "--source", source)
    assert "6 versions made" in again.output
    assert database.context(before["id"])["text"]["value"] == "Once upon a time."
    sound("stories", "--source", source)


def test_what_people_decided_on_since_stays_unless_it_is_forced(importing, source, database, reviewer):
    importing("stories", "--source", source)
    fox = versions(database, "story-1")
    newer = reviewer.submit("story-1", "text", "Once more.").json["data"]["id"]
    reviewer.approve(newer)

    taken = importing("rollback", "stories")

    assert "5 versions withdrawn, 1 projects archived" in taken.output
    assert "kept  stories/1#text" in taken.output
    assert (database.status(fox["text"]["id"]), database.status(newer)) == ("superseded", "approved")


def test_with_force_they_are_withdrawn_too(importing, source, database, reviewer):
    importing("stories", "--source", source)
    fox = versions(database, "story-1")
    newer = reviewer.submit("story-1", "text", "Once more.").json["data"]["id"]
    reviewer.approve(newer)

    taken = importing("rollback", "stories", "--force")

    assert "6 versions withdrawn, 1 projects archived" in taken.output
    assert (database.status(fox["text"]["id"]), database.status(newer)) == ("archived", "approved")


def test_a_row_that_has_changed_is_reported_and_becomes_a_new_version_when_asked(importing, source, database, sound):
    importing("stories", "--source", source)
    with closing(sqlite3.connect(source)) as connection, connection:
        connection.execute("update stories set text = 'Twice upon a time.' where id = 1")

    with database.unchanged():
        reported = importing("stories", "--source", source)
    assert "1 rows have changed" in reported.output
    assert "stories/1#text" in reported.output
    assert "source_changed  stories/1#text" in importing("validate", "stories", "--source", source, code=1).output

    renewed = importing("stories", "--source", source, "--renew-changed")
    assert "1 versions made, 5 there already" in renewed.output
    text = database.all("select * from artifact_versions where value #>> '{}' ~ '^(On|Twi)ce' order by version_number")
    assert [row["status"] for row in text] == ["superseded", "approved"]
    assert database.context(text[1]["project_id"])["text"]["value"] == "Twice upon a time."
    sound("stories", "--source", source)


def test_status_shows_what_came_of_each_import(importing, source):
    importing("stories", "--source", source)

    shown = importing("status").output

    assert "stories" in shown
    assert "done" in shown
    assert "old.sqlite" in shown
