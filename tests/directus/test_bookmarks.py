"""The views and bookmarks that everybody finds in Directus: it takes their filters, fields and sorting."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.directus.people import Person
from tests.directus.works import Producer, Reviews

PRESETS = yaml.safe_load(
    (Path(__file__).resolve().parents[2] / "directus-schema" / "presets.yaml").read_text(encoding="utf-8")
)
BOOKMARKS = {preset["bookmark"]: preset for preset in PRESETS if "bookmark" in preset}


def shown(person: Person, preset: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """The rows as Directus' own list asks for them."""
    query = {
        "filter": json.dumps(preset.get("filter") or {}), "fields": ",".join(["id", *preset["fields"]]),
        "sort": ",".join(preset["sort"]), "limit": -1, **more,
    }  # fmt: skip
    return person.send("GET", f"/items/{preset['collection']}", params=query).data


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: f"{preset['collection']}: {preset.get('bookmark')}")
def test_directus_takes_every_view(reviewer: Person, preset: dict[str, Any]) -> None:
    rows = shown(reviewer, preset)
    assert all(set(row) == {"id", *(field.partition(".")[0] for field in preset["fields"])} for row in rows)
    assert set(preset["widths"]) == set(preset["fields"])


def test_every_bookmark_is_there_for_everybody(administrator: Person) -> None:
    found = administrator.get("/presets?limit=-1&filter[user][_null]=true&filter[bookmark][_nnull]=true").data
    assert {(row["collection"], row["bookmark"]) for row in found} >= {
        (preset["collection"], name) for name, preset in BOOKMARKS.items()
    }
    assert {row["bookmark"]: row["filter"] for row in found if row["bookmark"] in BOOKMARKS} == {
        name: preset["filter"] for name, preset in BOOKMARKS.items()
    }


def test_a_version_is_found_where_it_stands(
    given: Producer, by_reviewer: Reviews, reviewer: Person, write_as_registry: Callable[..., None]
) -> None:
    work = given.candidates(["brand.logo", "brand.colors", "brand.claim", "brand.poster"])
    rejected, approved, changed, waiting = work.versions
    for action, version in (("reject", rejected), ("request_changes", changed)):
        assert by_reviewer.press([version], action, "Too thin.").status == 200
    write_as_registry("update artifact_versions set status = 'approved', approved_at = now() where id = %s", approved)

    def found(name: str, field: str = "id") -> set[str]:
        return {row[field] for row in shown(reviewer, BOOKMARKS[name])}

    assert rejected in found("Rejected logos") & found("Rejected")
    assert {waiting, changed} & found("Waiting for review") == {waiting}
    assert changed in found("Changes requested")
    assert {approved} == found("Awaiting promotion") & set(work.versions)
    assert {approved} == found("Approved, by task") & set(work.versions)
    assert {rejected, changed} <= found("Reasons of rejection", "artifact_version_id")
    assert {rejected, changed} <= found("Audit of a project", "artifact_version_id")
    reasons = {row["artifact_version_id"]: row["reason"] for row in shown(reviewer, BOOKMARKS["Reasons of rejection"])}
    assert reasons[rejected] == "Too thin."
