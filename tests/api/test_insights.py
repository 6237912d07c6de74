"""GET /v1/insights/reviews: what waits by age, how long decisions take, how paths fare. And what it may cost."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from sidecar.insights.reviews import AGES, MOST_DECISIONS, MOST_PATHS, MOST_WAITING
from sidecar.insights.reviews import sql as statements
from tests.given import code


def insights(person, query: str = "") -> dict[str, Any]:
    answer = person.get(f"/v1/insights/reviews?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.fixture
def aged(given, sidecar_role):
    """Makes a version that was submitted so many hours ago."""

    def make(hours: float, path: str | None = None, **columns: Any) -> uuid.UUID:
        ago = sidecar_role.value("select now() - make_interval(secs => %s)", hours * 3600)
        return given.version(given.project(), path or f"p{uuid.uuid4().hex[:6]}", date_created=ago, **columns)

    return make


def test_nothing_at_all(reviewer):
    answer = insights(reviewer)

    assert answer["data"] == {
        "waiting": {"total": 0, "oldest": None, "by_age": dict.fromkeys(AGES, 0)},
        "decided": {"versions": 0, "median_seconds": None, "p90_seconds": None, "by_day": []},
        "paths": [],
    }
    assert answer["meta"] == {"days": 30, "truncated": False}


def test_what_waits_is_counted_by_age(aged, reviewer):
    for hours in (0, 0.9, 1.1, 23, 25, 71, 73, 167, 169, 5000):
        aged(hours)
    sent_back, *_ = aged(2), aged(3, status="approved"), aged(3, status="intermediate")
    reviewer.decide("request_changes", sent_back, reason="Darker.")

    waiting = insights(reviewer)["data"]["waiting"]

    assert waiting["total"] == 10
    assert waiting["by_age"] == dict.fromkeys(AGES, 2)
    assert waiting["oldest"] is not None


def test_the_time_to_the_first_decision(aged, reviewer):
    hours = (1, 2, 3, 4, 100)
    versions = [aged(each) for each in hours]
    for version in versions:
        reviewer.decide("request_changes", version, reason="Darker.")
    reviewer.decide("approve", versions[0])  # the second one: the person had waited for the first

    decided = insights(reviewer)["data"]["decided"]

    assert decided["versions"] == 5
    assert decided["median_seconds"] == pytest.approx(3 * 3600, abs=60)
    assert decided["p90_seconds"] == pytest.approx((4 + 0.6 * 96) * 3600, abs=60)
    (today,) = decided["by_day"]
    assert (today["versions"], today["median_seconds"]) == (5, pytest.approx(3 * 3600, abs=60))


def test_a_version_counts_on_its_path_as_it_stands_now(aged, reviewer):
    a, b, c = aged(1, "scene_images[1]"), aged(1, "scene_images[20]"), aged(1, "scene_images[3]")
    other = aged(1, "brand.logo")
    reviewer.decide("request_changes", a, reason="Darker.")
    reviewer.decide("approve", a)
    reviewer.decide("reject", b, reason="Blurred.")
    reviewer.decide("request_changes", c, reason="Darker.")
    reviewer.decide("comment", other, reason="Nice.")

    assert insights(reviewer)["data"]["paths"] == [
        {"path": "scene_images[]", "approved": 1, "rejected": 1, "changes_requested": 1}
    ]


def test_what_a_rule_decided_took_nobodys_time(given, producer, reviewer):
    template = given.template({"brand.colors": {"auto_approve": "$[?(@.ok == true)]"}})
    project = given.project(template_id=template)
    answer = producer.submit(project, "brand.colors", {"x": {"ok": True}})
    assert answer.status_code == 201, answer.text

    assert insights(reviewer)["data"]["decided"]["versions"] == 0


def test_only_the_period_counts(aged, reviewer, database):
    version = aged(80 * 24)
    without_guards(database)
    database.run(
        "insert into artifact_approvals (artifact_version_id, action, actor_type, actor_label, date_created)"
        " values (%s, 'reject', 'human', 'Robin', now() - interval '40 days')",
        version,
    )

    assert insights(reviewer)["data"]["decided"]["versions"] == 0
    decided = insights(reviewer, "days=60")["data"]["decided"]
    assert (decided["versions"], decided["median_seconds"]) == (1, pytest.approx(40 * 86400, abs=60))


@pytest.mark.parametrize("query", ["days=0", "days=367", "days=x", "month=1"])
def test_a_period_that_is_none_is_refused(reviewer, query):
    answer = reviewer.get(f"/v1/insights/reviews?{query}")
    assert answer.status_code in (400, 422), answer.text


def test_who_may_not_read_is_refused(given, client):
    assert client.get("/v1/insights/reviews").status_code == 401
    assert code(given.person(None).get("/v1/insights/reviews")) in ("forbidden", "restricted_policy")


def test_a_producer_may_look(producer):
    assert insights(producer)["data"]["paths"] == []


def test_it_is_not_sent_twice(aged, reviewer):
    aged(2)
    first = reviewer.get("/v1/insights/reviews")
    again = reviewer.get("/v1/insights/reviews", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def without_guards(database) -> None:
    """From now on the test's database takes what the registry would not: old decisions, and by the hundred thousand."""
    for table in ("artifact_versions", "artifact_approvals"):
        database.run(f"alter table public.{table} disable trigger all")


def plan(database, statement: str, values: dict[str, Any]) -> str:
    rows = database.connection.execute("explain (analyze, costs off) " + statement, values).fetchall()
    return "\n".join(row["QUERY PLAN"] for row in rows)


@pytest.mark.slow
def test_what_lies_before_the_period_is_not_read(given, database):
    """Of 150,000 decisions over a year and a half: those of 30 days, and no table from end to end."""
    values = {"project": given.project(), "rows": 150_000}
    without_guards(database)
    database.connection.execute(VERSIONS, values)
    database.connection.execute(APPROVALS, values)
    database.run("analyze public.artifact_versions, public.artifact_approvals")

    decisions = plan(database, statements.decisions, {"days": 30, "most": MOST_DECISIONS, "paths": MOST_PATHS})
    ages = [hours for hours in AGES.values() if hours is not None]
    waiting = plan(database, statements.waiting, {"bounds": ages, "most": MOST_WAITING})

    assert "approvals_newest" in decisions
    assert "Seq Scan on artifact" not in decisions
    assert "versions_waiting_for_review" in waiting
    assert "Seq Scan on artifact" not in waiting


VERSIONS = """
insert into public.artifact_versions (id, project_id, schema_key, version_number, status, value, date_created)
select ('00000000-0000-4000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, %(project)s, 'scene_' || i || '.cover', 1,
       case when i %% 50 = 0 then 'pending' else 'rejected' end, '{}', now() - make_interval(mins => i * 5)
from generate_series(1, %(rows)s) i
"""

APPROVALS = """
insert into public.artifact_approvals (artifact_version_id, project_id, action, actor_type, actor_label, reason,
                                       date_created)
select ('00000000-0000-4000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, %(project)s, 'reject', 'human', 'Robin',
       'Blurred.', now() - make_interval(mins => i * 5 - 4)
from generate_series(1, %(rows)s) i
"""
