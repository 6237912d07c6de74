"""A part of the lineage as OpenLineage events: paths are datasets, executions and steps runs. Pure.

https://openlineage.io/spec/2-0-2/OpenLineage.json. The client library openlineage-python sends events over HTTP; the
events themselves are a few fields, written here and read back by that library in the tests.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sidecar.lineage.graph import Graph
from sidecar.version import VERSION

Row = dict[str, Any]

PRODUCER = f"urn:directus-artifacts:{VERSION}"
NAMESPACE = "directus-artifacts"
_SPEC = "https://openlineage.io/spec"
RUN_EVENT = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
DATASET_VERSION = f"{_SPEC}/facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet"
PARENT_RUN = f"{_SPEC}/facets/1-2-0/ParentRunFacet.json#/$defs/ParentRunFacet"

# How a run ended; the others are not over.
ENDED = {"completed": "COMPLETE", "failed": "FAIL", "cancelled": "ABORT", "skipped": "ABORT"}


def run_events(graph: Graph, now: datetime) -> list[Row]:
    """The RunEvents of `graph`, each run's START before its end.

    A version that no run made was submitted: a run of its own, with the version's id, from its sources to it. `now`
    stands for moments nobody noted.
    """
    datasets = {version["id"]: _dataset(version) for version in graph.versions}
    made, used = _links(graph)
    sources: dict[UUID, list[UUID]] = defaultdict(list)
    for relation in graph.relations:
        if relation["type"] != "variant_of":
            sources[relation["from_id"]].append(relation["to_id"])
    jobs = {run["id"]: _job(run["workflow"] or run["name"] or "execution") for run in graph.executions}
    events: list[Row] = []
    for run in (*graph.executions, *graph.steps):
        outputs = made[run["id"]]
        inputs = [*used[run["id"]], *(source for output in outputs for source in sources[output])]
        job = jobs.get(run["id"]) or _job(_name_of_step(run, jobs))
        facets = _parent(run["execution_id"], jobs)
        places = [datasets[i] for i in _each(inputs, but=outputs)], [datasets[o] for o in _each(outputs)]
        events += _events(_run(run["id"], facets), job, run, *places, now)
    generated = {version_id for versions in made.values() for version_id in versions}
    for version in graph.versions:
        if version["id"] not in generated:
            inputs = [datasets[source] for source in _each(sources[version["id"]])]
            run = {"status": "completed", "started_at": version["date_created"], "completed_at": None}
            place = datasets[version["id"]]
            job = {"namespace": place["namespace"], "name": f"submit {place['name']}"}
            events += _events(_run(version["id"], {}), job, run, inputs, [place], now)
    return events


def _events(run: Row, job: Row, about: Row, inputs: list[Row], outputs: list[Row], now: datetime) -> Iterator[Row]:
    started = about["started_at"] or now
    base = {"run": run, "job": job, "inputs": inputs, "producer": PRODUCER, "schemaURL": RUN_EVENT}
    yield {"eventType": "START", "eventTime": _time(started), **base, "outputs": []}
    end = ENDED.get(about["status"])
    ended = about["completed_at"] or started
    if end:
        yield {"eventType": end, "eventTime": _time(max(ended, started)), **base, "outputs": outputs}
    elif outputs:
        yield {"eventType": "RUNNING", "eventTime": _time(started), **base, "outputs": outputs}


def _links(graph: Graph) -> tuple[dict[UUID, list[UUID]], dict[UUID, list[UUID]]]:
    made: dict[UUID, list[UUID]] = defaultdict(list)
    used: dict[UUID, list[UUID]] = defaultdict(list)
    for link in graph.links:
        (used if link.used else made)[link.run_id].append(link.version_id)
    return made, used


def _dataset(version: Row) -> Row:
    """A path of a project; which of its versions, a facet says."""
    facet = {"_producer": PRODUCER, "_schemaURL": DATASET_VERSION, "datasetVersion": str(version["version_number"])}
    project = version["project_key"] or version["project_id"]
    return {"namespace": f"{NAMESPACE}:{project}", "name": version["schema_key"], "facets": {"version": facet}}


def _job(name: str) -> Row:
    return {"namespace": NAMESPACE, "name": name}


def _name_of_step(step: Row, jobs: dict[UUID, Row]) -> str:
    name = step["name"] or step["workflow"] or "step"
    execution = jobs.get(step["execution_id"])
    return f"{execution['name']}.{name}" if execution else name


def _parent(execution_id: UUID | None, jobs: dict[UUID, Row]) -> Row:
    if execution_id not in jobs or execution_id is None:
        return {}
    facet = {"run": {"runId": str(execution_id)}, "job": jobs[execution_id]}
    return {"parent": {"_producer": PRODUCER, "_schemaURL": PARENT_RUN, **facet}}


def _run(run_id: UUID, facets: Row) -> Row:
    return {"runId": str(run_id), "facets": facets}


def _each(ids: Iterable[UUID], but: Iterable[UUID] = ()) -> list[UUID]:
    """Each once, in the order given."""
    without = set(but)
    return [version_id for version_id in dict.fromkeys(ids) if version_id not in without]


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
