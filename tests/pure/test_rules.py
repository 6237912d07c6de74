"""Reading a template's rules: which one is a path's, and what cannot be read."""

from __future__ import annotations

import time

import pytest

from sidecar.templates.rules import PathRule, key_for, names, problems_at, problems_of, rule_for


def words(schema, path="brand.logo"):
    return [(problem.path, problem.word) for problem in problems_at(schema, path)]


def test_every_word_of_a_rule_is_read():
    rule = rule_for(
        {"brand.logo": {
            "title": "Logo", "description": "The mark.", "artifact_type": "image", "mime_types": ["image/*"],
            "max_bytes": 1000, "schema": {"type": "object"}, "approvals_required": 2, "producer_may_approve": False,
            "auto_approve": "$[?(@.score >= 0.9)]", "promote": "task_done",
            "document": {"create": True, "category": "Brand", "title": "The logo"}, "retention": {
                "superseded": {"after_days": 90, "keep_last": 3, "bytes": "remove"}, "archived": {"after_days": 365},
            },
        }},
        "brand.logo",
    )  # fmt: skip

    assert (rule.title, rule.artifact_type, rule.mime_types, rule.max_bytes) == ("Logo", "image", ["image/*"], 1000)
    assert (rule.approvals_required, rule.producer_may_approve, rule.promote) == (2, False, "task_done")
    assert rule.document is not None
    assert (rule.document.category, rule.document.title, rule.keeps_document) == ("Brand", "The logo", True)
    assert rule.asks_for_files
    assert rule.retention is not None
    superseded, archived = rule.retention.by_status().values()
    assert (superseded.after_days, superseded.keep_last, superseded.bytes) == (90, 3, "remove")
    assert (archived.after_days, archived.keep_last, archived.bytes) == (365, 0, "remove")


@pytest.mark.parametrize(
    ("entry", "word"),
    [
        (7, ""), ("no", ""), (None, ""), ([], ""), ({"aprovals_required": 2}, "aprovals_required"),
        ({"approvals_required": "two"}, "approvals_required"), ({"approvals_required": True}, "approvals_required"),
        ({"approvals_required": 0}, "approvals_required"), ({"approvals_required": 10**30}, "approvals_required"),
        ({"max_bytes": 1.5}, "max_bytes"), ({"max_bytes": -1}, "max_bytes"),
        ({"artifact_type": "logo"}, "artifact_type"),
        ({"mime_types": []}, "mime_types"), ({"mime_types": "png"}, "mime_types.0"),
        ({"mime_types": ["image/png", 7]}, "mime_types.1"), ({"promote": "later"}, "promote"),
        ({"auto_approve": "(("}, "auto_approve"), ({"document": "yes"}, "document"),
        ({"document": {"kategory": "x"}}, "document.kategory"),
        ({"retention": {"days": 30}}, "retention.days"), ({"retention": 30}, "retention"),
        ({"retention": {"superseded": {}}}, "retention.superseded.after_days"),
        ({"retention": {"superseded": {"after_days": -1}}}, "retention.superseded.after_days"),
        ({"retention": {"rejected": {"after_days": 1, "bytes": "burn"}}}, "retention.rejected.bytes"),
        ({"retention": {"archived": {"after_days": 1, "bytes": "keep"}}}, "retention.archived.bytes"),
        ({"retention": {"approved": {"after_days": 1}}}, "retention.approved"),
        ({"producer_may_approve": "no"}, "producer_may_approve"),
        ({"schema": {"type": "objct"}}, "schema"), ({"schema": 7}, "schema"), ({"schema": {"pattern": "(("}}, "schema"),
        ({"schema": {"$schema": "https://elsewhere.test/schema"}}, "schema"),
        ({"schema": {"$ref": "https://elsewhere.test/schema"}}, "schema"),
        ({"schema": {"$ref": "file:///etc/passwd"}}, "schema"), ({"schema": {"$ref": "#/$defs/none"}}, "schema"),
        ({"schema": {"pattern": "(?=look)ahead"}}, "schema"),
        ({"schema": {"pattern": "(((a{99}){99}){99}){99}"}}, "schema"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_and_asks_for_nothing(entry, word):
    schema = {"brand.logo": entry}

    assert words(schema) == [("brand.logo", word)]
    assert rule_for(schema, "brand.logo").approvals_required == 1
    assert words(schema, "brand.colors") == []
    assert [(problem.path, problem.word) for problem in problems_of(schema)] == [("brand.logo", word)]


def test_the_readable_words_of_a_broken_rule_stand():
    rule = rule_for({"brand.logo": {"approvals_required": 2, "max_bytes": "many"}}, "brand.logo")
    assert (rule.approvals_required, rule.max_bytes) == (2, None)


@pytest.mark.parametrize("schema", [[], "x", 7, True])
def test_a_template_that_is_no_object_is_broken_everywhere(schema):
    assert words(schema) == [("", "")]
    assert words(schema, "scenes[3].image") == [("", "")]


@pytest.mark.parametrize(
    "schema", [None, {}, {"brand.colors": {}}, {"brand.logo": {}}, {"brand.logo": {"schema": None}}]
)
def test_a_template_may_say_nothing(schema):
    assert words(schema) == []
    assert rule_for(schema, "brand.logo") == PathRule()


def test_other_paths_are_let_in_unless_the_template_says_no():
    closed = {"brand.logo": {}, "scenes[*]": {}, "additional_paths": False}

    assert names({"brand.logo": {}}, "brand.colors")
    assert names({"brand.logo": {}, "additional_paths": True}, "brand.colors")
    assert names(closed, "brand.logo")
    assert names(closed, "scenes[7]")
    assert not names(closed, "brand.colors")
    assert words({"additional_paths": "no"}) == [("additional_paths", "")]


def test_a_path_may_be_called_additional_paths():
    schema = {"additional_paths": {"approvals_required": 3}}
    assert words(schema, "additional_paths") == []


def test_a_key_that_is_no_path_is_named():
    assert [p.path for p in problems_of({"brand logo": {}, "": {}, "scenes[*].x": {}, "*.*": {}})] == ["brand logo", ""]


def test_no_key_makes_a_search_long():
    started = time.perf_counter()
    assert key_for({"*" * 60 + "!": {}, "*-" * 40 + "*!": {}}, "a-" * 127) is None
    assert time.perf_counter() - started < 1
