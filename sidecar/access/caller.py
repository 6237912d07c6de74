"""Who is calling, and what they may do."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sidecar.errors import Refusal
from sidecar.provision.ids import PRODUCER_POLICY, REVIEWER_POLICY

Right = Literal["read", "produce", "review", "administer"]

RIGHTS_OF_ROLE: dict[str, frozenset[Right]] = {
    "producer": frozenset({"read", "produce"}),
    "reviewer": frozenset({"read", "produce", "review"}),
    "admin": frozenset({"read", "produce", "review", "administer"}),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller. `user_id` is the acting Directus user, None for a service token by itself."""

    user_id: UUID | None
    label: str
    actor_type: Literal["human", "ai", "system", "rule"]
    rights: frozenset[Right]
    key: str

    def must(self, right: Right) -> None:
        """Raises Refusal `forbidden` without the right."""
        if right not in self.rights:
            raise Refusal("forbidden", details={"needs": right})


SYSTEM = Caller(None, "artifact registry", "system", RIGHTS_OF_ROLE["reviewer"], "system")


def rights_of(policies: list[dict[str, Any]], address: str | None) -> frozenset[Right]:
    """The rights that a user's Directus policies give.

    `policies`: [{"id", "admin", "ip_access", "reads": "all" | "some" | None}]; a policy bound to IP addresses counts
    only for a call from one of them (address None: Directus has checked already).
    Raises Refusal `restricted_policy` when all they give is a part of the artifacts.
    """
    open_policies = [p for p in policies if address is None or _admits(p["ip_access"], address)]
    ids = {p["id"] for p in open_policies}
    rights: frozenset[Right] = frozenset()
    if any(p["admin"] for p in open_policies):
        return RIGHTS_OF_ROLE["admin"]
    if REVIEWER_POLICY in ids:
        rights |= RIGHTS_OF_ROLE["reviewer"]
    if PRODUCER_POLICY in ids:
        rights |= RIGHTS_OF_ROLE["producer"]
    if any(p["reads"] == "all" for p in open_policies):
        rights |= frozenset[Right]({"read"})
    if not rights and any(p["reads"] == "some" for p in open_policies):
        raise Refusal("restricted_policy")
    return rights


def _admits(ip_access: str | None, address: str) -> bool:
    """Whether Directus' list of addresses, networks and ranges (a-b) holds the address; what is none holds nobody."""
    return not ip_access or any(_holds(part.strip(), address) for part in ip_access.split(","))


def _holds(part: str, address: str) -> bool:
    try:
        caller = ipaddress.ip_address(address)
        first, dash, last = part.partition("-")
        if dash:
            lowest, highest = ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
            return lowest.version == caller.version == highest.version and int(lowest) <= int(caller) <= int(highest)
        return caller in ipaddress.ip_network(part, strict=False)
    except ValueError:
        return False
