"""Puts directus-schema/presets.yaml into Directus: default views and bookmarks for everybody."""

from __future__ import annotations

from pathlib import Path

import yaml

from sidecar.directus import Directus
from sidecar.provision.items import Item, patch_item, read_items


def read_presets(file: Path) -> list[Item]:
    """The rows of directus_presets that the file stands for."""
    return [_preset(spec) for spec in yaml.safe_load(file.read_text(encoding="utf-8"))]


def apply_presets(directus: Directus, presets: list[Item]) -> bool:
    """Adds what is missing and corrects what differs; True if anything was written."""
    everybodys = read_items(directus, "/presets", {"user": {"_null": True}, "role": {"_null": True}})
    present = {(preset["collection"], preset["bookmark"]): preset for preset in everybodys}
    return any([_put(directus, present.get((preset["collection"], preset["bookmark"])), preset) for preset in presets])


def _put(directus: Directus, present: Item | None, preset: Item) -> bool:
    if present is None:
        directus.post("/presets", json=preset)
        return True
    return patch_item(directus, f"/presets/{present['id']}", present, preset)


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
