"""Files on their way between the registry and the servers that steps run on."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from sidecar.client.errors import StillOnItsWay, TransferFailed
from sidecar.client.ids import Id, id_of
from sidecar.client.models import Submitted, Transfer, Version
from sidecar.client.transport import Transport, part

# Seconds between two looks at a transfer that is waited for: the first and the longest.
_LOOK = 0.3, 10.0


class Transfers:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(
        self,
        version: Id | None,
        server: str,
        *,
        project: Id | None = None,
        path: str | None = None,
        subfolder: str | None = None,
        source_step: Id | None = None,
        target_step: Id | None = None,
        carried: bool = False,
        idempotency_key: str | None = None,
    ) -> Transfer:
        """Have an approved version sent to a server: `version`, or where that is None the approved one of a path.

        The same one that is under way is left as it is. With `carried`, the caller carries the bytes and says with
        change() how it went. Raises Conflict (not_approved), Invalid (server_not_allowed).
        """
        body = {
            "artifact_version_id": id_of(version), "project_id": id_of(project), "schema_key": path,
            "target_server": server, "target_subfolder": subfolder, "source_step_id": id_of(source_step),
            "target_step_id": id_of(target_step), "status": "uploading" if carried else "pending",
        }  # fmt: skip
        said = {name: value for name, value in body.items() if value is not None}
        return Transfer.model_validate(self._transport.post("/v1/transfers", said, key=idempotency_key).data)

    def get(self, transfer: Id) -> Transfer:
        """Raises NotFound."""
        return Transfer.model_validate(self._transport.get(f"/v1/transfers/{part(id_of(transfer))}").data)

    def list(self, project: Id | None = None, **filters: Any) -> Iterator[Transfer]:
        """Newest first; `filters` are those of GET /v1/transfers."""
        for row in self._transport.pages("/v1/transfers", project_id=id_of(project), **filters):
            yield Transfer.model_validate(row)

    def change(
        self,
        transfer: Id,
        *,
        status: Literal["pending", "uploading", "completed", "failed"] | None = None,
        error: str | None = None,
        result: Sequence[Mapping[str, Any]] | None = None,
        target_step: Id | None = None,
    ) -> Transfer:
        """How a transfer that the caller carries has gone.

        Raises Conflict (transfer_status_order, transfer_carried).
        """
        body = {
            "status": status, "error_message": error, "target_step_id": id_of(target_step),
            "result": None if result is None else [dict(sent) for sent in result],
        }  # fmt: skip
        said = {name: value for name, value in body.items() if value is not None}
        return Transfer.model_validate(self._transport.patch(f"/v1/transfers/{part(id_of(transfer))}", said).data)

    def retry(self, transfer: Id) -> Transfer:
        """A failed transfer, waiting again. Raises Conflict (transfer_status_order)."""
        return Transfer.model_validate(self._transport.post(f"/v1/transfers/{part(id_of(transfer))}/retry").data)

    def wait(self, transfer: Id, timeout: float) -> Transfer:
        """The transfer once it has arrived. Raises TransferFailed, or StillOnItsWay after `timeout` seconds."""
        end, pause = time.monotonic() + timeout, _LOOK[0]
        while True:
            found = self.get(transfer)
            if found.status == "completed":
                return found
            details = {"transfer_id": str(found.id), "status": found.status}
            if found.status == "failed":
                raise TransferFailed("transfer_failed", found.error_message or "The transfer failed.", details=details)
            left = end - time.monotonic()
            if left <= 0:
                sentence = f"It has not arrived yet. {found.error_message or ''}".strip()
                raise StillOnItsWay("still_on_its_way", sentence, details=details)
            time.sleep(min(left, pause * random.uniform(0.8, 1.2)))  # noqa: S311  spreads callers, keeps no secret
            pause = min(pause * 1.5, _LOOK[1])

    def collect(
        self,
        step: Id,
        path: str | None = None,
        *,
        server: str | None = None,
        prompt_id: str | None = None,
        project: Id | None = None,
        paths: Mapping[str, str] | None = None,
        outputs: Sequence[Mapping[str, Any]] | None = None,
        status: Literal["pending", "intermediate"] = "pending",
        derived_from: Iterable[Id] = (),
        tags: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        if_locked: Literal["existing", "fail"] = "existing",
        idempotency_key: str | None = None,
    ) -> Sequence[Submitted]:
        """Keep what a step left on its server as versions of it: all of it, or nothing; again, nothing is added.

        `path` is that of every output (`frames[*]` counts them), `paths` those by node; `outputs` are {filename,
        subfolder, type, node_id, schema_key}, else what the server's history of the prompt lists. Server and prompt
        are the step's own when left out. Raises Conflict (prompt_unfinished, output_missing), Unavailable
        (server_failed).
        """
        body = {
            "server": server, "prompt_id": prompt_id, "project_id": id_of(project), "schema_key": path,
            "paths": paths and dict(paths), "status": status, "tags": tags and list(tags),
            "outputs": None if outputs is None else [dict(output) for output in outputs],
            "derived_from": [id_of(version) for version in derived_from], "metadata": metadata and dict(metadata),
            "if_locked": if_locked,
        }  # fmt: skip
        said = {name: value for name, value in body.items() if value is not None}
        answer = self._transport.post(f"/v1/steps/{part(id_of(step))}/collect", said, key=idempotency_key)
        return [
            Submitted(
                version=Version.model_validate(version), existing=about["existing"],
                rejection_reason=about.get("rejection_reason"), locked=about.get("locked"),
            )
            for version, about in zip(answer.data, answer.meta["items"], strict=True)
        ]  # fmt: skip
