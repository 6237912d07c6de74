"""What steps depend on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from sidecar.errors import Refusal

Row = dict[str, Any]


def ordered(depends_on: Mapping[str, list[str]]) -> list[str]:
    """The names of steps, each after those it depends on.

    Raises Refusal step_dependency_unknown, step_dependency_cycle.
    """
    for name, needed in depends_on.items():
        unknown = [other for other in needed if other not in depends_on]
        if unknown:
            raise Refusal("step_dependency_unknown", details={"step_name": name, "unknown": unknown})
    try:
        return list(TopologicalSorter(depends_on).static_order())
    except CycleError as error:
        circle = list(error.args[1])
        raise Refusal("step_dependency_cycle", details={"steps": circle}) from None


def level_after(needed: list[str], levels: Mapping[str, int | None]) -> int:
    """The level of a step that depends on others: one more than the furthest of them, 0 without any."""
    return 1 + max(levels.get(name) or 0 for name in needed) if needed else 0


def names(depends_on: Any) -> list[str]:
    """The names in a column that anybody may write: what is no list of texts names nothing."""
    return [name for name in depends_on if isinstance(name, str)] if isinstance(depends_on, list) else []
