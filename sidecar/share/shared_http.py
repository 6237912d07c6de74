"""/v1/shared/{token}: what the guest of a review link sees and sends, without an account.

Reading decides nothing, whoever follows the link: mail programs and previews do, too. Deciding takes a POST with the
form token of a page that was read before.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Response, current_app, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from werkzeug.exceptions import RequestEntityTooLarge

from sidecar.answers import AN_ID, Shape, refusals
from sidecar.body import refuse_unstorable
from sidecar.call import Answer, Call
from sidecar.edge import answer, described, encode, json_body, permitted, read_model, registry, speak_as
from sidecar.errors import Refusal
from sidecar.review.http import DecisionAnswer, Reason
from sidecar.share import page
from sidecar.share.act import GuestAction, Said, act
from sidecar.share.limits import Limits, place_of
from sidecar.share.link import May
from sidecar.share.opened import Opened, open_link
from sidecar.share.shown import shown_versions
from sidecar.share.text import texts_of
from sidecar.share.token import seal_form, unseal_form, unseal_link

api = APIBlueprint(
    "shared", __name__, url_prefix="/v1",
    abp_tags=[Tag(name="Review links", description="People without an account look, comment and decide.")],
)  # fmt: skip
Row = dict[str, Any]

# In a minute, from one address and through one link: people reload, and a page with many versions is read once.
FROM_AN_ADDRESS, THROUGH_A_LINK = 300, 120
# Tokens that are none, from one address: whoever copied a link badly needs few, whoever guesses has 2^256 to try.
WRONG_TOKENS, WRONG_SECONDS = 20, 600

_REFUSED = (
    "review_links_off", "review_link_not_found", "review_link_expired", "review_link_revoked", "review_link_stopped",
    "too_many_requests",
)  # fmt: skip
_DECIDING = (
    "review_link_narrow", "review_form_expired", "artifact_not_found", "already_decided", "not_submitted",
    "reason_required", "own_work", "two_approvals_for_one_path", "context_path_occupied", "template_violation",
    "template_broken", "approved_is_replaced",
)  # fmt: skip


class SharedToken(BaseModel):
    token: str = Field(
        max_length=1000,
        description="The last part of a review link.",
        json_schema_extra={"example": "WyI2ZjFjMGE1MiIsMTc5NjAwMDAwMF0.Zm9yZ2VyeQ"},
    )


class GuestBody(BaseModel):
    """What a guest says of one of the versions."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"form_token": "WyI2ZjFjMGE1MiIsMV0.c2VhbGVk", "artifact_version_id": AN_ID, "action": "approve"}
            ]
        },
    )
    form_token: Annotated[str, StringConstraints(max_length=1000)] = Field(
        description="Of the page, or of the answer, that shows the versions. What is sent with it again counts once."
    )
    artifact_version_id: UUID
    action: GuestAction
    reason: Reason | None = Field(None, description="Why; a comment's text.")


class GuestFile(Shape):
    id: UUID
    name: str | None
    type: str | None
    size: int | None
    url: str = Field(description="For an hour, without a token.")
    download_url: str


class GuestSaid(Shape):
    action: str
    reason: str | None
    date_created: datetime


class GuestVersion(Shape):
    """A version as a guest sees it."""

    artifact_version_id: UUID
    project_title: str | None
    schema_key: str
    version_number: int
    title: str | None = Field(description="What the project's template calls the path.")
    artifact_type: str | None
    status: str
    review_state: str | None
    date_created: datetime | None
    value: Any
    value_start: str | None = Field(description="Of a value that is too large to be shown, the beginning as text.")
    source_url: str | None
    gone: Literal["erased", "files_removed"] | None
    files: list[GuestFile]
    allowed_actions: list[GuestAction]
    said: list[GuestSaid] = Field(description="What this guest has said of it.")


class SharedLink(Shape):
    guest_name: str
    made_by_label: str
    note: str | None
    may: list[May] = Field(description="What the guest may do now.")
    expires_at: datetime
    form_token: str = Field(description="To be sent with what the guest says; works for two hours.")
    versions: list[GuestVersion]


class SharedAnswer(Shape):
    data: SharedLink


class ActedAnswer(Shape):
    data: DecisionAnswer


