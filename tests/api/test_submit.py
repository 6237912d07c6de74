"""Submitting an output: POST /v1/artifacts."""

from __future__ import annotations


def test_a_first_submission_becomes_version_one_and_waits_for_review(given, producer, database):
    project = given.project("spring-brand")

    answer = producer.submit("spring-brand", "brand.logo", {"primary": "#1A365D"})

    version = answer.json["data"]
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/v1/artifacts/{version['id']}"
    assert (version["version_number"], version["status"], version["artifact_type"]) == (1, "pending", "json")
    row = database.version(version["id"])
    assert (row["project_id"], row["schema_key"], row["value"]) == (project, "brand.logo", {"primary": "#1A365D"})
    assert row["user_created"] == producer.id
    assert row["request_id"] == answer.headers["X-Request-Id"]
