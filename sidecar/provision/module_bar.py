"""Lists the Review desk in Directus' module bar. What else is listed there, and in which order, stays."""

from __future__ import annotations

from sidecar.directus import Directus
from sidecar.provision.items import Item

DESK = "artifacts"

# What Directus 12.4 shows where nobody has set a module bar: setting one replaces it, so it is said in full.
_OF_DIRECTUS: list[Item] = [
    {"type": "module", "id": "content", "enabled": True},
    {"type": "module", "id": "visual", "enabled": False},
    {"type": "module", "id": "users", "enabled": True},
    {"type": "module", "id": "files", "enabled": True},
    {"type": "module", "id": "insights", "enabled": True},
    {"type": "module", "id": "flows", "enabled": True},
    {"type": "module", "id": "deployments", "enabled": False},
    {
        "type": "link",
        "id": "docs",
        "enabled": True,
        "name": "$t:documentation",
        "icon": "help",
        "url": "https://directus.com/docs",
    },
    {"type": "module", "id": "settings", "enabled": True, "locked": True},
]


def apply_module_bar(directus: Directus) -> bool:
    """Puts the desk first, unless it is listed already, also where somebody has switched it off; True if written."""
    present = directus.get("/settings")["module_bar"]
    listed = _OF_DIRECTUS if present is None else present
    if any(each.get("id") == DESK for each in listed):
        return False
    directus.patch("/settings", json={"module_bar": [{"type": "module", "id": DESK, "enabled": True}, *listed]})
    return True
