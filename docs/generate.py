"""Writes what the pages of docs/reference can take from the code, between their `generated` marks.

python docs/generate.py            write
python docs/generate.py --check    name the pages that are out of date, exit 1 if there are any
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

REPOSITORY = Path(__file__).resolve().parents[1]
REFERENCE = REPOSITORY / "docs" / "reference"
sys.path.insert(0, str(REPOSITORY))

from docs import coming_from  # noqa: E402
from docs.diagrams import diagrams  # noqa: E402
from sidecar.app import create_app  # noqa: E402
from sidecar.cli import main as artifacts  # noqa: E402
from sidecar.errors import CODES  # noqa: E402
from sidecar.events.kinds import EVENTS, TEST, TEST_MEANING, Links, TestTold, Told  # noqa: E402
from sidecar.provision.schema import COMMON_FIELDS, read_collections  # noqa: E402
from sidecar.settings import Settings  # noqa: E402

# Nobody answers there: the description needs no database.
NOWHERE = {
    "database_url": "postgresql://nobody@127.0.0.1:1/none",
    "directus_url": "http://127.0.0.1:1",
    "directus_token": "x1" * 20,
    "directus_secret": "x2" * 20,
    "log_level": "error",
}
METHODS = ("get", "post", "put", "patch", "delete")
KINDS = {
    "id": "UUID, primary key",
    "user_created": "user",
    "date_created": "timestamp",
    "json": "JSON",
}


def generated() -> dict[str, Callable[[], str]]:
    """What is generated, by the name of its marks."""
    return {
        "endpoints.md": endpoints,
        "errors.md": errors,
        "commands.md": commands,
        "schema.md": collections,
        "events.md": events,
        **diagrams(),
    }


def endpoints() -> str:
    rows = [("method", "address", "what it does", "details")]
    for method, address, operation in operations():
        rows.append((f"`{method}`", f"`{address}`", operation["summary"], operation["description"]))
    return table(rows)


def description() -> dict[str, Any]:
    """The OpenAPI description, as /openapi.json answers it."""
    app = create_app(Settings.model_validate(NOWHERE))
    app.extensions["artifacts"].database.close()
    return app.api_doc


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, address and description of every operation of the API."""
    for address, methods in description()["paths"].items():
        yield from ((method.upper(), address, methods[method]) for method in METHODS if method in methods)


def errors() -> str:
    rows = [("code", "status", "what is said", "what to do")]
    rows += [(f"`{name}`", str(code.status), code.sentence, code.next_step) for name, code in CODES.items()]
    return table(rows)


def commands() -> str:
    return "\n\n".join(_command(path, command) for path, command in every_command(artifacts, ("artifacts",)))


