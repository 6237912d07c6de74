"""Puts directus-schema/presets.yaml into Directus: default views and bookmarks for everybody."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

import yaml

from sidecar.directus import Directus
from sidecar.provision.items import Item, read_items


def read_presets(file: Path) -> list[Item]:
    """The rows of directus_presets that the file stands for."""
    return [_preset(spec) for spec in yaml.safe_load(file.read_text(encoding="utf-8"))]


def apply_presets(directus: Directus, presets: list[Item], foreign: Set[str] = frozenset()) -> bool:
    """Adds the views that are missing; True if there were any.

    A view that people changed stays as it is, and collections that were here before us (`foreign`) keep their views.
    """
    everybodys = read_items(directus, "/presets", {"user": {"_null": True}, "role": {"_null": True}})
    present = {(preset["collection"], preset["bookmark"]) for preset in everybodys}
    missing = [
        preset
        for preset in presets
        if preset["collection"] not in foreign and (preset["collection"], preset["bookmark"]) not in present
    ]
    if missing:
        directus.post("/presets", json=missing)
    return bool(missing)


def _preset(spec: Item) -> Item:
    return {
        "collection": spec["collection"],
        "bookmark": spec.get("bookmark"),
        "user": None,
        "role": None,
        "icon": spec.get("icon", "bookmark"),
        "color": spec.get("color"),
        "filter": spec.get("filter"),
        "layout": "tabular",
        "layout_query": {"tabular": {"fields": spec["fields"], "sort": spec["sort"], "page": 1}},
        "layout_options": {"tabular": {"widths": spec["widths"], "spacing": "cozy"}},
    }
