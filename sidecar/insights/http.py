"""/v1/insights/reviews: the figures that Directus' own panels cannot work out."""

from __future__ import annotations

from datetime import date, datetime

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field

from sidecar.answers import Shape, refusals
from sidecar.call import Answer, Call
from sidecar.edge import operation, unless_known
from sidecar.insights.reviews import MOST_DECISIONS, MOST_PATHS, MOST_WAITING, reviews

api = APIBlueprint(
    "insights", __name__, url_prefix="/v1", abp_tags=[Tag(name="Insights", description="How reviewing goes.")]
)


class ReviewsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    days: int = Field(
        30, ge=1, le=366, description="Decisions of so many days, until now.", json_schema_extra={"example": 30}
    )


class WaitingByAge(Shape):
    """How many wait for how long; each age begins where the one before ends."""

    hour: int = Field(description="Less than an hour.")
    day: int = Field(description="Less than a day.")
    three_days: int
    week: int
    older: int


class Waiting(Shape):
    total: int = Field(description=f"Versions that wait for a decision; {MOST_WAITING:,} are counted at most.")
    oldest: datetime | None
    by_age: WaitingByAge


class DecidedDay(Shape):
    day: date = Field(description="In UTC. Days without a decision are left out.")
    versions: int
    median_seconds: float


class Decided(Shape):
    """How long it took from a version's submission to the first decision on it."""

    versions: int
    median_seconds: float | None
    p90_seconds: float | None = Field(description="Nine in ten were decided within this.")
    by_day: list[DecidedDay]


class DecidedPath(Shape):
    """How the versions of a path stand by the latest decision on each."""

    path: str = Field(description="The items of a list are one path: scene_images[].")
    approved: int
    rejected: int
    changes_requested: int


class Reviews(Shape):
    waiting: Waiting
    decided: Decided
    paths: list[DecidedPath] = Field(description=f"The {MOST_PATHS} with the most decisions.")


class ReviewsMeta(Shape):
    days: int
    truncated: bool = Field(
        description=f"There was more than is counted: of decisions the newest {MOST_DECISIONS:,} are."
    )


class ReviewsAnswer(Shape):
    data: Reviews
    meta: ReviewsMeta


@api.get(
    "/insights/reviews",
    operation_id="readReviewInsights",
    summary="Read how reviewing goes",
    description="What waits by age, the time to the first decision by day, and the share of approvals by path. What a"
    " rule decided does not count. With an ETag; If-None-Match answers 304 while nothing changed.",
    responses={
        200: ReviewsAnswer,
        304: {"description": "What If-None-Match names is still the answer."},
        **refusals("restricted_policy"),
    },
)
@operation("read")
def get_reviews(call: Call, query: ReviewsQuery) -> Response:
    data, meta = reviews(call, days=query.days)
    return unless_known(Answer(data, meta=meta))
