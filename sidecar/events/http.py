"""/v1/events, /v1/webhooks and /v1/deliveries: what happened, who is told, and what came of telling."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from sidecar.answers import ById, PageMeta, Shape, refusals
from sidecar.call import Answer, Call
from sidecar.edge import operation
from sidecar.events import endpoints, log
from sidecar.events.kinds import EVENTS, TEST, EventType
from sidecar.projects.find import find_project

api = APIBlueprint(
    "events", __name__, url_prefix="/v1", abp_tags=[Tag(name="Events", description="What happened, told to others.")]
)

ENDPOINT: JsonDict = {
    "url": "https://n8n.example.com/webhook/artifacts",
    "description": "n8n",
    "events": ["version.approved", "context.promoted"],
}
WAKE = "wait.decided"
STATUSES = ("pending", "delivered", "failed", "dropped")

Url = Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://[!-~]+$")]
Cursor = Annotated[str, StringConstraints(max_length=300)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=255)]


def _several(known: tuple[str, ...], text: str) -> str:
    if not set(known).issuperset(text.split(",")):
        raise PydanticCustomError("not_known", f"is one, or several with commas, of {', '.join(known)}")  # type: ignore[arg-type]
    return text


def _pattern(known: tuple[str, ...]) -> str:
    return "^(ONE)(,(ONE))*$".replace("ONE", "|".join(name.replace(".", "\\.") for name in known))


class EventsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    project_id: ShortText | None = Field(
        None, description="The project's id or key.", json_schema_extra={"example": "spring-brand"}
    )
    after: int | None = Field(
        None, ge=0, le=2**63 - 1, description="With project_id: only events after this sequence number."
    )
    type: Annotated[str, AfterValidator(lambda text: _several(tuple(EVENTS), text))] | None = Field(
        None,
        description="One type, or several with commas.",
        json_schema_extra={"pattern": _pattern(tuple(EVENTS)), "example": "version.approved,version.rejected"},
    )
    artifact_version_id: UUID | None = None
    cursor: Cursor | None = Field(None, description="meta.next_cursor of the page before.")
    limit: int = Field(100, ge=1, le=500)


class DeliveriesQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    webhook_id: UUID | None = None
    execution_id: UUID | None = Field(None, description="Wake-ups of this run.")
    status: Annotated[str, AfterValidator(lambda text: _several(STATUSES, text))] | None = Field(
        None,
        description="One status, or several with commas.",
        json_schema_extra={"pattern": _pattern(STATUSES), "example": "pending,failed"},
    )
    type: Annotated[str, AfterValidator(lambda text: _several((*EVENTS, TEST, WAKE), text))] | None = Field(
        None, json_schema_extra={"pattern": _pattern((*EVENTS, TEST, WAKE)), "example": "version.approved"}
    )
    cursor: Cursor | None = Field(None, description="meta.next_cursor of the page before.")
    limit: int = Field(50, ge=1, le=500)


class WebhooksQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    active: bool | None = Field(
        None, description="true: only those that are on; false: only those that are off.",
        json_schema_extra={"example": True},
    )  # fmt: skip


class WebhookBody(BaseModel):
    """Where events are sent."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [ENDPOINT]})
    url: Url = Field(
        description="http or https. Hosts that are not public must stand in ARTIFACTS_WEBHOOK_ALLOW.",
        examples=["https://n8n.example.com/webhook/artifacts"],
    )
    description: ShortText | None = Field(None, description="What listens there.")
    events: list[EventType] = Field(default=[], max_length=50, description="Which events; none named: all.")
    active: bool = Field(True, description="false: nothing is sent.")


class WebhookChange(BaseModel):
    """What has changed; fields left out stay."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"active": True}]})
    url: Url = Field("http://unsaid", examples=["https://n8n.example.com/webhook/artifacts"])
    description: ShortText | None = None
    events: list[EventType] = Field(default=[], max_length=50)
    active: bool = True


class SecretBody(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})
    overlap_seconds: int = Field(86400, ge=0, le=30 * 86400, description="How long the secret of before signs, too.")


class TestBody(BaseModel):
    """Nothing needs to be said."""

    __test__ = False
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})


class ReplayBody(BaseModel):
    """Nothing needs to be said."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})


