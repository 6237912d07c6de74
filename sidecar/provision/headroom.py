"""Whether a Directus has room for the product: its licence limits collections, active flows and seats."""

from __future__ import annotations

from collections.abc import Iterable

from sidecar.directus import Directus


class NoHeadroom(Exception):
    """The licence has no room; the message says what is full, by how much, and what to do."""


def check_headroom(directus: Directus, collections: Iterable[str], flows: Iterable[str]) -> None:
    """Raises NoHeadroom where adding these collections (names) and active flows (ids) would pass a limit.

    Going over the limit is worse than being refused: Directus then locks the whole instance.
    """
    here = {item["collection"] for item in directus.get("/collections") if item["meta"]}
    _check(directus, "collections", len(set(collections) - here))
    known = {flow["id"] for flow in directus.get("/flows", params={"fields": "id", "limit": -1})}
    _check(directus, "flows", len(set(flows) - known))


def _check(directus: Directus, what: str, added: int) -> None:
    licence = directus.get("/license")
    limit = licence["entitlements"][what].get("override") or licence["entitlements"][what].get("limit")
    used = licence["usage"][what]
    if added and limit is not None and limit >= 0 and used + added > limit:
        raise NoHeadroom(
            f"This Directus has {used} of {limit} {what} in use and {added} would be added."
            f" Free {used + added - limit} of them, or use a licence with more, then run this again."
        )