def every_command(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """The commands that do something, each with the words it is called by."""
    if isinstance(command, click.Group):
        for name, inner in sorted(command.commands.items()):
            yield from every_command(inner, (*path, name))
    else:
        yield path, command


def _command(path: tuple[str, ...], command: click.Command) -> str:
    whole = click.Context(artifacts, info_name=path[0], **artifacts.context_settings)
    context = click.Context(command, whole, " ".join(path[1:]), max_content_width=100, terminal_width=100)
    help_text = command.get_help(context)
    usage, _, rest = help_text.partition("\n\n")
    about, _, options = rest.partition("\n\n")
    sentence = " ".join(about.split())
    shown = "\n".join(line.rstrip() for line in f"{usage}\n\n{options}".strip().splitlines())
    return f"## `{' '.join(path)}`\n\n{sentence}\n\n```text\n{shown}\n```"


def events() -> str:
    """Each type with its meaning, then the fields of every kind of event, and those of each."""
    rows = [("type", "what happened", "fields")]
    told: dict[type[Told], str] = {}
    for name, (meaning, model) in {**EVENTS, TEST: (TEST_MEANING, TestTold)}.items():
        own = [field for field in model.model_fields if field not in Told.model_fields]
        same = f"as `{told[model]}`" if model in told else ", ".join(f"`{field}`" for field in own)
        told.setdefault(model, name)
        rows.append((f"`{name}`", meaning, same))
    about = {"sequence": "", "project_id": "", "project_key": "", "links": ""}
    for _, model in EVENTS.values():
        about |= {name: about.get(name) or field.description or "" for name, field in model.model_fields.items()}
    links = [f"`{name}`: {field.description}" for name, field in Links.model_fields.items()]
    about["links"] = " ".join(links)
    about["changes"] += " Each has `schema_key` and `artifact_version_id`, null where the path has left the context."
    fields = [("field", "meaning"), *((f"`{name}`", said) for name, said in about.items() if said)]
    every = "Every event has `sequence`, `project_id`, `project_key` and `links`, too."
    return f"{table(rows)}\n\n{every}\n\n{table(fields)}"


def collections() -> str:
    found = read_collections(REPOSITORY / "directus-schema" / "collections").values()
    ordered = sorted((spec for spec in found if not spec.get("folder")), key=lambda spec: spec["collection"])
    return "\n\n".join(_collection(spec) for spec in ordered)


def _collection(spec: dict[str, Any]) -> str:
    rows = [("field", "kind", "meaning")]
    for name, field in spec["fields"].items():
        if not {"detail", "buttons", "shows"} & field.keys():
            note = COMMON_FIELDS.get(field.get("type", ""), {}).get("note", "")
            rows.append((f"`{name}`", kind_of(field), field.get("note", note)))
    return f"## `{spec['collection']}`\n\n{spec['note']}\n\n{table(rows)}"


def kind_of(field: dict[str, Any]) -> str:
    """A field's type as people say it: what it refers to, which values it takes."""
    if "references" in field:
        return f"→ `{field['references']}`"
    if "o2m" in field:
        return f"list of `{field['o2m'].split('.')[0]}`"
    if "m2m" in field:
        return f"many-to-many through `{field['m2m'].split('.')[0]}`"
    kind = KINDS.get(field["type"], field["type"])
    if "choices" in field:
        kind += ": " + ", ".join(f"`{value}`" for value in field["choices"])
    return kind + (", unique" if field.get("unique") else "") + (", required" if field.get("required") else "")


def table(rows: list[tuple[str, ...]]) -> str:
    """A Markdown table; the first row is its head."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def renewed(page: str, name: str, content: str) -> str:
    """The page with `content` between the marks of `name`."""
    marks = rf"(<!-- generated: {re.escape(name)} -->\n).*?(<!-- end -->)"
    fresh, count = re.subn(marks, lambda match: f"{match[1]}\n{content}\n{match[2]}", page, flags=re.DOTALL)
    if count != 1:
        raise SystemExit(f"docs/reference has no place for {name}.")
    return fresh


def pages() -> Iterator[tuple[Path, str]]:
    """Each page of the reference that holds something generated, with the text it should have."""
    for path in sorted(REFERENCE.glob("*.md")):
        text = fresh = path.read_text(encoding="utf-8")
        for name, make in generated().items():
            if f"<!-- generated: {name} -->" in text:
                fresh = renewed(fresh, name, make())
        if "<!-- generated:" in text:
            yield path, fresh
    yield from coming_from.pages()
    # The types of the extension are made from it: npm run types, in directus-extension.
    yield REFERENCE / "openapi.json", json.dumps(description(), indent=1, ensure_ascii=False, default=str) + "\n"


def main(arguments: list[str]) -> None:
    stale = [(path, fresh) for path, fresh in pages() if path.read_text(encoding="utf-8") != fresh]
    if "--check" in arguments:
        if stale:
            names = ", ".join(path.relative_to(REPOSITORY).as_posix() for path, _ in stale)
            raise SystemExit(f"Out of date: {names}. Run: python docs/generate.py")
        return
    for path, fresh in stale:
        path.write_text(fresh, encoding="utf-8")
        click.echo(f"written: {path.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    main(sys.argv[1:])
