"""Addresses of files, for code that used to read them from a column of its own."""

from __future__ import annotations

import pytest
import requests

from sidecar.client import Forbidden, Registry

OLD = "https://cdn.example.test/old.png"
NEW = "https://cdn.example.test/new.png"


def test_what_the_registry_does_not_have_is_the_older_address(registry, project):
    assert registry.file_url(project, "cover", default=OLD) == OLD
    assert registry.file_url("no-such-story", "cover", default=OLD) == OLD
    assert registry.file_url(project, "cover") is None
    registry.submit(project, "cover", {"text": "no file"})
    assert registry.file_url(project, "cover", default=OLD, want="latest") == OLD


def test_what_was_approved_comes_first(registry, reviewer, project):
    version = registry.submit(project, "cover", source_url=NEW).version
    assert registry.file_url(project, "cover", default=OLD) == OLD
    reviewer.reviews.approve(version)
    assert registry.file_url(project, "cover", default=OLD) == NEW


def test_other_refusals_are_not_taken_for_a_missing_file(address, registry, project):
    with Registry(address, "art_nobody") as stranger, pytest.raises(Forbidden):
        stranger.file_url(project, "cover", default=OLD)


def test_a_stable_address_leads_to_whatever_is_approved(registry, reviewer, project):
    url = reviewer.versions.stable_url(project, "cover")
    assert requests.get(url, allow_redirects=False, timeout=10).status_code == 404
    for address in (OLD, NEW):
        reviewer.reviews.approve(registry.submit(project, "cover", source_url=address).version)
        answer = requests.get(url, allow_redirects=False, timeout=10)
        assert (answer.status_code, answer.headers["Location"]) == (302, address)


def test_those_who_may_not_review_give_out_no_stable_addresses(registry, project):
    with pytest.raises(Forbidden):
        registry.versions.stable_url(project, "cover")
