"""Puts directus-schema/insights.yaml into Directus: dashboards for everybody who may look at Insights."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid5

import yaml

from sidecar.directus import Directus
from sidecar.provision import ids
from sidecar.provision.items import Item, read_items


def read_dashboards(file: Path) -> list[Item]:
    """The dashboards of the file as Directus takes them, with their panels nested and all ids fixed."""
    return [_dashboard(spec) for spec in yaml.safe_load(file.read_text(encoding="utf-8"))]


def apply_dashboards(directus: Directus, dashboards: list[Item]) -> bool:
    """Adds the dashboards that are missing; True if there were any.

    One that is there belongs to the people who look at it: panels they changed, moved or removed stay so.
    """
    wanted = [dashboard["id"] for dashboard in dashboards]
    present = {found["id"] for found in read_items(directus, "/dashboards", {"id": {"_in": wanted}}, fields="id")}
    missing = [dashboard for dashboard in dashboards if dashboard["id"] not in present]
    for dashboard in missing:
        # One request, one transaction: a dashboard without its panels would be taken for one that people emptied.
        directus.post("/dashboards", json=dashboard)
    return bool(missing)


def _dashboard(spec: Item) -> Item:
    dashboard = getattr(ids, spec["id"])
    panels = [_panel(dashboard, key, panel) for key, panel in spec["panels"].items()]
    return {**spec, "id": dashboard, "panels": panels}


def _panel(dashboard: str, key: str, spec: Item) -> Item:
    (left, top), (width, height) = spec["at"], spec["size"]
    said = {name: value for name, value in spec.items() if name not in ("at", "size")}
    return {
        "show_header": True,
        **said,
        "id": str(uuid5(UUID(dashboard), key)),
        "position_x": left,
        "position_y": top,
        "width": width,
        "height": height,
    }
