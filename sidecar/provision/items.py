"""Writing a row of a Directus system collection only where it differs, so that running set-up again leaves no trace."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sidecar.directus import Directus

Item = dict[str, Any]


def read_items(directus: Directus, path: str, matching: Mapping[str, Any], fields: str = "*") -> list[Item]:
    """The rows of /path that match a Directus filter."""
    return directus.get(path, params={"filter": json.dumps(matching), "fields": fields, "limit": -1})


def put_item(directus: Directus, path: str, item: Item, only_at_first: Mapping[str, Any] | None = None) -> bool:
    """Makes the row with this id say what `item` says; True if it had to be written.

    `only_at_first` is written when the row is made and left to people afterwards.
    """
    found = read_items(directus, path, {"id": {"_eq": item["id"]}})
    if not found:
        directus.post(path, json={**item, **(only_at_first or {})})
        return True
    return patch_item(directus, f"{path}/{item['id']}", found[0], item)


def patch_item(directus: Directus, path: str, present: Item, wanted: Item) -> bool:
    """Writes the keys of `wanted` that `present` has otherwise; True if there were any."""
    changed = {key: value for key, value in wanted.items() if present.get(key) != value}
    if changed:
        directus.patch(path, json=changed)
    return bool(changed)
