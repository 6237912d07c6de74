"""directus-schema/access.yaml, without a Directus."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.provision import ids
from sidecar.provision.access import permissions_of, read_access

from .conftest import REPOSITORY
from .test_schema import REGISTERED

ACCESS = read_access(REPOSITORY / "directus-schema" / "access.yaml")


def rights(policy: str) -> dict[str, set[str]]:
    """Collections by action."""
    found: dict[str, set[str]] = {}
    for permission in permissions_of(next(each for each in ACCESS["policies"] if each["id"] == policy)):
        found.setdefault(permission["action"], set()).add(permission["collection"])
    return found


def test_reviewers_read_everything_and_write_what_a_review_needs() -> None:
    assert rights(ids.REVIEWER_POLICY) == {
        "read": REGISTERED | {"directus_files", "directus_flows", "directus_dashboards", "directus_panels"},
        "update": {"artifact_versions", "tasks"},
        "create": {"artifact_approvals"},
    }


@pytest.mark.parametrize("policy", [ids.REVIEWER_POLICY, ids.PRODUCER_POLICY])
def test_nobody_may_delete_what_the_registry_keeps(policy: str) -> None:
    assert "delete" not in rights(policy)


def test_producers_cannot_write_approvals_or_promotions() -> None:
    written = rights(ids.PRODUCER_POLICY)["create"] | rights(ids.PRODUCER_POLICY)["update"]
    assert not written & {"artifact_approvals", "promotions", "webhook_endpoints"}


def test_only_reviewers_take_a_seat() -> None:
    assert [each["id"] for each in ACCESS["policies"] if each["app_access"]] == [ids.REVIEWER_POLICY]


def test_every_rule_but_the_recommended_one_is_for_the_whole_collection() -> None:
    def is_whole(permission: dict[str, Any]) -> bool:
        return permission["fields"] == ["*"] and not any(
            permission[key] for key in ("permissions", "validation", "presets")
        )

    custom = [each for policy in ACCESS["policies"] for each in permissions_of(policy) if not is_whole(each)]
    assert [(each["collection"], each["action"]) for each in custom] == [("directus_flows", "read")]
