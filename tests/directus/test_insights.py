"""The dashboard "Reviews": Directus takes it, people who review see it, and what they change stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sidecar.directus import Directus
from sidecar.provision.ids import REVIEWS_DASHBOARD
from sidecar.provision.insights import apply_dashboards, read_dashboards
from sidecar.provision.install import SCHEMA
from tests.directus.people import Person
from tests.directus.works import Producer, Reviews

DASHBOARDS = read_dashboards(SCHEMA / "insights.yaml")
PANELS = {panel["name"]: panel for dashboard in DASHBOARDS for panel in dashboard["panels"]}
OURS = "artifacts-reviews"

# One after the other: they look at one dashboard.
pytestmark = pytest.mark.xdist_group("dashboard")


@pytest.fixture
def set_up(environment: dict[str, str]) -> Callable[[], bool]:
    """Set-up's own step, run once more."""
    directus = Directus(environment["DIRECTUS_URL"], environment["DIRECTUS_ADMIN_TOKEN"])
    return lambda: apply_dashboards(directus, DASHBOARDS)


def panels(person: Person) -> dict[str, dict[str, Any]]:
    found = person.get("/panels", filter=json.dumps({"dashboard": {"_eq": REVIEWS_DASHBOARD}}), limit=-1).data
    return {panel["id"]: panel for panel in found}


def counted(person: Person, panel: dict[str, Any]) -> Any:
    """What Directus' own panel asks for and shows, for those that count."""
    options = panel["options"]
    query = {"aggregate": json.dumps({"count": "id"}), "filter": json.dumps(options.get("filter") or {})}
    if "groupByField" in options:
        query["groupBy"] = options["groupByField"]
    return person.get(f"/items/{options['collection']}", **query).data


def test_reviewers_see_the_dashboard_as_it_is_described(reviewer: Person) -> None:
    dashboard = reviewer.get(f"/dashboards/{REVIEWS_DASHBOARD}").data
    assert (dashboard["name"], dashboard["icon"]) == ("Reviews", "fact_check")
    found = panels(reviewer)
    for wanted in PANELS.values():
        assert {key: found[wanted["id"]][key] for key in wanted} == wanted


def test_panels_lie_beside_each_other() -> None:
    cells = [
        (column, row)
        for panel in PANELS.values()
        for column in range(panel["position_x"], panel["position_x"] + panel["width"])
        for row in range(panel["position_y"], panel["position_y"] + panel["height"])
    ]
    assert len(cells) == len(set(cells))


@pytest.mark.parametrize("name", [name for name, panel in PANELS.items() if panel["type"] != OURS])
def test_reviewers_may_read_what_a_panel_of_directus_shows(reviewer: Person, name: str) -> None:
    assert counted(reviewer, PANELS[name]) is not None


def test_what_is_decided_is_counted(given: Producer, by_reviewer: Reviews, reviewer: Person) -> None:
    def count(name: str) -> int:
        return int(counted(reviewer, PANELS[name])[0]["count"]["id"])

    work = given.candidates(["brand.logo", "brand.colors"])
    before = count("Approved in 30 days"), count("Rejected in 30 days")
    by_reviewer.press([work.versions[0]], "approve").data  # noqa: B018  asserts
    by_reviewer.press([work.versions[1]], "reject", "Rather thin for a dashboard.").data  # noqa: B018

    # Other tests decide meanwhile.
    assert count("Approved in 30 days") > before[0]
    assert count("Rejected in 30 days") > before[1]
    reasons = {row["reason"] for row in counted(reviewer, PANELS["Reasons in 30 days"])}
    assert "Rather thin for a dashboard." in reasons


def test_our_panels_ask_the_registry_as_that_person(reviewer: Person, anonymous: Person) -> None:
    days = {panel["options"].get("days", 30) for panel in PANELS.values() if panel["type"] == OURS}
    for each in days:
        assert reviewer.get(f"/artifacts/v1/insights/reviews?days={each}").data["waiting"]["total"] >= 0
    assert anonymous.get("/artifacts/v1/insights/reviews").status == 401


def test_our_panels_name_figures_that_the_bundle_knows() -> None:
    figures = {panel["options"]["figure"] for panel in PANELS.values() if panel["type"] == OURS}
    assert figures == {"waiting", "time", "paths"}


def test_reviewers_change_nothing_of_it(reviewer: Person) -> None:
    some = next(iter(PANELS.values()))["id"]
    assert reviewer.patch(f"/dashboards/{REVIEWS_DASHBOARD}", {"name": "Mine"}).status == 403
    assert reviewer.delete(f"/panels/{some}").status == 403


def test_what_people_changed_stays(administrator: Person, set_up: Callable[[], bool]) -> None:
    removed, moved = PANELS["Versions a day"], PANELS["Waiting now"]
    administrator.delete(f"/panels/{removed['id']}")
    administrator.patch(f"/panels/{moved['id']}", {"position_y": 90, "name": "Inbox"})
    administrator.patch(f"/dashboards/{REVIEWS_DASHBOARD}", {"name": "Our reviews"})
    try:
        assert set_up() is False
        found = panels(administrator)
        assert removed["id"] not in found
        assert (found[moved["id"]]["position_y"], found[moved["id"]]["name"]) == (90, "Inbox")
        assert administrator.get(f"/dashboards/{REVIEWS_DASHBOARD}").data["name"] == "Our reviews"
    finally:
        administrator.delete(f"/dashboards/{REVIEWS_DASHBOARD}")
        assert set_up() is True
    assert set(panels(administrator)) == {panel["id"] for panel in PANELS.values()}