class ReplayAllBody(BaseModel):
    """Which of an endpoint's deliveries are sent again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"since": "2026-11-20T08:00:00Z"}]})
    status: Literal["failed", "all"] = Field("failed", description="all: what was delivered, too.")
    since: AwareDatetime | None = Field(None, description="Only those that were queued at this time or later.")


class Webhook(Shape):
    """An endpoint."""

    id: UUID
    url: str
    description: str | None
    events: list[str] = Field(description="Empty: all.")
    active: bool
    failing_since: datetime | None = Field(description="Since when nothing was delivered.")
    problem: str | None = Field(description="What the last delivery failed on, or why it was switched off.")
    has_secret: bool
    previous_secret_until: datetime | None = Field(description="Until when the secret of before signs, too.")
    pending: int = Field(description="How many deliveries are to be sent.")
    failed: int
    user_created: UUID | None
    date_created: datetime | None


class WebhookWithSecret(Webhook):
    secret: str = Field(description="What its events are signed with (whsec_…). This is the only time it is shown.")


class WebhookAnswer(Shape):
    data: Webhook


class WebhookCreated(Shape):
    data: WebhookWithSecret


class WebhooksAnswer(Shape):
    data: list[Webhook]


class Secret(Shape):
    secret: str = Field(description="This is the only time it is shown.")
    previous_until: datetime | None = Field(description="Until when the secret of before signs, too.")


class SecretAnswer(Shape):
    data: Secret


class Replayed(Shape):
    queued: int


class ReplayedAnswer(Shape):
    data: Replayed


class Delivery(Shape):
    """An event on its way to an endpoint, or a decision on its way to a run that waits for it."""

    id: UUID
    message_id: str = Field(description="The header webhook-id: the same at every try.")
    type: str
    webhook_id: UUID | None
    execution_id: UUID | None = Field(description="The run that is resumed.")
    artifact_version_id: UUID | None
    project_id: UUID | None
    sequence: int | None
    status: Literal["pending", "delivered", "failed", "dropped"] = Field(
        description="dropped: it was of no use any more, so it was not sent."
    )
    attempts: int
    next_attempt_at: datetime | None
    answer_status: int | None
    answer: str | None = Field(description="The first 500 bytes of the last answer.")
    duration_ms: int | None = Field(description="Of the last try.")
    error: str | None
    date_created: datetime
    finished_at: datetime | None


class DeliveryAnswer(Shape):
    data: Delivery


class DeliveriesAnswer(Shape):
    data: list[Delivery]
    meta: PageMeta


class Event(Shape):
    """An event as it is sent, and its id."""

    id: str = Field(description="The header webhook-id.")
    type: str
    timestamp: datetime
    data: dict[str, Any] = Field(description="docs/reference/events.md tells what each type says.")


class EventsAnswer(Shape):
    data: list[Event]
    meta: PageMeta


@api.get(
    "/events",
    operation_id="listEvents",
    summary="List events",
    description="Oldest first, in pages. Whoever has missed some asks with project_id and after.",
    responses={200: EventsAnswer, **refusals("project_not_found", "restricted_policy")},
)
@operation("read")
def get_events(call: Call, query: EventsQuery) -> Answer:
    filters = {
        "project_id": find_project(call, query.project_id)["id"] if query.project_id else None,
        "after": query.after if query.project_id else None,
        "type": query.type.split(",") if query.type else None,
        "version_id": query.artifact_version_id,
    }
    rows, cursor = log.list_events(call, filters, cursor=query.cursor, limit=query.limit)
    return Answer(rows, meta={"next_cursor": cursor})


@api.get(
    "/webhooks",
    operation_id="listWebhooks",
    summary="List endpoints",
    description="Where events are sent, and what is left to be sent.",
    responses={200: WebhooksAnswer, **refusals()},
)
@operation("administer")
def get_webhooks(call: Call, query: WebhooksQuery) -> Answer:
    return Answer(endpoints.list_endpoints(call, query.active))


@api.post(
    "/webhooks",
    operation_id="createWebhook",
    summary="Add an endpoint",
    description="It gets what happens from now on. The answer shows its secret, once.",
    responses={201: WebhookCreated, **refusals("invalid_text")},
)
@operation("administer")
def post_webhooks(call: Call, body: WebhookBody) -> Answer:
    endpoint = endpoints.add_endpoint(call, body.model_dump())
    return Answer(endpoint, 201, headers={"Location": f"/v1/webhooks/{endpoint['id']}"})


@api.get(
    "/webhooks/<id>",
    operation_id="getWebhook",
    summary="Read an endpoint",
    description="Its secret is not shown.",
    responses={200: WebhookAnswer, **refusals("webhook_not_found")},
)
@operation("administer")
def get_webhook(call: Call, path: ById) -> Answer:
    return Answer(endpoints.find_endpoint(call, path.id))


@api.patch(
    "/webhooks/<id>",
    operation_id="changeWebhook",
    summary="Change an endpoint",
    description="Switched on again, or at another address, it begins anew. What happened while it was off is not sent;"
    " what had failed is, when it is replayed.",
    responses={200: WebhookAnswer, **refusals("webhook_not_found", "invalid_text")},
)
@operation("administer")
def patch_webhook(call: Call, path: ById, body: WebhookChange) -> Answer:
    return Answer(endpoints.change_endpoint(call, path.id, body.model_dump(exclude_unset=True)))


@api.post(
    "/webhooks/<id>/secret",
    operation_id="renewWebhookSecret",
    summary="Make a new secret",
    description="Shown once. The one of before signs, too, for overlap_seconds, so that no event is lost meanwhile.",
    responses={200: SecretAnswer, **refusals("webhook_not_found")},
)
@operation("administer")
def post_webhook_secret(call: Call, path: ById, body: SecretBody) -> Answer:
    return Answer(endpoints.renew_secret(call, path.id, body.overlap_seconds))


@api.post(
    "/webhooks/<id>/test",
    operation_id="testWebhook",
    summary="Send a test event",
    description="Queues one webhook.test; the delivery tells what came of it.",
    responses={202: DeliveryAnswer, **refusals("webhook_not_found", "webhook_inactive")},
)
@operation("administer")
def post_webhook_test(call: Call, path: ById, body: TestBody) -> Answer:
    return Answer(endpoints.send_test(call, path.id), 202)


@api.post(
    "/webhooks/<id>/replay",
    operation_id="replayWebhook",
    summary="Send an endpoint's deliveries again",
    description="Those that failed, or all, perhaps since a time; each under the id that it had.",
    responses={202: ReplayedAnswer, **refusals("webhook_not_found", "webhook_inactive")},
)
@operation("administer")
def post_webhook_replay(call: Call, path: ById, body: ReplayAllBody) -> Answer:
    statuses = ["failed"] if body.status == "failed" else ["failed", "delivered", "dropped"]
    return Answer({"queued": endpoints.replay_endpoint(call, path.id, statuses, body.since)}, 202)


@api.get(
    "/deliveries",
    operation_id="listDeliveries",
    summary="List deliveries",
    description="Newest first, in pages.",
    responses={200: DeliveriesAnswer, **refusals()},
)
@operation("administer")
def get_deliveries(call: Call, query: DeliveriesQuery) -> Answer:
    filters = query.model_dump(include={"webhook_id", "execution_id"})
    filters |= {name: said.split(",") for name in ("status", "type") if (said := getattr(query, name))}
    rows, cursor = log.list_deliveries(call, filters, cursor=query.cursor, limit=query.limit)
    return Answer(rows, meta={"next_cursor": cursor})


@api.get(
    "/deliveries/<id>",
    operation_id="getDelivery",
    summary="Read a delivery",
    description="What came of its last try, and when the next one is.",
    responses={200: DeliveryAnswer, **refusals("delivery_not_found")},
)
@operation("administer")
def get_delivery(call: Call, path: ById) -> Answer:
    return Answer(log.find_delivery(call, path.id))


@api.post(
    "/deliveries/<id>/replay",
    operation_id="replayDelivery",
    summary="Send a delivery again",
    description="Under the id that it had; what waits for its next try is sent now. A run that was resumed is not"
    " resumed again.",
    responses={
        202: DeliveryAnswer,
        **refusals("delivery_not_found", "webhook_not_found", "webhook_inactive", "event_gone", "wake_over"),
    },
)
@operation("administer")
def post_delivery_replay(call: Call, path: ById, body: ReplayBody) -> Answer:
    return Answer(log.replay(call, path.id), 202)
