"""The workflow by Directus' REST API alone, as n8n's HTTP nodes send it, and what must be so at the end."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.directus.people import Person
from tests.directus.works import LOGO, Database, Work, picture, promoted

REASON = "Logo meets brand guidelines"


def run_task(producer: Person, work: Work) -> None:
    """Step 1: n8n executes the task."""
    project = producer.get(f"/items/projects/{work.project}", fields="id,context,context_version").data
    assert project == {"id": work.project, "context": {}, "context_version": 0}
    outputs = [
        {"blob": picture(color), "metadata": {"dimensions": "64x64", "color": color, "format": "PNG"}}
        for color in ("navy", "teal", "orange")
    ]
    for i, output in enumerate(outputs):
        work.files.append(producer.upload(f"logo-{i}.png", output["blob"], "image/png"))
    for i, output in enumerate(outputs):
        version = producer.post(
            "/items/artifact_versions",
            {
                "project_id": work.project,
                "schema_key": LOGO,
                "status": "pending",
                "primary_file_id": work.files[i],
                "value": output["metadata"],
                "source_task_id": work.task,
                "execution_id": work.execution,
                "version_number": i + 1,
            },
        ).data
        assert (version["version_number"], version["status"]) == (i + 1, "pending")
        work.versions.append(version["id"])
        link = {"artifact_version_id": version["id"], "directus_files_id": work.files[i], "sort": 1}
        assert producer.post("/items/artifact_files", link).data["directus_files_id"] == work.files[i]
    for i, version in enumerate(work.versions):
        link = {"task_id": work.task, "artifact_version_id": version, "sort": i + 1}
        assert producer.post("/items/task_artifacts", link).data["sort"] == i + 1
    assert producer.patch(f"/items/tasks/{work.task}", {"status": "needs_review"}).data["status"] == "needs_review"


def set_status(person: Person, work: Work, user: str) -> None:
    edit = {"status": "approved", "approved_at": datetime.now(UTC).isoformat(), "approved_by": user}
    assert person.patch(f"/items/artifact_versions/{work.version}", edit).data["status"] == "approved"


def record_approval(person: Person, work: Work, user: str) -> dict:
    record = {
        "artifact_version_id": work.version,
        "project_id": work.project,
        "task_id": work.task,
        "action": "approve",
        "actor_id": user,
        "actor_type": "human",
        "reason": REASON,
    }
    return person.post("/items/artifact_approvals", record).data


def finish_task(person: Person, work: Work) -> None:
    assert person.patch(f"/items/tasks/{work.task}", {"status": "done"}).data["status"] == "done"


def assert_promoted_once(database: Database, work: Work, actor: str) -> None:
    project = promoted(database, work)
    version = database.version(work.version)
    entry = project["context"]["brand"]["logo"]
    assert project["context_version"] == 1
    assert entry == {
        "dimensions": "64x64",
        "color": "orange",
        "format": "PNG",
        "artifact_version_id": work.version,
        "file_id": work.files[2],
        "approved_at": entry["approved_at"],
        "version": 3,
    }
    assert datetime.fromisoformat(entry["approved_at"]) == version["approved_at"]
    meta = project["context"]["_meta"]
    assert (meta["context_version"], meta["total_artifacts"]) == (1, 1)
    assert (version["status"], str(version["approved_by"])) == ("approved", actor)
    assert version["promoted_at"] is not None
    (approval,) = database.approvals(work.version)
    assert (approval["action"], approval["reason"], str(approval["actor_id"])) == ("approve", REASON, actor)
    assert (approval["actor_type"], str(approval["task_id"])) == ("human", work.task)
    assert len(database.promotions(work.project)) == 1
    assert [database.status(one) for one in work.versions] == ["pending", "pending", "approved"]
