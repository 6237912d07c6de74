"""/v1/artifacts/{id}/relations, /lineage, /impact, and /v1/projects/{id}/stale."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel
from pydantic_core import PydanticCustomError

from sidecar.answers import ANOTHER_ID, ById, Existing, PageMeta, ProjectPath, Shape, refusals
from sidecar.call import Answer, Call
from sidecar.edge import operation
from sidecar.lineage.graph import Graph
from sidecar.lineage.openlineage import run_events
from sidecar.lineage.people import decisions_of, names_of
from sidecar.lineage.provenance import prov_json
from sidecar.lineage.relate import RELATION_TYPES, Place, RelationType, relate, relations_of
from sidecar.lineage.stale import impact, stale_in_project
from sidecar.lineage.walk import Direction, Walk, lineage
from sidecar.paths import Path
from sidecar.projects.find import find_project

api = APIBlueprint(
    "lineage", __name__, url_prefix="/v1",
    abp_tags=[Tag(name="Lineage", description="What was made from what.")],
)  # fmt: skip

_SEVERAL_TYPES = "^(TYPE)(,(TYPE))*$".replace("TYPE", "|".join(RELATION_TYPES))


def _types(text: str) -> str:
    if not set(RELATION_TYPES).issuperset(text.split(",")):
        raise PydanticCustomError("relation_type_known", "one of these is no type of relation")
    return text


class RelationBody(BaseModel):
    """What a version was made from, and how."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"to_version_id": ANOTHER_ID, "relation_type": "derived_from"}]},
    )
    to_version_id: UUID = Field(description="The source: a version of any project.", examples=[ANOTHER_ID])
    relation_type: RelationType = Field("derived_from", description="How it was made from the source.")
    metadata: dict[str, Any] | None = Field(
        None, description="What the producer notes about it.", examples=[{"tool": "upscaler", "factor": 4}]
    )


class RelationsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    cursor: str | None = Field(
        None,
        pattern=rf"^[01]:[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}:({'|'.join(RELATION_TYPES)})$",
        description="meta.next_cursor of the page before.",
    )
    limit: int = Field(100, ge=1, le=1000)


class LineageQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    direction: Direction = Field("both", description="What it was made from, what was made from it, or both.")
    depth: int = Field(10, ge=1, le=100, description="How many relations away.")
    types: Annotated[str, AfterValidator(_types)] | None = Field(
        None,
        description="Relations of these types only, with commas.",
        json_schema_extra={"pattern": _SEVERAL_TYPES, "example": "derived_from,edited_from"},
    )
    limit: int = Field(1000, ge=1, le=5000, description="How many versions at most, the nearest first.")
    include: Literal["runs"] | None = Field(
        None, description="runs: also the steps and executions that made or used the versions."
    )
    format: Literal["json", "prov", "openlineage"] = Field(
        "json", description="prov: W3C PROV-JSON. openlineage: a list of RunEvents. Both include the runs."
    )


class ImpactQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    limit: int = Field(500, ge=1, le=5000)


class StaleQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    cursor: Path | None = Field(None, description="meta.next_cursor of the page before.")
    limit: int = Field(100, ge=1, le=500)


class Relation(Shape):
    id: UUID
    from_version_id: UUID = Field(description="The newer version.")
    to_version_id: UUID = Field(description="What it was made from.")
    relation_type: RelationType
    metadata: Any
    user_created: UUID | None
    date_created: datetime | None


class RelationAnswer(Shape):
    data: Relation
    meta: Existing


class RelationsAnswer(Shape):
    data: list[Relation]
    meta: PageMeta


