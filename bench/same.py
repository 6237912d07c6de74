"""Do the compared ways of promoting leave the same rows? Otherwise their ratio says nothing."""

from __future__ import annotations

import re
from typing import LiteralString

from bench.lots import Lot, lot, write
from bench.promoters import Promoter
from bench.stack import Bench

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d(?::\d\d)?)?")

# Ids made on the way (of promotions and records) order nothing; everything of a lot does.
_ROWS: dict[str, LiteralString] = {
    "versions": "select to_jsonb(v) from artifact_versions v where project_id = %s order by schema_key, version_number",
    "records": "select to_jsonb(a) from artifact_approvals a where project_id = %s order by date_created, action",
    "promotions": "select to_jsonb(p) from promotions p where project_id = %s order by context_version",
    "project": "select to_jsonb(p) from projects p where id = %s",
}


class Different(Exception):
    """Two promoters do not do the same."""


def refuse_different(bench: Bench, promoters: dict[str, Promoter]) -> None:
    """Let each promote two versions, one after the other, and compare all rows. Raises Different."""
    lots = {name: lot(1, 2, paths=3) for name in promoters}
    write(bench, list(lots.values()))
    seen = {}
    for name, promote in promoters.items():
        promote(lots[name], 10.0)
        seen[name] = _rows(bench, lots[name])
    first = next(iter(seen))
    for name, rows in seen.items():
        for kind, text in rows.items():
            if text != seen[first][kind]:
                raise Different(f"{kind} after {first}:\n{seen[first][kind]}\n{kind} after {name}:\n{text}")


def _rows(bench: Bench, item: Lot) -> dict[str, str]:
    with bench.administrator() as connection:
        connection.execute("set search_path = public")
        return {
            kind: _anonymous("\n".join(str(row[0]) for row in connection.execute(query, [item.project()])), item)
            for kind, query in _ROWS.items()
        }


def _anonymous(text: str, item: Lot) -> str:
    """Ids by the order in which they are first seen, times as such, nothing of the lot's name."""
    known: dict[str, str] = {}
    text = _UUID.sub(lambda found: known.setdefault(found[0], f"id{len(known)}"), text)
    return _TIME.sub("time", text).replace(item.name, "lot")
