"""/v1/transfers: approved versions on their way to the server of the next step."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from sidecar.answers import AN_ID, ById, Existing, PageMeta, Shape, refusals
from sidecar.call import Answer, Call
from sidecar.edge import operation
from sidecar.errors import CODES
from sidecar.executions.http import Cursor
from sidecar.executions.words import LongText, ShortText
from sidecar.files.locate import version_at
from sidecar.paths import Path
from sidecar.projects.find import find_project
from sidecar.transfers import read
from sidecar.transfers.add import add_transfer
from sidecar.transfers.change import change_transfer, retry_transfer
from sidecar.transfers.servers import names_of
from sidecar.transfers.status import TRANSFERS

api = APIBlueprint(
    "transfers", __name__, url_prefix="/v1",
    abp_tags=[Tag(name="Transfers", description="Files to and from the servers of steps.")],
)  # fmt: skip

TRANSFER: JsonDict = {"artifact_version_id": AN_ID, "target_server": "comfy2", "target_subfolder": "from-registry"}
Status = Literal["pending", "uploading", "completed", "failed"]
_SEVERAL = "^(STATUS)(,(STATUS))*$".replace("STATUS", "|".join(TRANSFERS.statuses))
# Folders below the server's input folder, one inside the other.
_FOLDER = r"^[A-Za-z0-9_-][A-Za-z0-9_. -]*(/[A-Za-z0-9_-][A-Za-z0-9_. -]*)*$"
Folder = Annotated[str, StringConstraints(max_length=255, pattern=_FOLDER)]
ServerName = Annotated[str, StringConstraints(min_length=1, max_length=255)]


def _statuses(text: str) -> str:
    if not set(TRANSFERS.statuses).issuperset(text.split(",")):
        code = CODES["transfer_status_known"]
        raise PydanticCustomError("transfer_status_known", f"{code.sentence} {code.next_step}")  # type: ignore[arg-type]
    return text


class TransferBody(BaseModel):
    """An approved version to be sent: by its id, or as the approved one of a path."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [TRANSFER]})
    artifact_version_id: UUID | None = None
    project_id: ShortText | None = Field(
        None, description="With schema_key: the project's id or key.", examples=["spring-brand"]
    )
    schema_key: Path | None = Field(None, description="With project_id: the path whose approved version is sent.")
    target_server: ServerName = Field(
        description="The name or the origin of a server that the operator has named.",
        examples=["comfy2", "http://comfy2:8188"],
    )
    target_subfolder: Folder | None = Field(None, description="A folder below the server's input folder.")
    source_step_id: UUID | None = Field(None, description="Else the step that made the version.")
    target_step_id: UUID | None = Field(None, description="The step that waits for it, if it is known yet.")
    status: Literal["pending", "uploading"] = Field(
        "pending",
        description="pending is sent by the worker; uploading is carried by whoever asks, who says how it ends.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> TransferBody:
        path = (self.project_id is not None, self.schema_key is not None)
        if path != ((True, True) if self.artifact_version_id is None else (False, False)):
            raise PydanticCustomError("one_of", "send either artifact_version_id, or project_id and schema_key")
        return self


class SentBody(BaseModel):
    """A file as the server names it."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, StringConstraints(min_length=1, max_length=500)] = Field(examples=["brand.logo-v3.png"])
    subfolder: Annotated[str, StringConstraints(max_length=500)] = ""
    type: Annotated[str, StringConstraints(max_length=50)] = "input"
    file_id: UUID | None = None


class TransferChange(BaseModel):
    """What has changed; fields left out stay."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"status": "failed", "error_message": "The disk of comfy2 is full."}]},
    )
    status: Status = Field("pending", description="The status it moves to; failed comes with error_message.")
    error_message: LongText | None = Field(None, description="What it failed on.")
    result: list[SentBody] | None = Field(None, max_length=200, description="Its files as the server names them.")
    target_step_id: UUID | None = Field(None, description="The step that waits for it.")

    @model_validator(mode="after")
    def _says_why(self) -> TransferChange:
        if "status" in self.model_fields_set and self.status == "failed" and not self.error_message:
            raise PydanticCustomError("error_message_missing", "say in error_message what it failed on")
        return self