class VersionNode(Shape):
    kind: Literal["version"]
    id: UUID
    project_id: UUID
    project_key: str | None
    schema_key: str
    version_number: int
    status: str
    artifact_type: str | None
    primary_file_id: UUID | None
    primary_file_type: str | None = Field(description="Such as image/png.")
    poster_id: UUID | None = Field(description="A Directus file that is a picture of what is no picture itself.")
    depth: int = Field(description="How many relations or runs away; the shortest way counts.")
    direction: Literal["self", "ancestor", "descendant"]
    stale: bool = Field(description="In use, and made from something replaced, rejected or put away since.")


class RunNode(Shape):
    kind: Literal["step", "execution"]
    id: UUID
    name: str | None
    status: str | None
    execution_id: UUID | None = Field(description="The execution a step belongs to.")
    workflow: str | None
    engine: str | None
    attempt: int | None = Field(description="Of a step: which try it is, from 1.")
    started_at: datetime | None
    completed_at: datetime | None


class Edge(Shape):
    id: UUID | None = Field(description="The relation's id.")
    from_id: UUID = Field(description="The newer node.")
    to_id: UUID = Field(description="What it came from.")
    type: Literal[
        "derived_from",
        "variant_of",
        "transcoded_from",
        "edited_from",
        "restored_from",
        "generated_by",
        "used",
        "part_of",
    ] = Field(description="A type of relation; or version generated_by run, run used version, step part_of execution.")
    metadata: Any


class LineageGraph(Shape):
    nodes: list[VersionNode | RunNode]
    edges: list[Edge]


class LineageMeta(Shape):
    truncated: bool = Field(description="There is more than `limit` let through, within `depth`.")


class LineageAnswer(Shape):
    data: LineageGraph
    meta: LineageMeta


class ProvDocumentShape(BaseModel):
    """A PROV-JSON document: https://www.w3.org/Submission/prov-json/."""

    model_config = ConfigDict(extra="allow", title="ProvDocument")
    prefix: dict[str, str]


class ProvAnswer(Shape):
    data: ProvDocumentShape
    meta: LineageMeta


class RunEvent(BaseModel):
    """An OpenLineage RunEvent: https://openlineage.io/spec/2-0-2/OpenLineage.json."""

    model_config = ConfigDict(extra="allow")
    eventType: Literal["START", "RUNNING", "COMPLETE", "FAIL", "ABORT"]
    eventTime: datetime
    run: dict[str, Any]
    job: dict[str, Any]
    producer: str
    schemaURL: str


class OpenLineageAnswer(Shape):
    data: list[RunEvent]
    meta: LineageMeta


class AnyLineageAnswer(RootModel[LineageAnswer | ProvAnswer | OpenLineageAnswer]):
    """As `format` asks."""


class Successor(Shape):
    artifact_version_id: UUID
    version_number: int


class Source(Shape):
    artifact_version_id: UUID
    project_id: UUID
    project_key: str | None
    schema_key: str
    version_number: int
    status: str = Field(description="superseded, rejected or archived")
    successor: Successor | None = Field(description="The version approved on its path now, if any.")


class StaleVersion(Shape):
    artifact_version_id: UUID
    schema_key: str
    version_number: int
    artifact_type: str | None
    primary_file_id: UUID | None
    promoted_at: datetime | None
    sources: list[Source] = Field(description="What is out of date, the nearest first; at most 10.")


class StaleAnswer(Shape):
    data: list[StaleVersion]
    meta: PageMeta


class AffectedVersion(Shape):
    artifact_version_id: UUID
    project_id: UUID
    project_key: str | None
    schema_key: str
    version_number: int
    status: str
    artifact_type: str | None
    primary_file_id: UUID | None
    promoted_at: datetime | None
    direct: bool = Field(description="Made from it directly.")


class ImpactMeta(Shape):
    total: int
    truncated: bool


class ImpactAnswer(Shape):
    data: list[AffectedVersion]
    meta: ImpactMeta


