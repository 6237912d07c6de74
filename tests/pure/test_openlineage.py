"""The OpenLineage events that are written, read again by OpenLineage's own client library."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import dataset_version_dataset, parent_run
from openlineage.client.serde import Serde

from sidecar.lineage.openlineage import run_events
from tests.pure import lineage_graph as small

NOW = datetime(2026, 2, 1, tzinfo=UTC)


def events_of(graph) -> list[dict[str, Any]]:
    events = run_events(graph, NOW)
    for event in events:
        read_again(event)
    return events


def read_again(event: dict[str, Any]) -> None:
    """Fail unless the client's classes, generated from the specification, take the event and write the same one."""
    said = json.loads(json.dumps(event))
    typed = RunEvent(
        eventType=RunState(said.pop("eventType")), eventTime=said.pop("eventTime"), producer=said.pop("producer"),
        run=_run(said.pop("run")), job=Job(**said.pop("job")),
        inputs=[_dataset(InputDataset, each) for each in said.pop("inputs")],
        outputs=[_dataset(OutputDataset, each) for each in said.pop("outputs")],
    )  # fmt: skip
    assert said == {"schemaURL": typed.schemaURL}
    UUID(typed.run.runId)
    assert urlsplit(typed.producer).scheme
    assert datetime.fromisoformat(typed.eventTime).tzinfo
    assert _without_nothing(json.loads(Serde.to_json(typed))) == _without_nothing(event)


def _run(said: dict[str, Any]) -> Run:
    facets = said.pop("facets")
    run = Run(**said)
    if parent := facets.pop("parent", None):
        producer, schema = parent.pop("_producer"), parent.pop("_schemaURL")
        facet = parent_run.ParentRunFacet(
            run=parent_run.Run(**parent.pop("run")),
            job=parent_run.Job(**parent.pop("job")),
            producer=producer,  # type: ignore[call-arg]
            **parent,
        )
        assert schema == facet._schemaURL
        run.facets = {"parent": facet}
    assert facets == {}
    return run


def _dataset(kind: type, said: dict[str, Any]) -> Any:
    facets = said.pop("facets")
    version = facets.pop("version")
    producer, schema = version.pop("_producer"), version.pop("_schemaURL")
    facet = dataset_version_dataset.DatasetVersionDatasetFacet(producer=producer, **version)  # type: ignore[call-arg]
    assert (facets, schema) == ({}, facet._schemaURL)
    return kind(**said, facets={"version": facet})


def _without_nothing(value: Any) -> Any:
    """Without empty lists and objects, which the client leaves out or adds."""
    if isinstance(value, dict):
        return {k: v for k, each in value.items() if (v := _without_nothing(each)) not in (None, {}, [])}
    return [_without_nothing(each) for each in value] if isinstance(value, list) else value


def of(events, run_id):
    return [
        (e["eventType"], names(e["inputs"]), names(e["outputs"])) for e in events if e["run"]["runId"] == str(run_id)
    ]


def names(datasets):
    return [f"{d['name']} v{d['facets']['version']['datasetVersion']}" for d in datasets]


def test_runs_begin_and_end_with_what_went_in_and_came_out():
    events = events_of(small.graph())
    assert of(events, small.STEP) == [
        ("START", ["brand.prompt v1"], []), ("COMPLETE", ["brand.prompt v1"], ["brand.logo v1"]),
    ]  # fmt: skip
    assert of(events, small.EXECUTION) == [("START", [], []), ("FAIL", [], [])]
    (job,) = {json.dumps(e["job"]) for e in events if e["run"]["runId"] == str(small.STEP)}
    assert json.loads(job) == {"namespace": "directus-artifacts", "name": "Branding.paint"}


def test_a_step_names_its_execution_as_parent():
    (facet, *_) = [
        e["run"]["facets"]["parent"] for e in events_of(small.graph()) if e["run"]["runId"] == str(small.STEP)
    ]
    assert facet["run"] == {"runId": str(small.EXECUTION)}
    assert facet["job"]["name"] == "Branding"


def test_what_no_run_made_was_submitted_from_its_sources():
    events = events_of(small.graph())
    assert of(events, small.EDIT) == [
        ("START", ["brand.logo v1"], []), ("COMPLETE", ["brand.logo v1"], ["brand.logo v2"]),
    ]  # fmt: skip
    assert of(events, small.ALTERNATIVE)[1] == ("COMPLETE", [], ["brand.logo_b v1"])  # beside, not made from
    assert of(events, small.LOGO) == []
    unknown = [e["eventTime"] for e in events if e["run"]["runId"] == str(small.PROMPT)]
    assert unknown == ["2026-02-01T00:00:00Z"] * 2


@pytest.mark.parametrize(
    ("status", "ends"),
    [("completed", "COMPLETE"), ("failed", "FAIL"), ("cancelled", "ABORT"), ("skipped", "ABORT"),
     ("running", "RUNNING"), ("queued", "RUNNING"), (None, "RUNNING")],
)  # fmt: skip
def test_every_status_of_a_run_is_one_of_theirs(status, ends):
    graph = small.graph(steps=[small.run(small.STEP, status=status, started_at=None, completed_at=None)])
    assert [kind for kind, *_ in of(events_of(graph), small.STEP)] == ["START", ends]


def test_a_run_that_ended_before_it_began_ends_when_it_began():
    step = small.run(small.STEP, completed_at=datetime(2020, 1, 1, tzinfo=UTC))
    times = {e["eventTime"] for e in events_of(small.graph(steps=[step])) if e["run"]["runId"] == str(small.STEP)}
    assert times == {"2026-01-31T12:00:00Z"}


def test_nothing_goes_into_what_it_came_out_of():
    relations = [small.relation(small.EDIT, small.LOGO, "edited_from")]
    links = [small.Link(small.LOGO, small.STEP, False), small.Link(small.EDIT, small.STEP, False)]
    events = events_of(small.graph(relations=relations, links=links))
    assert of(events, small.STEP)[1] == ("COMPLETE", [], ["brand.logo v1", "brand.logo v2"])
