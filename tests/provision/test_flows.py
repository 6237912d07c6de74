"""flows/*.yaml, without a Directus."""

from __future__ import annotations

import json

from sidecar.provision import ids
from sidecar.provision.flows import read_flows

from .conftest import REPOSITORY

FLOWS = {flow["id"]: flow for flow in read_flows(REPOSITORY / "flows")}


def test_two_flows_leave_room_for_the_users_own() -> None:
    assert set(FLOWS) == {ids.REVIEW_FLOW, ids.PROMOTE_FLOW}


def test_an_operation_comes_after_those_it_leads_to() -> None:
    for flow in FLOWS.values():
        made: set[str] = set()
        for operation in flow["operations"]:
            assert {operation["resolve"], operation["reject"]} - {None} <= made
            made.add(operation["id"])


def test_no_flow_passes_on_the_callers_token() -> None:
    """The whole $trigger of a manual flow holds the person's bearer token."""
    for flow in FLOWS.values():
        assert "{{$trigger}}" not in json.dumps(flow["operations"]).replace(" ", "")


def test_a_failed_review_is_shown_as_a_failure() -> None:
    options = FLOWS[ids.REVIEW_FLOW]["options"]
    assert (options["error_on_reject"], options["async"]) == (True, False)


def test_a_reason_is_passed_on_only_where_one_was_given() -> None:
    """An absent field would arrive as the text "undefined"."""
    operations = {operation["key"]: operation for operation in FLOWS[ids.REVIEW_FLOW]["operations"]}
    assert "reason" in operations["review_with_reason"]["options"]["body"]
    assert "reason" not in operations["review"]["options"]["body"]
