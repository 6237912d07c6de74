"""What SQLite's values become, and which are refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.legacy.sqlite_move.values import Checksum, Column, Misfit, converter, is_midnight

BERLIN = ZoneInfo("Europe/Berlin")
# In summer of 2018 Brazil's clocks went from 23:59 to 01:00: a day without a midnight.
NO_MIDNIGHT = ZoneInfo("America/Sao_Paulo")
NOON = 1760610600123  # 2025-10-16T10:30:00.123Z


def become(value, kind, length=None, scale=None, zone=BERLIN, precision=None):
    return converter(Column("c", kind, length, scale, precision), zone)(value)


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (0, "bool", False),
        (1, "bool", True),
        ("", "bool", None),
        (3.0, "int4", 3),
        ("12", "int8", 12),
        (2**31 - 1, "int4", 2**31 - 1),
        (5, "float8", 5.0),
        (0.1234567890123, "float8", 0.1234567890123),
        (0.1, "float4", 0.10000000149011612),
        (12.3456, "numeric", Decimal("12.3456")),
        ("00000000-0000-4000-8000-00000000000A", "uuid", UUID("00000000-0000-4000-8000-00000000000a")),
        ('{"a": [1, null]}', "json", '{"a": [1, null]}'),
        (5, "json", "5"),
        (1.5, "json", "1.5"),
        ("plain words", "json", '"plain words"'),
        ("NaN", "json", '"NaN"'),
        ("", "json", '""'),
        (7, "text", "7"),
        (b"bytes \xc3\xbc", "text", "bytes ü"),
        (NOON, "timestamptz", datetime(2025, 10, 16, 10, 30, 0, 123000, UTC)),
        (-1, "timestamptz", datetime(1969, 12, 31, 23, 59, 59, 999000, UTC)),
        ("2025-10-16 10:30:00", "timestamptz", datetime(2025, 10, 16, 10, 30, tzinfo=UTC)),
        ("2025-10-16T10:30:00", "timestamptz", datetime(2025, 10, 16, 8, 30, tzinfo=UTC)),
        ("2025-10-16T10:30:00+05:30", "timestamptz", datetime(2025, 10, 16, 5, 0, tzinfo=UTC)),
        ("2025-10-16", "timestamptz", datetime(2025, 10, 16, tzinfo=UTC)),
        ("0000-00-00 00:00:00", "timestamptz", None),
        ("", "timestamptz", None),
        (NOON, "timestamp", datetime(2025, 10, 16, 12, 30, 0, 123000)),  # noqa: DTZ001
        ("2025-10-16 10:30:00", "timestamp", datetime(2025, 10, 16, 10, 30)),  # noqa: DTZ001
        (1760565600000, "date", date(2025, 10, 16)),
        ("2025-10-16", "date", date(2025, 10, 16)),
        ("2025-10-15T22:30:00Z", "date", date(2025, 10, 16)),
        ("09:15:00", "time", time(9, 15)),
        (b"\x00\xff", "bytea", b"\x00\xff"),
    ],
)
def test_a_value_becomes_what_directus_showed_of_it(value, kind, expected):
    found = become(value, kind)

    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("value", "kind", "why"),
    [
        (2, "bool", "2 is no boolean"),
        (1.5, "int4", "1.5 is no whole number"),
        ("many", "int4", "'many' is no whole number"),
        (2**31, "int4", "is too large for 32 bits"),
        (2**53 + 1, "float8", "is no number that eight bytes can hold"),
        (1e300, "float4", "is too large for four bytes"),
        ("x", "numeric", "'x' is no number"),
        (float("inf"), "numeric", "inf is no number"),
        ("NaN", "numeric", "'NaN' is no number"),
        ("4711", "uuid", "'4711' is no UUID"),
        (5, "uuid", "5 is no UUID"),
        (float("inf"), "json", "inf is no JSON"),
        ("[" * 100_000, "json", "nested too deeply"),
        ("a\0b", "text", "zero character"),
        (b"\xff", "text", "no UTF-8"),
        ("yesterday", "timestamptz", "'yesterday' is no time"),
        (10**18, "timestamptz", "no time between the years 1 and 9999"),
        ("9", "time", "'9' is no time of day"),
        (b"x", "date", "is no time"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(value, kind, why):
    with pytest.raises(Misfit, match=why):
        become(value, kind)


def test_limits_of_a_column_are_kept():
    assert become("ü" * 5, "varchar", length=5) == "üüüüü"
    with pytest.raises(Misfit, match="the text has 6 characters, and the column takes 5"):
        become("ü" * 6, "varchar", length=5)
    assert become(1.25, "numeric", scale=2) == Decimal("1.25")
    with pytest.raises(Misfit, match=r"1\.255 has more than 2 decimals"):
        become(1.255, "numeric", scale=2)


@pytest.mark.parametrize("value", [999.99, -999.99, 0, "0.00", "0.010"])
def test_a_decimal_that_its_column_can_hold_is_taken(value):
    assert become(value, "numeric", precision=5, scale=2) == Decimal(str(value))


def test_a_decimal_of_many_digits_is_kept_to_the_last():
    digits = "123456789012345678901234567890123456.78"

    assert become(digits, "numeric", precision=38, scale=2) == Decimal(digits)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (1000, "1000 has more than 3 digits before the point"),
        (1e25, r"1e\+25 has more than 3 digits before the point"),
        (-1000.5, "has more than 3 digits before the point"),
        (0.001, "0.001 has more than 2 decimals"),
        (float("-inf"), "-inf is no number"),
        ("NaN", "'NaN' is no number"),
        ("1e5000", "'1e5000' is no number"),
    ],
)
def test_a_decimal_that_is_too_long_for_its_column_is_refused(value, why):
    with pytest.raises(Misfit, match=why):
        become(value, "numeric", precision=5, scale=2)


@given(day=st.dates(date(1970, 1, 2), date(2099, 12, 31)), zone=st.sampled_from([BERLIN, NO_MIDNIGHT, ZoneInfo("UTC")]))
def test_the_moment_a_day_began_becomes_that_day(day, zone):
    began = datetime(day.year, day.month, day.day, tzinfo=zone)
    milliseconds = round(began.timestamp() * 1000)

    assert become(milliseconds, "date", zone=zone) == day
    assert is_midnight(milliseconds, zone)
    assert not is_midnight(milliseconds + 1, zone)


@given(moment=st.datetimes(datetime(1970, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_moment_is_kept_to_the_millisecond(moment):
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)

    assert moment - become(milliseconds, "timestamptz") < timedelta(milliseconds=1)


def summed(*rows):
    checksum = Checksum()
    for row in rows:
        checksum.add(row)
    return checksum


def test_a_checksum_depends_on_the_rows_and_not_on_their_order():
    assert summed((1, "a"), (2, None)) == summed((2, None), (1, "a"))
    assert summed((1, "a")) != summed((1, "a"), (1, "a"))
    assert summed(("a", "b")) != summed(("b", "a"))
    assert summed((None,)) != summed(("None",))
    assert summed(("ab", "c")) != summed(("a", "bc"))


def test_the_same_value_in_two_forms_has_one_checksum():
    assert summed((Decimal("1.50"),)) == summed((Decimal("1.5"),))
    noon = datetime(2025, 10, 16, 12, tzinfo=UTC)
    assert summed((noon,)) == summed((noon.astimezone(timezone(timedelta(hours=2))),))
