"""A project with candidates to decide about; test files with other needs have fixtures of their own."""

from __future__ import annotations

import pytest


@pytest.fixture
def project(given):
    return given.project("spring-brand")


@pytest.fixture
def candidate(producer, project):
    """`candidate("A")`: a new version of brand.logo; its id."""

    def make(value, path="brand.logo", to=project, **fields):
        answer = producer.submit(to, path, value, deduplicate=False, **fields)
        assert answer.status_code == 201, answer.text
        return answer.json["data"]["id"]

    return make


@pytest.fixture
def decide(reviewer):
    def make(action, *versions, **fields):
        answer = reviewer.decide(action, *versions, **fields)
        assert answer.status_code == 200, answer.text

    return make
