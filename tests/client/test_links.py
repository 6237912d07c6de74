"""Review links, as a program makes and ends them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests

from sidecar.client import Forbidden, Invalid, NotFound


def test_a_version_is_shared_listed_and_shared_no_more(registry, reviewer, project):
    first, second = (registry.submit(project, path, "A line.").version for path in ("verse", "chorus"))

    link = reviewer.links.share(
        first, "Ada Lovelace", may=["decide"], lasts=timedelta(hours=2), note="Well?", beside=[second]
    )

    assert (link.may, link.state) == (["view", "decide"], "live")
    assert link.expires_at - link.created_at == timedelta(hours=2)
    with requests.get(link.url, timeout=10) as seen:
        assert [version["schema_key"] for version in seen.json()["data"]["versions"]] == ["verse", "chorus"]
    (listed,) = reviewer.links.list(second, live=True)
    assert (listed.id, listed.url) == (link.id, None)
    assert reviewer.links.revoke(link).state == "revoked"
    assert list(reviewer.links.list(second, live=True)) == []
    with requests.get(link.url, timeout=10) as gone:
        assert gone.status_code == 410


def test_what_is_refused_is_an_exception_of_its_kind(registry, reviewer, project):
    version = registry.submit(project, "verse", "A line.").version

    with pytest.raises(Forbidden):
        registry.links.share(version, "Ada", may=["decide"])
    with pytest.raises(Invalid, match="30 days"):
        reviewer.links.share(version, "Ada", lasts=timedelta(days=31))
    with pytest.raises(NotFound):
        reviewer.links.revoke(version)
