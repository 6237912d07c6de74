"""What a value of SQLite is in a column of PostgreSQL. SQLite keeps booleans, dates and JSON as numbers and text.

Where a value can be read in several ways it is what Directus showed of it, apart from SQLite's CURRENT_TIMESTAMP, which
Directus takes for local time and which is UTC.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal, InvalidOperation
from hashlib import blake2b
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# More digits than a numeric with limits has.
_EXACT = Context(prec=2100)
INTEGER_BITS = {"int2": 16, "int4": 32, "int8": 64}
CHECKSUM_BYTES = 16


class Misfit(Exception):
    """A value that its column in PostgreSQL cannot hold; the message says which and why."""


@dataclass(frozen=True)
class Column:
    """A column of PostgreSQL. `kind` is pg_type.typname. None where there is no limit: `length`, and a numeric's
    `scale` and `precision` (how many digits, decimals and all)."""

    name: str
    kind: str
    length: int | None = None
    scale: int | None = None
    precision: int | None = None
    sequence: str | None = None


def converter(column: Column, zone: ZoneInfo) -> Callable[[Any], Any]:
    """The function from SQLite's values (never None) to Python's for this column; it raises Misfit.

    `zone` is that of the Directus which wrote them: it stores dates without a time zone as its local time.
    """
    dated = {"timestamptz": _instant, "timestamp": _wall_clock, "date": _day}
    if column.kind in INTEGER_BITS:
        return lambda value: _integer(value, INTEGER_BITS[column.kind])
    if column.kind in dated:
        return lambda value: dated[column.kind](value, zone)
    if column.kind in ("varchar", "text", "bpchar"):
        return lambda value: _text(value, column.length)
    if column.kind == "numeric":
        return lambda value: _decimal(value, column.scale, column.precision)
    return _PLAIN[column.kind]


def is_known(column: Column) -> bool:
    return column.kind in KINDS


def _boolean(value: Any) -> bool | None:
    if value in (0, "0", "false"):
        return False
    if value in (1, "1", "true"):
        return True
    if value == "":
        return None
    raise Misfit(f"{_shown(value)} is no boolean")


def _integer(value: Any, bits: int) -> int:
    try:
        number = int(value)
    except (ValueError, OverflowError):
        raise Misfit(f"{_shown(value)} is no whole number") from None
    if isinstance(value, float) and number != value:
        raise Misfit(f"{_shown(value)} is no whole number")
    if not -(1 << bits - 1) <= number < 1 << bits - 1:
        raise Misfit(f"{_shown(value)} is too large for {bits} bits")
    return number


def _double(value: Any) -> float:
    if isinstance(value, int | float) and (number := float(value)) == value:
        return number
    raise Misfit(f"{_shown(value)} is no number that eight bytes can hold")


def _single(value: Any) -> float:
    try:
        return struct.unpack("<f", struct.pack("<f", _double(value)))[0]
    except OverflowError:
        raise Misfit(f"{_shown(value)} is too large for four bytes") from None


def _decimal(value: Any, scale: int | None, precision: int | None) -> Decimal:
    try:
        number = Decimal(str(value))
        fits = scale is None or number == number.quantize(Decimal(1).scaleb(-scale), context=_EXACT)
    except InvalidOperation:
        raise Misfit(f"{_shown(value)} is no number") from None
    if not number.is_finite():
        raise Misfit(f"{_shown(value)} is no number")
    if not fits:
        raise Misfit(f"{_shown(value)} has more than {scale} decimals")
    before = precision - (scale or 0) if precision is not None else None
    if before is not None and number and number.adjusted() >= before:
        raise Misfit(f"{_shown(value)} has more than {before} digits before the point")
    return number


def _uuid(value: Any) -> UUID:
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        raise Misfit(f"{_shown(value)} is no UUID") from None


def _json(value: Any) -> str:
    """JSON text as it is. What is no JSON was shown by Directus as a string, so it becomes one.

    A column declared `json` has SQLite's numeric affinity: the document `5` is kept as a number.
    """
    if isinstance(value, bytes):
        value = _text(value, None)
    if not isinstance(value, str):
        return _json_number(value)
    try:
        json.loads(value, parse_constant=_no_json)
    except ValueError:
        return json.dumps(_text(value, None), ensure_ascii=False)
    except RecursionError:
        raise Misfit("this JSON is nested too deeply") from None
    return value


def _json_number(value: float) -> str:
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        raise Misfit(f"{_shown(value)} is no JSON") from None


def _no_json(constant: str) -> None:
    raise ValueError(constant)  # NaN and Infinity, which Python reads and PostgreSQL does not


def _text(value: Any, length: int | None) -> str:
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            raise Misfit("these bytes are no UTF-8 text") from None
    text = value if isinstance(value, str) else str(value)
    if "\0" in text:
        raise Misfit("the text has a zero character, which PostgreSQL cannot keep")
    if length is not None and len(text) > length:
        raise Misfit(f"the text has {len(text)} characters, and the column takes {length}")
    return text


def _instant(value: Any, zone: ZoneInfo) -> datetime | None:
    read = _read_time(value, zone)
    if read is None or read.tzinfo:
        return read and read.astimezone(UTC)
    # `2025-10-16 10:30:00` is SQLite's own CURRENT_TIMESTAMP, which is UTC; with a T it came from a program.
    return read.replace(tzinfo=UTC if " " in value else zone).astimezone(UTC)


def _wall_clock(value: Any, zone: ZoneInfo) -> datetime | None:
    read = _read_time(value, zone)
    return read.astimezone(zone).replace(tzinfo=None) if read and read.tzinfo else read


def _day(value: Any, zone: ZoneInfo) -> date | None:
    if isinstance(value, str) and len(value) == 10:
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    read = _wall_clock(value, zone)
    return read and read.date()


def _read_time(value: Any, zone: ZoneInfo) -> datetime | None:
    """Milliseconds since 1970 as knex writes them, or text. None for what Directus reads as none: 0000-00-00 and ''."""
    try:
        if isinstance(value, int | float):
            return EPOCH + timedelta(milliseconds=value)
        if not value.strip("0 .:-"):
            return None
        read = datetime.fromisoformat(value)
        return read.replace(tzinfo=UTC) if len(value) == 10 else read
    except (ValueError, OverflowError, AttributeError, TypeError):
        raise Misfit(f"{_shown(value)} is no time between the years 1 and 9999") from None


def is_midnight(milliseconds: int, zone: ZoneInfo) -> bool:
    """Whether a day begins there then. Directus stores a date as the moment at which it began where the server was."""
    day = (EPOCH + timedelta(milliseconds=milliseconds)).astimezone(zone).date()
    began = datetime(day.year, day.month, day.day, tzinfo=zone)
    return round(began.timestamp() * 1000) == milliseconds


def _time(value: Any) -> time | None:
    if value == "":
        return None
    try:
        return time.fromisoformat(value)
    except (ValueError, TypeError):
        raise Misfit(f"{_shown(value)} is no time of day") from None


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "bool": _boolean,
    "float8": _double,
    "float4": _single,
    "uuid": _uuid,
    "json": _json,
    "time": _time,
    "bytea": _bytes,
}
KINDS = {*_PLAIN, *INTEGER_BITS, "timestamptz", "timestamp", "date", "varchar", "text", "bpchar", "numeric"}


class Checksum:
    """Of rows in any order, from their values: the same rows have the same sum, on SQLite and on PostgreSQL."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, row: tuple[Any, ...]) -> None:
        # With lengths, so that text which moved from one column to the next is noticed.
        text = "".join(f"{len(one)}:{one}" for one in map(_canonical, row))
        self.rows += 1
        self._sum += int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=CHECKSUM_BYTES).digest())

    def __str__(self) -> str:
        return format(self._sum % (1 << 8 * CHECKSUM_BYTES), f"0{2 * CHECKSUM_BYTES}x")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Checksum) and (self.rows, str(self)) == (other.rows, str(other))

    __hash__ = None  # type: ignore[assignment]


def _canonical(value: Any) -> str:
    """One text per value, whatever hands it out: 1.50 and 1.5 are the same decimal, and None is no text."""
    if value is None:
        return "\x00"
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).replace(tzinfo=None).isoformat()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value if isinstance(value, str) else str(value)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
