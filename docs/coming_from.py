"""docs/coming-from.md from docs/coming_from/*.yaml: what older systems had, and what stands for it here.

A row is {at, theirs, ours, how, check}: `at` says where the older system's own description names it, `check` what must
be so here, by kind (KINDS). Left out, `ours` and `how` are told from the check, so that they are what the code says.
tests/docs/test_coming_from.py walks every check.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from docs import generate
from sidecar.errors import CODES

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "coming-from.md"
MAPS = REPOSITORY / "docs" / "coming_from"
PLANNED = MAPS / "planned.yaml"

# What a check may ask for, in the order in which `ours` is told from it.
KINDS = (
    "column", "alias", "relation", "enum", "endpoint", "path", "index", "table", "command", "address", "flow", "code",
    "guard", "setting", "rule", "body", "shape", "page", "file", "nullable", "hidden", "no column", "client", "tested",
    "planned", "absent",
)  # fmt: skip

# What to say of a thing that says nothing of itself.
_TOLD = {
    "alias": "Many-to-many through `{rest}`.",
    "relation": "→ `{rest}`",
    "enum": "The same word.",
    "path": "Any JSON or file may be submitted there.",
    "index": "`{name}` on `{last}`.",
    "tested": "Held by `{name}`.",
    "setting": "Set by `{name}`.",
    "flow": "A Flow of Directus.",
    "shape": "A shape of `/openapi.json`.",
    "command": "A [command](reference/commands.md).",
}

Row = dict[str, Any]


@cache
def systems() -> dict[str, dict[str, Any]]:
    """The maps by the name of their file, in the order of the page."""
    paths = sorted(path for path in MAPS.glob("*.yaml") if path != PLANNED)
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths}


@cache
def planned() -> dict[str, dict[str, Any]]:
    """What is not there yet, by the name the rows call it by: {means, until}."""
    return yaml.safe_load(PLANNED.read_text(encoding="utf-8"))


def rows(system: str) -> Iterator[tuple[str, Row]]:
    """Every row of a system with its kind."""
    for section in systems()[system]["sections"]:
        yield from ((section["kind"], row) for row in section["rows"])


def checks(row: Row) -> Iterator[tuple[str, Any]]:
    """(kind, what) for each thing a row asks for."""
    for kind, asked in row["check"].items():
        yield from ((kind, what) for what in (asked if isinstance(asked, list) else [asked]))


def pages() -> Iterator[tuple[Path, str]]:
    """The page, with the text it should have."""
    text = PAGE.read_text(encoding="utf-8")
    text = generate.renewed(text, "summary", summary())
    text = generate.renewed(text, "planned", plans())
    for system in systems():
        text = generate.renewed(text, system, tables(system))
    yield PAGE, text


def write() -> None:
    for path, fresh in pages():
        path.write_text(fresh, encoding="utf-8")


def summary() -> str:
    head = ("system", "mapped", "here", "here in part", "planned", "left out on purpose")
    found: list[tuple[str, ...]] = [head]
    for system, about in systems().items():
        counts = Counter(standing(row) for _, row in rows(system))
        numbers = [str(counts[name]) for name in ("here", "part", "planned", "absent")]
        title = about["title"]
        found.append((f"[{title}](#{_anchor(title)})", str(counts.total()), *numbers))
    return generate.table(found)


def standing(row: Row) -> str:
    """here, part (something of it is planned), planned, or absent (left out on purpose)."""
    asked = set(row["check"])
    if "planned" in asked:
        return "planned" if asked == {"planned"} else "part"
    return "absent" if "absent" in asked else "here"


def plans() -> str:
    used = {name for system in systems() for _, row in rows(system) for kind, name in checks(row) if kind == "planned"}
    found = [(f"**{name}**", about["means"]) for name, about in planned().items() if name in used]
    return generate.table([("planned", "what it will be"), *found])


def tables(system: str) -> str:
    parts = []
    for section in systems()[system]["sections"]:
        shown = [(row["theirs"], _ours(row), _how(row)) for row in section["rows"]]
        parts.append(f"### {section['name']}\n\n{generate.table([('theirs', 'ours', 'how'), *shown])}")
    return "\n\n".join(parts)


def address(call: Any) -> str:
    """A call as the page shows it: `GET /v1/artifacts/{id}?status=pending`."""
    line = call if isinstance(call, str) else call["call"]
    path, mark, query = line.partition("?")
    return re.sub(r"\$\w+", "{id}", path) + mark + re.sub(r"=\$\w+", "=…", query)


def _ours(row: Row) -> str:
    if row.get("ours"):
        return row["ours"]
    kind, what = min(checks(row), key=lambda check: KINDS.index(check[0]))
    if kind in ("endpoint", "address"):
        return " · ".join(dict.fromkeys(f"`{address(call)}`" for name, call in checks(row) if name == kind))
    if kind in ("planned", "absent"):
        return "planned" if kind == "planned" else "—"
    if kind == "column":
        return ", ".join(f"`{column.split()[0]}`" for name, column in checks(row) if name == "column")
    if kind == "enum":
        column, _, value = what.partition("=")
        return f"`{column}` `{value}`"
    return f"`{str(what).split()[0]}`"


def _how(row: Row) -> str:
    asked = row["check"]
    said = row.get("how") or ("" if "](" in row.get("ours", "") else _told(row))
    plan = [f"**Planned:** {name}." for kind, name in checks(row) if kind == "planned"]
    absent = [f"Left out: {asked['absent']}."] if "absent" in asked else []
    links = (
        [] if "](" in f"{row.get('ours', '')}{said}" else [_link(page) for name, page in checks(row) if name == "page"]
    )
    calls = [f"`registry.{name}`" for kind, name in checks(row) if kind == "client"]
    client = [f"Python: {', '.join(calls)}."] if calls else []
    return " ".join(part for part in (*absent, said, *client, *links, *plan) if part)


def _told(row: Row) -> str:
    """What the code itself says of the thing a row names first."""
    for kind, what in checks(row):
        name, _, rest = str(what).partition(" ")
        table, _, column = name.partition(".")
        if kind == "column":
            return _note(table, column)
        if kind == "table" and name in _collections():
            return _collections()[name]["note"]
        if kind == "endpoint":
            return f"{_summaries()[_route(address(what))]}."
        if kind in ("guard", "code"):
            return CODES[name].sentence
        if kind in _TOLD:
            return _TOLD[kind].format(name=name, rest=rest, last=rest.removeprefix("on ").split(" ")[0])
    return ""


def _note(table: str, column: str) -> str:
    if table.startswith("directus_"):
        return "Directus' own."
    field = _collections()[table]["fields"][column]
    note = field.get("note") or generate.COMMON_FIELDS.get(field["type"], {}).get("note")
    return note or generate.kind_of(field)


def _link(page: str) -> str:
    title = (REPOSITORY / page).read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
    return f"See [{title}]({page.removeprefix('docs/')})."


@cache
def _summaries() -> dict[str, str]:
    """What each operation of the API does, by method and address."""
    return {f"{method} {path}": about["summary"] for method, path, about in generate.operations()}


def _route(shown: str) -> str:
    """The operation that an address as shown is one of."""
    method, _, path = shown.partition("?")[0].partition(" ")
    patterns = ((re.sub(r"\\{\w+\\}", "[^/]+", re.escape(route)), route) for route in _summaries())
    matching = (route for pattern, route in patterns if re.fullmatch(pattern, f"{method} {path}"))
    return min(matching, key=lambda route: route.count("{"))


@cache
def _collections() -> dict[str, Any]:
    return generate.read_collections(REPOSITORY / "directus-schema" / "collections")


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


if __name__ == "__main__":
    write()
