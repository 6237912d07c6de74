"""The people, projects, tasks and versions a test begins with, made past the API, and how a person calls it."""

from __future__ import annotations

import itertools
import time
import uuid
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import jwt
from flask.testing import FlaskClient
from psycopg.types.json import Jsonb
from werkzeug.test import TestResponse

from sidecar.access.tokens import create_token
from sidecar.provision.ids import PRODUCER_POLICY, REVIEWER_POLICY
from sidecar.settings import Settings
from tests.described import Description
from tests.rows import Rows

_counter = itertools.count(1)
_descriptions: list[Description] = []

POLICIES = {"producer": PRODUCER_POLICY, "reviewer": REVIEWER_POLICY}


@dataclass
class Person:
    """Somebody who calls the API: a Directus user with an access token, or a program with a service token."""

    client: FlaskClient
    token: str
    id: UUID | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("GET", path, **kwargs)

    def post(self, path: str, json: Any = None, **kwargs: Any) -> TestResponse:
        """POST JSON, unless `data` or other arguments of werkzeug's client say otherwise."""
        if "data" not in kwargs:
            kwargs["json"] = {} if json is None else json
        return self.call("POST", path, **kwargs)

    def call(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}", **self.headers, **kwargs.pop("headers", {})}
        answer = self.client.open(path, method=method, headers=headers, **kwargs)
        _description(self.client.application).judge(method, path.partition("?")[0], answer)
        return answer

    def submit(self, project: UUID | str, path: str = "brand.logo", value: Any = None, **fields: Any) -> TestResponse:
        body = {"project_id": str(project), "schema_key": path, "value": value, **fields}
        return self.post("/v1/artifacts", body)

    def approve(self, *versions: UUID | str, **fields: Any) -> TestResponse:
        return self.decide("approve", *versions, **fields)

    def decide(self, action: str, *versions: UUID | str, **fields: Any) -> TestResponse:
        ids = [str(version) for version in versions]
        return self.post("/v1/reviews", {"artifact_version_ids": ids, "action": action, **fields})

    def promote(self, headers: dict[str, str] | None = None, **fields: Any) -> TestResponse:
        return self.post("/v1/promotions", _plain(fields), headers=headers or {})


