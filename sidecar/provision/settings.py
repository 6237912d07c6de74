"""Names a Directus that is ours alone. Somebody else's keeps its name."""

from __future__ import annotations

from sidecar.directus import Directus

PROJECT_NAME = "Directus Artifacts"
PROJECT_DESCRIPTOR = "What agents made, and what people decided"
NAME_OF_A_FRESH_DIRECTUS = "Directus"


def apply_settings(directus: Directus) -> bool:
    """Sets the project's name where nobody has; True if it was written."""
    if directus.get("/settings")["project_name"] != NAME_OF_A_FRESH_DIRECTUS:
        return False
    directus.patch("/settings", json={"project_name": PROJECT_NAME, "project_descriptor": PROJECT_DESCRIPTOR})
    return True