@api.get(
    "/shared/<token>",
    operation_id="readShared",
    summary="Read what a review link shows",
    description="Needs no other token. A page for whoever accepts text/html, else JSON. It changes nothing, however"
    " often it is read.",
    security=[{}],
    responses={200: SharedAnswer, **refusals(*_REFUSED)},
)
@described(path=SharedToken)
def get_shared(token: str) -> Response:
    if not _wants_page():
        return _as_json(token)
    return _page(token)


@api.post(
    "/shared/<token>",
    operation_id="actShared",
    summary="Comment or decide by a review link",
    description="As JSON, or as the page's own form, which is answered with the page. By the right of whoever made the"
    " link, as far as the link goes.",
    security=[{}],
    responses={200: ActedAnswer, **refusals(*_REFUSED, *_DECIDING)},
)
@described(path=SharedToken, body=GuestBody)
def post_shared(token: str) -> Response:
    if not _is_form():
        speak_as(_opened(token).guest)
        return _act_by_json(token=token)
    fields: Row = {}
    try:
        speak_as(_opened(token).guest)
        fields = _form()
        body = read_model(GuestBody, fields)
        _act(token, body)
    except Refusal as refusal:
        return _page(token, refusal, fields)
    # Reading the page again does not send the form again.
    return page.guarded(Response(status=303, headers={"Location": f"{token}#v-{body.artifact_version_id}"}))


@permitted("read")
def _act_by_json(token: str) -> Response:
    return _act(token, read_model(GuestBody, json_body()))


def _act(token: str, body: GuestBody) -> Response:
    said = Said(body.artifact_version_id, body.action, (body.reason or "").strip() or None)

    def work(call: Call) -> Answer:
        now = time.time()
        link = open_link(call.connection, call.settings, token, now, request.remote_addr, lock=True)
        form = unseal_form(call.settings, body.form_token, link.id, now)
        return Answer(act(replace(call, caller=link.guest), link, form, said))

    return answer(work)


def _opened(token: str) -> Opened:
    """The link, unless its token or its guest's address has come too often."""
    limits, address = _limits(), place_of(request.remote_addr)
    limits.count(f"from {address}", most=FROM_AN_ADDRESS, seconds=60)
    here, now = registry(), time.time()
    try:
        unseal_link(here.settings, token, now)  # a guess takes no connection from those who know
        link = here.database.by_statement(
            lambda connection: open_link(connection, here.settings, token, now, request.remote_addr)
        )
    except Refusal as refusal:
        if refusal.code == "review_link_not_found":
            limits.count(f"wrong from {address}", most=WRONG_TOKENS, seconds=WRONG_SECONDS)
        raise
    limits.count(f"through {link.id}", most=THROUGH_A_LINK, seconds=60)
    return link


def _limits() -> Limits:
    return current_app.extensions.setdefault("artifacts/shared", Limits())


def _as_json(token: str) -> Response:
    shown = _shown(_opened(token), f"{registry().settings.address}/v1/downloads/")
    return page.guarded(encode(Answer(shown)))


def _page(token: str, refusal: Refusal | None = None, typed: Row | None = None) -> Response:
    """The page; with a refusal of what was sent from it, with all that was `typed`."""
    try:
        shown = _shown(_opened(token), "../downloads/")
    except Refusal as closed:
        return page.refused(closed)
    return page.shared(shown, texts_of(registry().directus(), shown["versions"]), refusal, typed or {})


def _shown(link: Opened, place: str) -> Row:
    """What a guest is shown; the files are below `place`."""
    here, now = registry(), time.time()
    versions = here.database.by_statement(
        lambda connection: shown_versions(connection, here.settings, link, now, place)
    )
    return {
        "guest_name": link.row["guest_name"],
        "made_by_label": link.row["made_by_label"],
        "note": link.row["note"],
        "may": link.may,
        "expires_at": link.row["expires_at"],
        "form_token": seal_form(here.settings, link.id, now),
        "versions": versions,
    }


def _wants_page() -> bool:
    accepted = request.accept_mimetypes
    return accepted["text/html"] > accepted["application/json"]


def _is_form() -> bool:
    return request.mimetype == "application/x-www-form-urlencoded"


def _form() -> dict[str, Any]:
    try:
        fields = request.form.to_dict()
    except RequestEntityTooLarge:
        raise Refusal("body_too_large") from None
    refuse_unstorable(fields)
    return fields
