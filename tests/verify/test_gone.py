"""What retention and erasing leave is as it should be, and what is left of it afterwards is looked after."""

from __future__ import annotations

import pytest


@pytest.fixture
def admin(given):
    return given.person("admin")


@pytest.fixture
def ruled(busy, given, database):
    """`busy`, with a template whose retention takes everything at once."""
    words = {"after_days": 0, "bytes": "remove"}
    rule = {"superseded": words, "rejected": words, "intermediate": words, "archived": {"after_days": 0}}
    template = given.template({key: {"retention": rule} for key in ("*", "*.*", "scenes[*]")})
    database.run("update projects set template_id = %s where id = %s", template, busy.project)
    return busy


def erase(admin, *versions) -> None:
    for version in versions:
        body = {"reason": "Request 17.", "confirm": True, "include_copies": True}
        answer = admin.post(f"/v1/artifacts/{version}/erase", body)
        assert answer.status_code == 200, answer.text


def test_after_retention_nothing_is_wrong(ruled, admin, reviewer, producer, found):
    third = producer.submit("spring", "brand.logo", {"colour": "red"}).json["data"]["id"]
    assert reviewer.approve(third).status_code == 200

    data = admin.post("/v1/retention", {}).json["data"]

    assert (data["archived"], data["files"]) == (3, 1)
    assert found() == []


def test_after_everything_is_erased_nothing_is_wrong(busy, admin, found, database):
    versions = database.column("select id from artifact_versions")

    erase(admin, *versions)

    assert found() == []
    assert database.value("select count(*) from artifact_versions where value is not null") == 0


def test_retention_and_erasing_of_one_version_in_either_order(ruled, admin, found):
    erase(admin, ruled.logo_1)
    assert admin.post("/v1/retention", {}).status_code == 200
    erase(admin, ruled.claim_1, ruled.logo_1)

    assert found() == []


@pytest.mark.parametrize(
    "put_back",
    [
        "changes = jsonb_set(changes, '{0,entry}', '{\"colour\": \"green\"}')",
        "changes = jsonb_set(changes, '{0,entry,colour}', '\"green\"')",
    ],
)
def test_what_was_erased_and_put_back_into_a_promotion_is_found(busy, admin, database, damaging, found, put_back):
    erase(admin, busy.logo_1)

    with damaging():
        database.run(f"update promotions set {put_back} where project_id = %s and context_version = 1", busy.project)

    assert {breach.code for breach in found()} == {"entry_differs", "promotion_changed"}


def test_an_entry_taken_out_of_the_log_after_an_erasure_is_found(busy, admin, database, damaging, found):
    erase(admin, busy.logo_1)
    with damaging():
        database.run("delete from sidecar.audit_log where kind = 'erasure'")

    assert "promotion_changed" in {breach.code for breach in found()}
