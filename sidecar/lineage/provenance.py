"""A part of the lineage as W3C PROV: versions are entities, runs are activities, people and programs are agents.

https://www.w3.org/TR/prov-dm/, written as PROV-JSON (https://www.w3.org/Submission/prov-json/) by the library prov.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import UUID

from prov.constants import PROV_LABEL, PROV_TYPE
from prov.identifier import Namespace, QualifiedName
from prov.model import PROV, ProvDocument
from pydantic_core import from_json

from sidecar.lineage.graph import Graph

Row = dict[str, Any]

# Everything that has an id of ours is named by it, the same in every export.
IDS = Namespace("id", "urn:uuid:")
# Attributes of ours, and programs, which have a name and no id.
TERMS = Namespace("artifacts", "urn:directus-artifacts:")
PROGRAMS = Namespace("program", "urn:directus-artifacts:program:")

# variant_of is no derivation: the two stand beside each other (alternateOf).
DERIVATIONS = {
    "derived_from": None,
    "edited_from": PROV["Revision"],
    "transcoded_from": TERMS["Transcoding"],
    "restored_from": TERMS["Restoration"],
}


def prov_json(graph: Graph, decisions: list[Row], names: dict[UUID, str | None]) -> dict[str, Any]:
    """The PROV-JSON document of `graph`.

    `decisions`: {"artifact_version_id", "action", "actor_id", "actor_type", "actor_label", "date_created"};
    `names`: Directus users by id.
    """
    document = ProvDocument()
    for namespace in (IDS, TERMS, PROGRAMS):
        document.add_namespace(namespace)
    agents = _Agents(document, names)
    for version in graph.versions:
        document.entity(_id(version["id"]), _about_version(version))
        if maker := agents.person(version["user_created"]):
            document.wasAttributedTo(_id(version["id"]), maker)
    for kind, runs in (("Execution", graph.executions), ("Step", graph.steps)):
        for run in runs:
            _add_activity(document, agents, kind, run)
    _connect(document, graph)
    for decision in decisions:
        actor = agents.person(decision["actor_id"]) or agents.program(decision["actor_label"])
        if actor:
            said = {TERMS["decision"]: decision["action"], TERMS["at"]: decision["date_created"]}
            document.wasInfluencedBy(_id(decision["artifact_version_id"]), actor, other_attributes=_given(said))
    return from_json(document.serialize(format="json") or "{}")


class _Agents:
    """Agents of a document, each added when first named."""

    def __init__(self, document: ProvDocument, names: dict[UUID, str | None]) -> None:
        self.document, self.names, self.added = document, names, set[QualifiedName]()

    def person(self, user_id: UUID | None) -> QualifiedName | None:
        return self._agent(_id(user_id), "Person", self.names.get(user_id)) if user_id else None

    def program(self, name: str | None) -> QualifiedName | None:
        return self._agent(PROGRAMS[quote(name, safe="")], "SoftwareAgent", name) if name else None

    def _agent(self, identifier: QualifiedName, kind: str, label: str | None) -> QualifiedName:
        if identifier not in self.added:
            self.added.add(identifier)
            self.document.agent(identifier, _given({PROV_TYPE: PROV[kind], PROV_LABEL: label}))
        return identifier


def _about_version(version: Row) -> dict[Any, Any]:
    return _given(
        {
            PROV_LABEL: f"{version['schema_key']} v{version['version_number']}",
            PROV_TYPE: TERMS[version["artifact_type"]] if version["artifact_type"] else None,
            TERMS["project"]: version["project_key"] or str(version["project_id"]),
            TERMS["path"]: version["schema_key"],
            TERMS["version"]: version["version_number"],
            TERMS["status"]: version["status"],
            TERMS["sha256"]: version["content_hash"],
        }
    )


def _add_activity(document: ProvDocument, agents: _Agents, kind: str, run: Row) -> None:
    about = {PROV_TYPE: TERMS[kind], PROV_LABEL: run["name"], TERMS["status"]: run["status"]}
    document.activity(_id(run["id"]), run["started_at"], run["completed_at"], _given(about))
    for agent in (agents.person(run["user_created"]), agents.program(run["engine"])):
        if agent:
            document.wasAssociatedWith(_id(run["id"]), agent)


def _connect(document: ProvDocument, graph: Graph) -> None:
    times = {version["id"]: version["date_created"] for version in graph.versions}
    for edge in graph.edges():
        newer, older = _id(edge["from_id"]), _id(edge["to_id"])
        match edge["type"]:
            case "generated_by":
                document.wasGeneratedBy(newer, older, times[edge["from_id"]])
            case "used":
                document.used(newer, older)
            case "part_of":
                document.wasStartedBy(newer, starter=older)
            case "variant_of":
                document.alternateOf(newer, older)
            case derivation:
                how = {PROV_TYPE: DERIVATIONS[derivation], TERMS["relation"]: str(edge["id"])}
                document.wasDerivedFrom(newer, older, other_attributes=_given(how))


def _id(value: UUID) -> QualifiedName:
    return IDS[str(value)]


def _given(attributes: dict[Any, Any]) -> dict[Any, Any]:
    return {name: value for name, value in attributes.items() if value is not None}
