"""A small lineage as values: a prompt that a step of an execution turned into a logo, and an edit of it by a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sidecar.lineage.graph import Graph, Link

BEGAN = datetime(2026, 1, 31, 12, tzinfo=UTC)
PROJECT, PERSON, REVIEWER = UUID(int=1), UUID(int=2), UUID(int=3)
PROMPT, LOGO, EDIT, ALTERNATIVE = (UUID(int=n) for n in range(10, 14))
EXECUTION, STEP = UUID(int=20), UUID(int=21)

DECISIONS = [
    {"artifact_version_id": EDIT, "action": "approve", "actor_id": REVIEWER, "actor_type": "human",
     "actor_label": "Robin", "date_created": BEGAN},
    {"artifact_version_id": LOGO, "action": "reject", "actor_id": None, "actor_type": "ai",
     "actor_label": "judge: v2 / strict", "date_created": BEGAN},
]  # fmt: skip


def version(version_id: UUID, path: str, number: int = 1, **columns) -> dict:
    plain = {
        "id": version_id, "project_id": PROJECT, "project_key": "spring-brand", "schema_key": path,
        "version_number": number, "status": "pending", "artifact_type": "image", "primary_file_id": None,
        "content_hash": None, "user_created": None, "date_created": BEGAN, "approved_at": None,
    }  # fmt: skip
    return plain | columns


def relation(newer: UUID, source: UUID, kind: str) -> dict:
    return {
        "id": UUID(int=newer.int * 100 + source.int),
        "from_id": newer,
        "to_id": source,
        "type": kind,
        "metadata": None,
    }


def run(run_id: UUID, **columns) -> dict:
    plain = {
        "id": run_id, "name": None, "status": "completed", "execution_id": None, "project_id": PROJECT,
        "workflow": None, "engine": None, "user_created": None, "started_at": BEGAN,
        "completed_at": BEGAN + timedelta(minutes=1),
    }  # fmt: skip
    return plain | columns


def graph(**fields) -> Graph:
    plain = {
        "versions": [
            version(PROMPT, "brand.prompt", artifact_type=None, date_created=None),
            version(LOGO, "brand.logo", content_hash="f" * 64),
            version(EDIT, "brand.logo", 2, user_created=PERSON),
            version(ALTERNATIVE, "brand.logo_b"),
        ],
        "relations": [
            relation(LOGO, PROMPT, "derived_from"),
            relation(EDIT, LOGO, "edited_from"),
            relation(ALTERNATIVE, LOGO, "variant_of"),
        ],
        "links": [Link(PROMPT, STEP, True), Link(LOGO, STEP, False)],
        "steps": [run(STEP, name="paint", execution_id=EXECUTION, workflow="painter")],
        "executions": [run(EXECUTION, name="Branding", engine="n8n", user_created=PERSON, status="failed")],
    }
    return Graph(**{**plain, **fields})
