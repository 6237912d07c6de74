"""The lineage as W3C PROV and as OpenLineage events: the same versions and runs as the graph, readable elsewhere."""

from __future__ import annotations

from collections import Counter

import pytest
from prov.model import ProvDocument
from pydantic_core import to_json

from tests.pure.test_openlineage import read_again


@pytest.fixture
def logo(given, producer, reviewer, database):
    """A logo that a step made from a prompt, edited by a person and approved; a poster of another project beside it."""
    project, elsewhere = given.project("spring-brand"), given.project("posters")
    execution = given.execution()
    step = given.step(execution)
    prompt = producer.submit(project, "brand.prompt", "a lighthouse").json["data"]["id"]
    logo = producer.submit(
        project, "brand.logo", {"n": 1}, derived_from=[prompt], execution_id=str(execution), step_id=str(step)
    ).json["data"]["id"]
    poster = producer.submit(elsewhere, "poster", {"n": 2}, derived_from=[logo]).json["data"]["id"]
    variant = producer.submit(project, "brand.logo_b", {"n": 3}).json["data"]["id"]
    answer = producer.post(f"/v1/artifacts/{variant}/relations", {"to_version_id": logo, "relation_type": "variant_of"})
    assert answer.status_code == 201
    assert reviewer.approve(logo).status_code == 200
    assert given.token("reviewer", "ai").decide("reject", poster, reason="Too dark.").status_code == 200
    return logo


def answered(person, version, form):
    answer = person.get(f"/v1/artifacts/{version}/lineage?format={form}")
    assert answer.status_code == 200, answer.text
    assert answer.json["meta"] == {"truncated": False}
    return answer.json["data"]


def test_prov_counts_what_the_graph_counts(logo, producer, reviewer):
    graph = producer.get(f"/v1/artifacts/{logo}/lineage?include=runs").json["data"]
    nodes, edges = Counter(n["kind"] for n in graph["nodes"]), Counter(e["type"] for e in graph["edges"])
    document = ProvDocument.deserialize(content=to_json(answered(producer, logo, "prov")).decode(), format="json")
    records = Counter(type(record).__name__ for record in document.get_records())

    assert nodes == {"version": 4, "step": 1, "execution": 1}
    assert (records["ProvEntity"], records["ProvActivity"]) == (nodes["version"], nodes["step"] + nodes["execution"])
    assert records["ProvDerivation"] == edges["derived_from"] == 2
    assert records["ProvAlternate"] == edges["variant_of"] == 1
    assert records["ProvGeneration"] == edges["generated_by"] == 1
    assert records["ProvStart"] == edges["part_of"] == 1
    assert records["ProvAgent"] == 3  # the producer, the reviewer, the program that rejected
    assert (records["ProvAttribution"], records["ProvInfluence"]) == (4, 2)
    people = {str(agent.identifier): next(iter(agent.get_attribute("prov:label"))) for agent in document.get_records()
              if type(agent).__name__ == "ProvAgent"}  # fmt: skip
    assert {f"id:{producer.id}", f"id:{reviewer.id}"} < set(people)
    assert all(label.startswith(("Robin", "reviewer")) for label in people.values())


def test_every_event_is_one_that_openlineage_takes(logo, producer):
    events = answered(producer, logo, "openlineage")
    for event in events:
        read_again(event)
    kinds = Counter(event["eventType"] for event in events)
    # the step, the execution (both still running) and the three versions that no run made
    assert kinds == {"START": 5, "RUNNING": 1, "COMPLETE": 3}
    outputs = [(o["namespace"], o["name"]) for e in events for o in e["outputs"]]
    assert sorted(outputs) == [
        ("directus-artifacts:posters", "poster"), ("directus-artifacts:spring-brand", "brand.logo"),
        ("directus-artifacts:spring-brand", "brand.logo_b"), ("directus-artifacts:spring-brand", "brand.prompt"),
    ]  # fmt: skip


def test_a_version_by_itself_is_exported_too(given, producer):
    version = given.version(given.project())
    assert list(answered(producer, version, "prov")["entity"]) == [f"id:{version}"]
    (start, complete) = answered(producer, version, "openlineage")
    assert (start["eventType"], complete["eventType"]) == ("START", "COMPLETE")


def test_a_user_who_is_gone_leaves_an_agent_without_a_name(given, producer, database):
    person = given.person("producer")
    version = person.submit(given.project(), "a", 1).json["data"]["id"]
    database.run("update directus_users set first_name = null, last_name = null where id = %s", person.id)
    agents = answered(producer, version, "prov")["agent"]
    assert "prov:label" not in agents[f"id:{person.id}"]
