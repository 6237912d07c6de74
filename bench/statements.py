"""The product's statements by the name of their feature and their own: whatever module runs them."""

from __future__ import annotations

from sidecar import audit
from sidecar.sql import Statements
from sidecar.stack.parts import CODE


def of(feature: str) -> Statements:
    """The statements of one feature's queries.sql."""
    return Statements(str(CODE / feature / "any.py"))


def every() -> dict[str, str]:
    """`feature.name` → statement, of all features; and the approval records, whose statement stands in audit.py."""
    found = {
        f"{path.parent.name}.{name}": text
        for path in sorted(CODE.glob("*/queries.sql"))
        for name, text in of(path.parent.name)
    }
    return found | {"audit.record": audit._INSERT}