@api.post(
    "/artifacts/<id>/relations",
    operation_id="addRelation",
    summary="Say what a version was made from",
    description="201 for a new relation, 200 for one that exists, which is left as it is. Never a circle.",
    responses={
        201: RelationAnswer,
        200: RelationAnswer,
        **refusals("artifact_not_found", "relation_not_to_itself", "relation_cycle", "invalid_json", "body_too_large"),
    },
)
@operation("produce")
def post_relation(call: Call, path: ById, body: RelationBody) -> Answer:
    relation, new = relate(call, path.id, body.to_version_id, body.relation_type, body.metadata)
    return Answer(relation, 201 if new else 200, {"existing": not new})


@api.get(
    "/artifacts/<id>/relations",
    operation_id="listRelations",
    summary="Read a version's relations",
    description="What it was made from, then what was made from it, in pages.",
    responses={200: RelationsAnswer, **refusals("artifact_not_found", "restricted_policy")},
)
@operation("read")
def get_relations(call: Call, path: ById, query: RelationsQuery) -> Answer:
    rows, end = relations_of(call, path.id, after=_place(query.cursor), limit=query.limit)
    cursor = f"{end.side}:{end.other_id}:{end.relation_type}" if end else None
    return Answer(rows, meta={"next_cursor": cursor})


@api.get(
    "/artifacts/<id>/lineage",
    operation_id="getLineage",
    summary="Read where a version comes from and what came of it",
    description="Versions and relations as nodes and edges, each once; or the same for provenance and lineage tools.",
    responses={
        200: AnyLineageAnswer,
        **refusals("artifact_not_found", "restricted_policy", "relation_type_known"),
    },
)
@operation("read")
def get_lineage(call: Call, path: ById, query: LineageQuery) -> Answer:
    types = tuple(query.types.split(",")) if query.types else None
    runs = query.include == "runs" or query.format != "json"
    graph = lineage(call, path.id, Walk(query.direction, query.depth, types, query.limit, runs))
    return Answer(_written(call, graph, query.format), meta={"truncated": graph.truncated})


@api.get(
    "/artifacts/<id>/impact",
    operation_id="getImpact",
    summary="Read what must be looked at again if a version changes",
    description="Approved and pending versions made from it, however far away and in any project.",
    responses={200: ImpactAnswer, **refusals("artifact_not_found", "restricted_policy")},
)
@operation("read")
def get_impact(call: Call, path: ById, query: ImpactQuery) -> Answer:
    rows, total = impact(call, path.id, query.limit)
    return Answer(rows, meta={"total": total, "truncated": total > len(rows)})


@api.get(
    "/projects/<id>/stale",
    operation_id="listStale",
    summary="Read which approved versions are stale",
    description="Made, however far back, from a version that was superseded, rejected or put away since.",
    responses={200: StaleAnswer, **refusals("project_not_found", "restricted_policy", "schema_key_grammar")},
)
@operation("read")
def get_stale(call: Call, path: ProjectPath, query: StaleQuery) -> Answer:
    project = find_project(call, path.id)
    rows, more = stale_in_project(call, project["id"], after=query.cursor, limit=query.limit)
    return Answer(rows, meta={"next_cursor": rows[-1]["schema_key"] if more else None})


def _place(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    side, other, relation_type = cursor.split(":")
    return Place(int(side), UUID(other), relation_type)


def _written(call: Call, graph: Graph, form: str) -> Any:
    if form == "prov":
        decisions = decisions_of(call, graph)
        return prov_json(graph, decisions, names_of(call, graph, decisions))
    if form == "openlineage":
        return run_events(graph, datetime.now(UTC))
    nodes = [_shown("version", version, VersionNode) for version in graph.versions]
    for kind, runs in (("execution", graph.executions), ("step", graph.steps)):
        nodes += [_shown(kind, run, RunNode) for run in runs]
    return {"nodes": nodes, "edges": graph.edges()}


def _shown(kind: str, row: dict[str, Any], shape: type[Shape]) -> dict[str, Any]:
    return {"kind": kind} | {name: row[name] for name in shape.model_fields if name != "kind"}
