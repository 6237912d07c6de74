"""The PROV-JSON that is written, read again by the library prov."""

from __future__ import annotations

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from prov.model import ProvDocument
from pydantic_core import to_json

from sidecar.lineage.provenance import DERIVATIONS, prov_json
from sidecar.lineage.relate import RELATION_TYPES
from tests.pure import lineage_graph as small


def written(graph, decisions=(), names=None) -> ProvDocument:
    text = to_json(prov_json(graph, list(decisions), names or {}))
    return ProvDocument.deserialize(content=text.decode(), format="json")


def kinds(document: ProvDocument) -> Counter:
    return Counter(type(record).__name__ for record in document.get_records())


def test_versions_runs_and_people_become_entities_activities_and_agents():
    names = {small.PERSON: "Robin Painter", small.REVIEWER: "Robin Reviewer"}
    document = written(small.graph(), small.DECISIONS, names)

    assert kinds(document) == {
        "ProvEntity": 4, "ProvActivity": 2, "ProvAgent": 4, "ProvDerivation": 2, "ProvAlternate": 1,
        "ProvGeneration": 1, "ProvUsage": 1, "ProvStart": 1, "ProvAttribution": 1, "ProvAssociation": 2,
        "ProvInfluence": 2,
    }  # fmt: skip
    document.unified()  # says the same thing twice nowhere in two ways


def test_everything_is_named_by_its_id_and_says_what_it_is():
    document = prov_json(small.graph(), small.DECISIONS, {small.PERSON: "Robin"})
    assert document["entity"][f"id:{small.LOGO}"] == {
        "prov:label": "brand.logo v1", "prov:type": {"$": "artifacts:image", "type": "xsd:QName"},
        "artifacts:project": "spring-brand", "artifacts:path": "brand.logo",
        "artifacts:version": {"$": "1", "type": "xsd:int"}, "artifacts:status": "pending", "artifacts:sha256": "f" * 64,
    }  # fmt: skip
    assert document["prefix"]["id"] == "urn:uuid:"
    step = document["activity"][f"id:{small.STEP}"]
    assert (step["prov:startTime"], step["prov:endTime"]) == ("2026-01-31T12:00:00+00:00", "2026-01-31T12:01:00+00:00")
    assert document["agent"][f"id:{small.PERSON}"]["prov:label"] == "Robin"
    assert "program:judge%3A%20v2%20%2F%20strict" in document["agent"]


def test_every_type_of_relation_has_its_own_meaning():
    assert {*DERIVATIONS, "variant_of"} == set(RELATION_TYPES)
    relations = [small.relation(small.LOGO, small.PROMPT, kind) for kind in RELATION_TYPES]
    document = prov_json(small.graph(relations=relations), [], {})
    said = {json.dumps(each.get("prov:type")) for each in document["wasDerivedFrom"].values()}
    assert (len(document["wasDerivedFrom"]), len(said), len(document["alternateOf"])) == (4, 4, 1)


def test_nothing_around_a_version_is_a_document_too():
    alone = small.graph(
        versions=[small.version(small.LOGO, "brand.logo")], relations=[], links=[], steps=[], executions=[]
    )
    assert kinds(written(alone)) == {"ProvEntity": 1}


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)


@given(label=texts, name=texts, path=texts)
def test_any_text_comes_back(label, name, path):
    decision = {**small.DECISIONS[1], "actor_label": label}
    graph = small.graph(executions=[small.run(small.EXECUTION, name=name, engine=label)])
    graph.versions[1]["schema_key"] = path
    document = written(graph, [decision], {})
    labels = {next(iter(record.get_attribute("prov:label")), None) for record in document.get_records()}
    assert f"{path} v1" in labels
    assert not label or label in labels