class RetryTransferBody(BaseModel):
    """Nothing needs to be said."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})


class TransfersQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    status: Annotated[str, AfterValidator(_statuses)] | None = Field(
        None,
        description="One status, or several with commas.",
        json_schema_extra={"pattern": _SEVERAL, "example": "pending,uploading"},
    )
    artifact_version_id: UUID | None = None
    source_step_id: UUID | None = None
    target_step_id: UUID | None = None
    target_server: ServerName | None = Field(None, description="A server's name or origin.")
    project_id: ShortText | None = Field(
        None, description="The project's id or key.", json_schema_extra={"example": "spring-brand"}
    )
    cursor: Cursor | None = Field(None, description="meta.next_cursor of the page before.")
    limit: int = Field(50, ge=1, le=500)


class Transfer(Shape):
    """A copy of a version on its way to a server."""

    id: UUID
    artifact_version_id: UUID
    project_id: UUID
    schema_key: str
    version_number: int
    source_step_id: UUID | None
    target_step_id: UUID | None
    target_server: str
    target_subfolder: str | None
    status: Status
    attempts: int
    next_attempt_at: datetime | None = Field(
        description="When it is tried next; while the worker sends it, until when it is left to that worker."
    )
    uploaded_at: datetime | None
    error_message: str | None = Field(description="What the last try failed on.")
    result: Any = Field(description="Once it is completed: its files as the server names them, primary first: a list of"
                        " {file_id, name, subfolder, type}.")  # fmt: skip
    user_created: UUID | None
    date_created: datetime | None
    allowed_statuses: list[str] = Field(description="The statuses it may move to now.")


class TransferAnswer(Shape):
    data: Transfer


class TransferCreated(Shape):
    data: Transfer
    meta: Existing


class TransfersAnswer(Shape):
    data: list[Transfer]
    meta: PageMeta


@api.post(
    "/transfers",
    operation_id="createTransfer",
    summary="Send a version to another server",
    description="Queues an approved version; the worker sends all its files. 201 for a new transfer; 200 for the one of"
    " the same version to the same folder that is under way.",
    responses={
        200: TransferCreated,
        201: TransferCreated,
        **refusals("artifact_not_found", "project_not_found", "nothing_at_path", "schema_key_grammar", "not_approved",
                   "nothing_to_transfer", "server_not_allowed", "step_not_found"),
    },
)  # fmt: skip
@operation("produce")
def post_transfers(call: Call, body: TransferBody) -> Answer:
    wanted = body.model_dump(exclude={"project_id", "schema_key"})
    if body.project_id is not None and body.schema_key is not None:
        project = find_project(call, body.project_id)
        wanted["artifact_version_id"] = version_at(call, project["id"], body.schema_key, "approved")["id"]
    transfer, new = add_transfer(call, wanted)
    headers = {"Location": f"/v1/transfers/{transfer['id']}"} if new else {}
    return Answer(read.present(transfer), 201 if new else 200, {"existing": not new}, headers)


@api.patch(
    "/transfers/<id>",
    operation_id="changeTransfer",
    summary="Change a transfer",
    description="For a program that carries the bytes itself: pending → uploading → completed, or failed with its"
    " error_message. What the worker is sending can only be called failed, which ends it. The same change again is the"
    " same answer.",
    responses={
        200: TransferAnswer,
        **refusals("transfer_not_found", "transfer_status_order", "transfer_carried", "step_not_found", "invalid_text"),
    },
)
@operation("produce")
def patch_transfer(call: Call, path: ById, body: TransferChange) -> Answer:
    changes = body.model_dump(exclude_unset=True, mode="python")
    if body.result is not None and "result" in changes:
        changes["result"] = [sent.model_dump(mode="json") for sent in body.result]
    return Answer(read.present(change_transfer(call, path.id, changes)))


@api.post(
    "/transfers/<id>/retry",
    operation_id="retryTransfer",
    summary="Try a failed transfer again",
    description="It waits for the worker again, with its tries counted anew. One that is under way stays as it is.",
    responses={200: TransferCreated, **refusals("transfer_not_found", "transfer_status_order")},
)
@operation("produce")
def post_transfer_retry(call: Call, path: ById, body: RetryTransferBody) -> Answer:
    transfer, existing = retry_transfer(call, path.id)
    return Answer(read.present(transfer), meta={"existing": existing})


@api.get(
    "/transfers",
    operation_id="listTransfers",
    summary="List transfers",
    description="Newest first, in pages.",
    responses={200: TransfersAnswer, **refusals("project_not_found", "transfer_status_known", "restricted_policy")},
)
@operation("read")
def get_transfers(call: Call, query: TransfersQuery) -> Answer:
    filters = query.model_dump(exclude={"cursor", "limit", "target_server"})
    if query.project_id:
        filters["project_id"] = find_project(call, query.project_id)["id"]
    filters["status"] = query.status.split(",") if query.status else None
    filters["names"] = names_of(call.settings, query.target_server) if query.target_server else None
    rows, cursor = read.list_transfers(call, filters, cursor=query.cursor, limit=query.limit)
    return Answer(rows, meta={"next_cursor": cursor})


@api.get(
    "/transfers/<id>",
    operation_id="getTransfer",
    summary="Read a transfer",
    description="With the names of its files on the server, once they are there.",
    responses={200: TransferAnswer, **refusals("transfer_not_found", "restricted_policy")},
)
@operation("read")
def get_transfer(call: Call, path: ById) -> Answer:
    return Answer(read.present(read.find_transfer(call, path.id)))
