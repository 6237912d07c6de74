"""/v1/artifacts/{id}/links, /v1/tasks/{id}/links, /v1/links: the review links that people make for guests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict
from pydantic_core import from_json, to_json

from sidecar.answers import AN_ID, ANOTHER_ID, ById, PageMeta, Shape, VersionName, refusals
from sidecar.call import Answer, Call
from sidecar.edge import answer, described, json_body, operation, permitted, read_model, registry
from sidecar.executions.http import Cursor
from sidecar.share.link import DAY, MOST_VERSIONS, May, Wish, candidates_of, list_links, make_link, revoke_link
from sidecar.share.token import seal_link

api = APIBlueprint(
    "share", __name__, url_prefix="/v1",
    abp_tags=[Tag(name="Review links", description="People without an account look, comment and decide.")],
)  # fmt: skip

# A name on one line, as it will stand in the records: no brackets, which say whose guest it is there, and nothing that
# is not seen.
_HIDDEN = r"\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
_NAME = rf"^[^()\s{_HIDDEN}]([^()\n\r\t{_HIDDEN}]{{0,98}}[^()\s{_HIDDEN}])?$"
_EMAIL = rf"^[^@\s<>\"',;:()\\{_HIDDEN}]{{1,64}}@[^@\s<>\"',;:()\\{_HIDDEN}]{{1,189}}$"
GuestName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_NAME)]
GuestEmail = Annotated[str, StringConstraints(min_length=3, max_length=254, pattern=_EMAIL)]
# In seconds; a year is more than any setting allows.
Life = Annotated[int, Field(ge=60, le=366 * DAY)]

_INVITED: JsonDict = {
    "guest_name": "Ada Lovelace",
    "guest_email": "ada@example.com",
    "expires_in": 259200,
    "may": ["view", "comment", "decide"],
    "note": "Is the green right?",
}
_REFUSED = ("artifact_not_found", "review_links_off", "review_link_too_long", "restricted_policy")


class TaskLinkBody(BaseModel):
    """Who is invited, for how long, and to do what."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_INVITED]})
    guest_name: GuestName = Field(description="Stands in the records of whatever they do.")
    guest_email: GuestEmail | None = Field(
        None, description="Kept beside the link until it is forgotten; nothing is sent."
    )
    expires_in: Life = Field(7 * DAY, description="Seconds; at most what ARTIFACTS_REVIEW_LINK_DAYS allows.")
    may: list[May] = Field(
        ["view"], min_length=1, max_length=3, description="view is always among them; decide needs the right to review."
    )
    note: Annotated[str, StringConstraints(max_length=2000)] | None = Field(None, description="Shown to the guest.")

    def wish(self) -> Wish:
        order: tuple[May, ...] = ("view", "comment", "decide")
        may: list[May] = [what for what in order if what == "view" or what in self.may]
        note = (self.note or "").strip() or None
        return Wish(self.guest_name, self.guest_email, note, tuple(may), self.expires_in)


class LinkBody(TaskLinkBody):
    """Who is invited, for how long, and to do what; and which versions they see beside this one."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [_INVITED, {**_INVITED, "artifact_version_ids": [ANOTHER_ID]}]}
    )
    artifact_version_ids: list[UUID] = Field([], max_length=MOST_VERSIONS - 1, description="Further versions to show.")


class LinksQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    artifact_version_id: UUID | None = Field(
        None, description="Only links that show this version.", json_schema_extra={"example": AN_ID}
    )
    live: bool | None = Field(None, description="true: only links that have not ended; false: only those that have.")
    cursor: Cursor | None = Field(None, description="meta.next_cursor of the page before.")
    limit: int = Field(50, ge=1, le=200)


class SharedName(VersionName):
    status: str


class ReviewLink(Shape):
    """A review link."""

    id: UUID
    guest_name: str
    guest_email: str | None
    note: str | None
    may: list[May]
    made_by_label: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by_label: str | None
    last_used_at: datetime | None = Field(description="When its guest decided or commented last.")
    state: Literal["live", "expired", "revoked", "stopped"] = Field(
        description="stopped: whoever made it may not share this any more."
    )
    url: str | None = Field(description="The address for the guest: said once, when the link is made.")
    versions: list[SharedName]


class ReviewLinkAnswer(Shape):
    data: ReviewLink


class ReviewLinksAnswer(Shape):
    data: list[ReviewLink]
    meta: PageMeta


@api.post(
    "/artifacts/<id>/links",
    operation_id="shareArtifact",
    summary="Make a review link",
    description="With it somebody without an account sees the version, and comments or decides where `may` says so."
    " The answer holds the address, which is said only here, and to the same request under its Idempotency-Key.",
    responses={201: ReviewLinkAnswer, **refusals(*_REFUSED)},
)
@described(path=ById, body=LinkBody)
@permitted("produce")
def post_artifact_links(id: str) -> Response:
    version = read_model(ById, {"id": id}, "path").id
    body = read_model(LinkBody, json_body())
    return _made(lambda call: make_link(call, [version, *body.artifact_version_ids], body.wish()))


@api.post(
    "/tasks/<id>/links",
    operation_id="shareTask",
    summary="Make a review link for a task's candidates",
    description="For what waits for a decision at this moment; what is submitted later is not shown.",
    responses={
        201: ReviewLinkAnswer,
        **refusals(*_REFUSED, "task_not_found", "nothing_to_share", "too_many_to_share"),
    },
)
@described(path=ById, body=TaskLinkBody)
@permitted("produce")
def post_task_links(id: str) -> Response:
    task = read_model(ById, {"id": id}, "path").id
    body = read_model(TaskLinkBody, json_body())
    return _made(lambda call: make_link(call, candidates_of(call, task), body.wish()))


@api.get(
    "/links",
    operation_id="listLinks",
    summary="List review links",
    description="Newest first: reviewers see everybody's, others their own. Never with their addresses.",
    responses={200: ReviewLinksAnswer, **refusals("restricted_policy")},
)
@operation("produce")
def get_links(call: Call, query: LinksQuery) -> Answer:
    rows, cursor = list_links(call, query.artifact_version_id, query.live, cursor=query.cursor, limit=query.limit)
    return Answer(rows, meta={"next_cursor": cursor})


@api.delete(
    "/links/<id>",
    operation_id="revokeLink",
    summary="Revoke a review link",
    description="Whoever made it may, and reviewers. Its page shows nothing from then on; files that are being looked"
    " at can be read for up to an hour more.",
    responses={200: ReviewLinkAnswer, **refusals("review_link_not_found", "restricted_policy")},
)
@operation("produce")
def delete_link(call: Call, path: ById) -> Answer:
    return Answer(revoke_link(call, path.id))


def _made(make: Callable[[Call], dict[str, Any]]) -> Response:
    """The answer with the link's address, which follows from the link: what is kept for a repetition is without it."""
    response = answer(lambda call: Answer(make(call), 201))
    body = from_json(response.get_data())
    if response.status_code == 201 and body["data"]["url"] is None:
        settings, link = registry().settings, body["data"]
        ends = int(datetime.fromisoformat(link["expires_at"]).timestamp())
        link["url"] = f"{settings.address}/v1/shared/{seal_link(settings, UUID(link['id']), ends)}"
        response.set_data(to_json(body))
    return response
