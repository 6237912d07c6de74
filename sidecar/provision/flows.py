"""Puts flows/*.yaml into Directus, each with fixed ids."""

from __future__ import annotations

from pathlib import Path

import yaml

from sidecar.directus import Directus
from sidecar.provision import ids
from sidecar.provision.items import Item, patch_item, read_items

OPERATION_KEYS = ("id", "key", "name", "type", "position_x", "position_y", "options", "resolve", "reject")


def read_flows(directory: Path) -> list[Item]:
    """The flows of a folder as Directus takes them, with their operations nested."""
    return [_flow(yaml.safe_load(path.read_text(encoding="utf-8"))) for path in sorted(directory.glob("*.yaml"))]


def apply_flows(directus: Directus, flows: list[Item]) -> bool:
    """Adds what is missing and corrects what differs; True if anything was written.

    A flow that somebody switched off stays off.
    """
    written = [_put(directus, flow) for flow in flows]
    return any(written)


def _put(directus: Directus, flow: Item) -> bool:
    found = read_items(directus, "/flows", {"id": {"_eq": flow["id"]}}, fields="*,operations.*")
    if not found:
        directus.post("/flows", json={**flow, "status": "active"})
        return True
    return patch_item(directus, f"/flows/{flow['id']}", _like(flow, found[0]), flow)


def _like(wanted: Item, flow: Item) -> Item:
    """A flow as it was read, with its operations in the order and with the keys of the wanted one."""
    order = [operation["id"] for operation in wanted["operations"]]
    operations = [{key: operation[key] for key in OPERATION_KEYS} for operation in flow["operations"]]
    known = [operation for operation in operations if operation["id"] in order]
    others = [operation for operation in operations if operation["id"] not in order]
    return {**flow, "operations": sorted(known, key=lambda operation: order.index(operation["id"])) + others}


def _flow(spec: Item) -> Item:
    names = {key: operation["id"] for key, operation in spec["operations"].items()}
    # Last first: an operation may only name one that exists already.
    operations = [_operation(key, operation, names) for key, operation in reversed(spec["operations"].items())]
    plain = {key: value for key, value in spec.items() if key not in ("start", "operations")}
    return {
        **plain,
        "id": getattr(ids, spec["id"]),
        "operation": names[spec["start"]],
        "operations": operations,
    }


def _operation(key: str, spec: Item, names: dict[str, str]) -> Item:
    x, y = spec["at"]
    return {
        "id": spec["id"],
        "key": key,
        "name": spec["name"],
        "type": spec["type"],
        "position_x": x,
        "position_y": y,
        "options": spec["options"],
        "resolve": names.get(spec.get("resolve", "")),
        "reject": names.get(spec.get("reject", "")),
    }