class Given:
    """One of everything, with defaults a test need not care about. Rows come back as their ids."""

    def __init__(self, database: Rows, sidecar_role: Rows, client: FlaskClient, settings: Settings) -> None:
        self.database, self.sidecar, self.client, self.settings = database, sidecar_role, client, settings

    def project(self, key: str | None = None, **columns: Any) -> UUID:
        key = key or f"project-{next(_counter)}"
        return self._insert("projects", key=key, title=columns.pop("title", key), status="active", **columns)

    def template(self, context_schema: dict[str, Any]) -> UUID:
        """A project template with these rules by path."""
        name = f"Template {next(_counter)}"
        return self._insert("project_templates", name=name, context_schema=Jsonb(context_schema))

    def task(self, project: UUID | None = None, status: str = "in_progress", **columns: Any) -> UUID:
        return self._insert("tasks", title="Design the logo", project_id=project, status=status, **columns)

    def execution(self, task: UUID | None = None) -> UUID:
        return self._insert("task_executions", task_id=task, status="running")

    def step(self, execution: UUID, status: str = "running", **columns: Any) -> UUID:
        return self._insert("execution_steps", execution_id=execution, status=status, **columns)

    def transfer(self, version: UUID, status: str = "pending", server: str = "gpu", **columns: Any) -> UUID:
        """A transfer as Directus inserts it, unless another role is named in `by`."""
        return self._insert(
            "artifact_transfers", artifact_version_id=version, status=status, target_server=server, **columns
        )

    def failed_delivery(self, **columns: Any) -> tuple[UUID, UUID]:
        """An endpoint, and a delivery to it that failed."""
        url = "https://n8n.example.com/webhook/artifacts"
        endpoint = self._insert("webhook_endpoints", url=url, active=True, **columns)
        return endpoint, self._insert(
            "sidecar.deliveries", by=self.sidecar, queue=endpoint, endpoint_id=endpoint, type="webhook.test",
            message_id=f"test_{uuid.uuid4().hex}", payload=Jsonb({}), status="failed", **columns,
        )  # fmt: skip

    def file(self, mime: str = "image/png", name: str = "logo.png") -> UUID:
        return self._insert(
            "directus_files", id=uuid.uuid4(), storage="local", filename_disk=name, filename_download=name, type=mime
        )

    def version(
        self,
        project: UUID,
        path: str = "brand.logo",
        value: Any = None,
        *,
        status: str = "pending",
        task: UUID | None = None,
        files: tuple[UUID, ...] = (),
        **columns: Any,
    ) -> UUID:
        """A version in a status, written by the sidecar's role as a decision would have left it."""
        row = self._insert(
            "artifact_versions", by=self.sidecar, project_id=project, schema_key=path, source_task_id=task,
            value=Jsonb({"at": next(_counter)} if value is None else value),
            status="intermediate" if status == "intermediate" else "pending",
            primary_file_id=files[0] if files else None, **columns,
        )  # fmt: skip
        for sort, file in enumerate(files[1:], start=2):
            self._insert("artifact_files", by=self.sidecar, artifact_version_id=row, directus_files_id=file, sort=sort)
        way = {"approved": ["approved"], "superseded": ["approved", "superseded"], "rejected": ["rejected"],
               "archived": ["archived"]}  # fmt: skip
        for step in way.get(status, []):
            moment = ", approved_at = now()" if step == "approved" else ""
            self.sidecar.run(f"update artifact_versions set status = %s{moment} where id = %s", step, row)
        return row

    def approved(self, project: UUID, path: str = "brand.logo", value: Any = None, **columns: Any) -> UUID:
        """A version that is approved and awaits promotion."""
        return self.version(project, path, value, status="approved", **columns)

    def promoted(self, project: UUID, path: str = "brand.logo", value: Any = None, **columns: Any) -> UUID:
        """A version that is in the context, through the API's own promotion."""
        version = self.approved(project, path, value, **columns)
        answer = self.token("reviewer").promote(artifact_version_ids=[version])
        assert answer.json["data"]["status"] == "promoted", answer.text
        return version

    def person(self, policy: str | None, **columns: Any) -> Person:
        """A Directus user with the policy "producer" or "reviewer", an administrator ("admin"), or with none."""
        number = next(_counter)
        user = self._insert(
            "directus_users", id=uuid.uuid4(), first_name="Robin", last_name=f"The {number}.",
            email=f"robin{number}@example.test", status=columns.pop("status", "active"), **columns,
        )  # fmt: skip
        if policy == "admin":
            self.grant(user, self.policy(admin=True))
        elif policy:
            self.grant(user, UUID(POLICIES[policy]))
        return Person(self.client, self.access_token(user, admin=policy == "admin"), user)

    def policy(self, *, admin: bool = False, ip_access: str | None = None) -> UUID:
        return self._insert(
            "directus_policies", id=uuid.uuid4(), name=f"Policy {next(_counter)}", admin_access=admin,
            app_access=True, enforce_tfa=False, ip_access=ip_access,
        )  # fmt: skip

    def grant(self, user: UUID, policy: UUID) -> None:
        self._insert("directus_access", id=uuid.uuid4(), user=user, policy=policy)

    def permission(self, policy: UUID, *, fields: str = "*", rule: Any = None) -> None:
        """Lets a policy read artifact_versions, or what `rule` and `fields` leave of it."""
        self._insert(
            "directus_permissions", policy=policy, collection="artifact_versions", action="read", fields=fields,
            permissions=None if rule is None else Jsonb(rule),
        )  # fmt: skip

    def access_token(self, user: UUID, *, admin: bool = False, lasts: float = 900, **claims: Any) -> str:
        """What Directus hands out at log-in."""
        now = time.time()
        payload = {"id": str(user), "role": None, "app_access": True, "admin_access": admin, "iss": "directus"}
        secret = self.settings.directus_secret.get_secret_value()
        return jwt.encode({**payload, "iat": now, "exp": now + lasts, **claims}, secret, algorithm="HS256")

    def token(self, role: str, actor_type: str = "system", actor: UUID | None = None) -> Person:
        """A program with a service token; `actor` is the user it names in X-Actor-Id."""
        name = f"{role} {next(_counter)}"
        secret = create_token(self.sidecar.connection, name=name, role=role, actor_type=actor_type)
        return Person(self.client, secret, headers={"X-Actor-Id": str(actor)} if actor else {})

    def _insert(self, table: str, by: Rows | None = None, **columns: Any) -> Any:
        names = ", ".join(f'"{name}"' for name in columns)
        places = ", ".join(["%s"] * len(columns))
        return (by or self.database).value(
            f"insert into {table} ({names}) values ({places}) returning id", *columns.values()
        )


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """UUIDs as text, for JSON."""

    def plain(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        return str(value) if isinstance(value, UUID) else value

    return {name: plain(value) for name, value in fields.items()}


def _description(app: Any) -> Description:
    """Made once for all apps: they differ in their settings only."""
    if not _descriptions:
        _descriptions.append(Description(app))
    return _descriptions[0]


def code(answer: TestResponse) -> str:
    """The code of a refusal."""
    return answer.json["errors"][0]["extensions"]["code"]


def multipart(fields: dict[str, bytes], files: list[tuple[str, str, bytes]] | None = None) -> dict[str, Any]:
    """Arguments for `post`: a multipart body with these bytes; `files` are (field, file name, content)."""
    head = b'--frontier\r\nContent-Disposition: form-data; name="%s"'
    parts = [head % name.encode() + b"\r\n\r\n" + content + b"\r\n" for name, content in fields.items()]
    for name, filename, content in files or []:
        parts.append(head % name.encode() + b'; filename="%s"\r\n\r\n' % filename.encode() + content + b"\r\n")
    return {"data": b"".join([*parts, b"--frontier--\r\n"]), "content_type": "multipart/form-data; boundary=frontier"}
