"""Cursors: where a page of rows ended, as text that a caller hands back. Pure."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sidecar.errors import Refusal

Row = dict[str, Any]


def next_cursor(rows: list[Row], limit: int, *columns: str) -> tuple[list[Row], str | None]:
    """The first `limit` of `rows`, and the cursor of the next page: None when there were no more."""
    if len(rows) <= limit:
        return rows, None
    rows = rows[:limit]
    return rows, cursor_of(*(rows[-1][column] for column in columns))


def cursor_of(*values: Any) -> str:
    """The cursor that stands for a place, which place() reads."""
    return base64.urlsafe_b64encode(json.dumps(values, default=_text).encode()).decode().rstrip("=")


def place(cursor: str | None, **columns: type[int | datetime | UUID]) -> Row:
    """The values of `columns` at which a page ended, by name; all None without a cursor.

    Raises Refusal invalid_value for a cursor this API did not make.
    """
    if cursor is None:
        return dict.fromkeys(columns)
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return {name: _read(kind, value) for (name, kind), value in zip(columns.items(), values, strict=True)}
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise Refusal(
            "invalid_value", "The cursor is not one that a page ended with.", {"cursor": cursor[:200]}
        ) from None


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _read(kind: type[int | datetime | UUID], value: Any) -> Any:
    if kind is int:
        if type(value) is not int or not -(2**31) <= value < 2**31:
            raise ValueError("no 32-bit number")
        return value
    return datetime.fromisoformat(value) if kind is datetime else UUID(value)
