"""Expands directus-schema/collections/*.yaml into a Directus snapshot, and applies it.

One file describes one collection in the words of this module; `build_snapshot` knows what Directus needs beside them.
A field is one of: a column (`type`), a foreign key (`references`), a list of rows elsewhere (`o2m`), files or items
through a junction (`m2m`), a part of the form that folds away (`detail`), `buttons` that start flows, or an interface
of our own bundle that holds no data (`shows`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from sidecar.directus import Directus
from sidecar.provision import ids

Spec = dict[str, Any]
Snapshot = dict[str, Any]

# Directus' name for a snapshot of some collections. A full one (1) that does not list Directus' own indexed columns
# asks for their indexes to be dropped, in merge mode too.
PARTIAL_SNAPSHOT = 2

# Kept in the options of each `id`: how an upgrade knows which collections it may change and which it may only add to.
OUR_MARK = {"artifacts": "registry"}

COLUMN_TYPES: dict[str, tuple[str, dict[str, Any]]] = {
    "uuid": ("uuid", {"data_type": "uuid"}),
    "string": ("string", {"data_type": "character varying", "max_length": 255}),
    "text": ("text", {"data_type": "text"}),
    "integer": ("integer", {"data_type": "integer", "numeric_precision": 32, "numeric_scale": 0}),
    "boolean": ("boolean", {"data_type": "boolean"}),
    "timestamp": ("timestamp", {"data_type": "timestamp with time zone"}),
    # Directus makes `json`; our migrations alter it. Saying `json` here would turn the column back.
    "json": ("json", {"data_type": "jsonb"}),
}

PRESENTATION: dict[str, Spec] = {
    "string": {"interface": "input", "display": "raw"},
    "text": {"interface": "input-multiline", "display": "raw"},
    "integer": {"interface": "input", "display": "raw"},
    "boolean": {"interface": "boolean", "display": "boolean", "special": ["cast-boolean"]},
    "timestamp": {"interface": "datetime", "display": "datetime", "display_options": {"relative": True}},
    "json": {
        "interface": "input-code",
        "options": {"language": "json", "lineWrapping": True},
        "display": "raw",
        "special": ["cast-json"],
    },
}

FILE_TEMPLATE = "{{$thumbnail}} {{title}}"

# What every collection has in the same way; a file only says in which group of the form it stands.
COMMON_FIELDS: dict[str, Spec] = {
    "id": {
        "type": "uuid",
        "primary": True,
        "default": "gen_random_uuid()",
        "nullable": False,
        "special": ["uuid"],
        "interface": "input",
        "display": "raw",
        "options": {"font": "monospace", **OUR_MARK},
        "readonly": True,
        "width": "half",
        "note": "Identifier, given by the database.",
    },
    "user_created": {
        "references": "directus_users",
        "on_delete": "SET NULL",
        "special": ["user-created"],
        "readonly": True,
        "width": "half",
        "note": "Who added it.",
    },
    "date_created": {
        "type": "timestamp",
        "default": "CURRENT_TIMESTAMP",
        "special": ["date-created"],
        "readonly": True,
        "width": "half",
        "note": "When it was added.",
    },
}

# Directus' own theme colours: readable in its light and its dark mode.
TONES: dict[str, Spec] = {
    tone: {
        "color": f"var(--theme--{tone})",
        "foreground": f"var(--theme--{tone})",
        "background": f"var(--theme--{tone}-background)",
    }
    for tone in ("primary", "secondary", "success", "warning", "danger")
}
TONES["subdued"] = {
    "color": "var(--theme--foreground-subdued)",
    "foreground": "var(--theme--foreground-subdued)",
    "background": "var(--theme--background-normal)",
}

COLLECTION_META: Spec = {
    "accountability": "all",
    "archive_app_filter": True,
    "archive_field": None,
    "archive_value": None,
    "autosave_revision_interval": None,
    "collapse": "open",
    "color": None,
    "display_template": None,
    "group": None,
    "hidden": False,
    "icon": None,
    "item_duplication_fields": None,
    "note": None,
    "preview_url": None,
    "singleton": False,
    "sort": None,
    "sort_field": None,
    "status": "active",
    "translations": None,
    "unarchive_value": None,
    "versioning": False,
}

FIELD_META: Spec = {
    "conditions": None,
    "display": None,
    "display_options": None,
    "group": None,
    "hidden": False,
    "interface": None,
    "note": None,
    "options": None,
    "readonly": False,
    "required": False,
    "searchable": True,
    "special": None,
    "translations": None,
    "validation": None,
    "validation_message": None,
    "width": "full",
}


class SchemaConflict(Exception):
    """An existing collection has a column of ours with another type; the message names every one."""


def read_collections(directory: Path) -> dict[str, Spec]:
    """The files of a folder by collection name."""
    specs = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(directory.glob("*.yaml")))
    return {spec["collection"]: spec for spec in specs}


def build_snapshot(directory: Path, directus_version: str) -> Snapshot:
    """The collections of a folder as the snapshot Directus' /schema/diff takes, for PostgreSQL.

    Raises ValueError where a list and its foreign key do not name each other.
    """
    specs = read_collections(directory)
    _check_both_ends(specs)
    fields = [field for name in specs for field in _fields(name, specs)]
    relations = [
        _relation(name, field, spec)
        for name, collection in specs.items()
        for field, spec in _columns(collection)
        if "references" in spec
    ]
    return {
        "version": PARTIAL_SNAPSHOT,
        "directus": directus_version,
        "vendor": "postgres",
        "collections": [_collection(spec) for spec in specs.values()],
        "fields": fields,
        "systemFields": [],
        "relations": relations,
    }


def table_names(snapshot: Snapshot) -> list[str]:
    """The collections that have a table, and so count against the licence; folders do not."""
    return [item["collection"] for item in snapshot["collections"] if "schema" in item]


def apply_schema(directus: Directus, snapshot: Snapshot) -> bool:
    """Adds what is missing and brings our own collections up to date; True if anything had to change.

    Collections that were there before us (a `projects` of the user) only receive the fields they lack. Raises
    SchemaConflict, before anything is written, if one of theirs has our name and another type.
    """
    answer = directus.post("/schema/diff", params={"mode": "merge"}, json=snapshot)
    if answer is None:
        return False
    current = directus.get("/schema/snapshot")
    refuse_conflicts(current, snapshot)
    diff = additions_only(answer["data"]["diff"], foreign_collections(current))
    if not any(diff[part] for part in ("collections", "fields", "relations")):
        return False
    directus.post("/schema/apply", json={"hash": answer["data"]["hash"], "diff": diff})
    return True


def foreign_collections(current: Snapshot) -> set[str]:
    """The collections of an instance that this product did not create: their `id` does not carry our mark."""
    ours = {field["collection"] for field in current["fields"] if field["field"] == "id" and _is_marked(field)}
    folders = {item["collection"] for item in current["collections"] if not item.get("schema")}
    return {item["collection"] for item in current["collections"]} - ours - folders


def additions_only(diff: Spec, foreign: set[str]) -> Spec:
    """A diff without changes to foreign collections, and without what belongs to SQL."""
    return {
        "collections": [entry for entry in diff["collections"] if entry["collection"] not in foreign],
        "fields": [entry for entry in map(_keep_sql, _fields_to_write(diff["fields"], foreign)) if entry["diff"]],
        "systemFields": [],
        "relations": [entry for entry in diff["relations"] if entry["collection"] not in foreign or _adds(entry)],
    }


def _fields_to_write(entries: list[Spec], foreign: set[str]) -> Iterator[Spec]:
    for entry in entries:
        if entry["collection"] not in foreign:
            yield entry
        elif _adds(entry):
            # Whatever creates their rows today does not know our field.
            entry["diff"][0]["rhs"]["meta"]["required"] = False
            yield entry


def _adds(entry: Spec) -> bool:
    first = entry["diff"][0]
    return first["kind"] == "N" and not first.get("path")


def _keep_sql(entry: Spec) -> Spec:
    """Without what our SQL owns: Directus would drop its indexes, and cannot make the jsonb the snapshot speaks of."""
    kept = [
        change
        for change in entry["diff"]
        if change.get("path") != ["schema", "is_indexed"] and change.get("rhs") != "jsonb"
    ]
    return {**entry, "diff": kept}


def _is_marked(field: Spec) -> bool:
    options = field["meta"].get("options") or {}
    return OUR_MARK.items() <= options.items()


def refuse_conflicts(current: Snapshot, wanted: Snapshot) -> None:
    """Raises SchemaConflict where a field of ours exists with another type, such as an integer `id`."""
    types = {(field["collection"], field["field"]): field["type"] for field in current["fields"]}
    conflicts = [
        f"{field['collection']}.{field['field']} is {types[key]}, {field['type']} is needed"
        for field in wanted["fields"]
        if (key := (field["collection"], field["field"])) in types and types[key] != field["type"]
    ]
    if conflicts:
        raise SchemaConflict("Existing fields have another type: " + "; ".join(conflicts) + ".")


def _collection(spec: Spec) -> Spec:
    archive = spec.get("archive", {})
    meta = {
        **COLLECTION_META,
        **{key: spec[key] for key in COLLECTION_META if key in spec},
        "collection": spec["collection"],
        "archive_field": archive.get("field"),
        "archive_value": archive.get("value"),
        "unarchive_value": archive.get("unarchive"),
    }
    collection: Spec = {"collection": spec["collection"], "meta": meta}
    # Directus omits the key for a folder; null there would be a difference for ever.
    return collection if spec.get("folder") else {**collection, "schema": {"name": spec["collection"]}}


def _columns(collection: Spec) -> Iterator[tuple[str, Spec]]:
    """Fields with the common ones filled in; aliases pass unchanged."""
    for name, spec in collection.get("fields", {}).items():
        common = COMMON_FIELDS.get(spec.get("type", ""))
        yield name, {**common, **{key: value for key, value in spec.items() if key != "type"}} if common else spec


def _fields(collection: str, specs: Mapping[str, Spec]) -> Iterator[Spec]:
    for sort, (name, spec) in enumerate(_columns(specs[collection]), start=1):
        meta = {**FIELD_META, **_meta(name, spec), "collection": collection, "field": name, "sort": sort}
        if meta["display"] == "related-values":
            meta["display_options"] = {"template": _shown_as(spec, specs)}
        field = {"collection": collection, "field": name, "meta": meta}
        if _is_alias(spec):
            yield {**field, "type": "alias"}
        else:
            kind, schema = _column_schema(collection, name, spec)
            yield {**field, "type": kind, "schema": schema}


def _is_alias(spec: Spec) -> bool:
    return any(kind in spec for kind in ("o2m", "m2m", "detail", "buttons", "shows"))


def _column_schema(collection: str, name: str, spec: Spec) -> tuple[str, Spec]:
    kind, column = COLUMN_TYPES["uuid" if "references" in spec else spec["type"]]
    primary = spec.get("primary", False)
    return kind, {
        "name": name,
        "table": collection,
        "default_value": spec.get("default"),
        "max_length": None,
        "numeric_precision": None,
        "numeric_scale": None,
        "is_nullable": spec.get("nullable", True),
        "is_unique": primary or spec.get("unique", False),
        "is_indexed": spec.get("indexed", False),
        "is_primary_key": primary,
        "is_generated": False,
        "generation_expression": None,
        "has_auto_increment": False,
        "foreign_key_table": spec.get("references"),
        "foreign_key_column": "id" if "references" in spec else None,
        **column,
    }


def _meta(name: str, spec: Spec) -> Spec:
    """What a field's file says, over what its kind implies."""
    implied = _implied_meta(spec)
    said = {key: spec[key] for key in FIELD_META if key in spec}
    options = {**_implied_options(implied, said), **said.get("options", {})} or None
    conditions = [_condition(each) for each in spec.get("conditions", [])] + _offer_conditions(name, spec)
    return {**implied, **said, "options": options, "conditions": conditions or None, "translations": _name(name, spec)}


def _name(field: str, spec: Spec) -> list[Spec] | None:
    """What the field is called in the form, where Directus would not make the same of the column's name."""
    name = spec.get("name") or spec.get("detail")
    if name is None and "references" in spec and field.endswith("_id"):
        name = field.removesuffix("_id").replace("_", " ").title()
    return [{"language": "en-US", "translation": name}] if name else None


def _shown_as(spec: Spec, specs: Mapping[str, Spec]) -> str:
    """The template for the rows a field leads to: in lists Directus does not take the collection's own."""
    if "references" in spec:
        return specs[spec["references"]]["display_template"]
    if "o2m" in spec:
        return specs[spec["o2m"].split(".")[0]].get("display_template", "{{id}}")
    related = specs[spec["m2m"].split(".")[0]]["fields"][spec["to"]]["references"]
    template = specs[related]["display_template"] if related in specs else FILE_TEMPLATE
    return template.replace("{{", "{{" + spec["to"] + ".")


def _implied_options(implied: Spec, said: Spec) -> Spec:
    """Options belong to an interface: they go with it when a file names another one."""
    return {} if "interface" in said else implied.get("options", {})


def _implied_meta(spec: Spec) -> Spec:
    if "detail" in spec:
        return _detail_meta(spec)
    if "buttons" in spec:
        return _buttons_meta(spec)
    if "shows" in spec:
        return {"interface": spec["shows"], "special": ["alias", "no-data"]}
    if "o2m" in spec:
        return _list_meta("list-o2m", "o2m", spec)
    if "m2m" in spec:
        return _m2m_meta(spec)
    if "references" in spec:
        return _reference_meta(spec["references"])
    if "choices" in spec:
        return _choice_meta(spec)
    return PRESENTATION.get(spec["type"], {})


def _detail_meta(spec: Spec) -> Spec:
    return {
        "interface": "group-detail",
        "special": ["alias", "no-data", "group"],
        "options": {"headerIcon": spec["icon"], "start": "open" if spec.get("open") else "closed"},
    }


def _buttons_meta(spec: Spec) -> Spec:
    links = [{**button, "actionType": "flow", "flow": getattr(ids, button["flow"])} for button in spec["buttons"]]
    return {"interface": "presentation-links", "special": ["alias", "no-data"], "options": {"links": links}}


def _list_meta(interface: str, special: str, spec: Spec) -> Spec:
    options: Spec = {
        "layout": "table",
        "fields": spec["table"],
        "tableSpacing": "cozy",
        "enableCreate": spec.get("create", False),
        "enableSelect": False,
        "enableLink": True,
    }
    if "sort" in spec:
        options |= {"sort": spec["sort"], "sortDirection": "-" if spec.get("direction") == "desc" else "+"}
    return {"interface": interface, "special": [special], "options": options, "display": "related-values"}


def _m2m_meta(spec: Spec) -> Spec:
    if spec.get("interface") == "files":
        return {"special": ["files"], "display": "related-values"}
    through = {"table": [f"{spec['to']}.{column}" for column in spec["table"]]}
    return _list_meta("list-m2m", "m2m", {**spec, **through})


def _reference_meta(collection: str) -> Spec:
    if collection == "directus_files":
        return {"interface": "file", "special": ["file"], "display": "image"}
    if collection == "directus_users":
        template = "{{avatar.$thumbnail}} {{first_name}} {{last_name}}"
        return {
            "interface": "select-dropdown-m2o",
            "special": ["m2o"],
            "options": {"template": template},
            "display": "user",
        }
    return {
        "interface": "select-dropdown-m2o",
        "special": ["m2o"],
        "options": {"enableLink": True},
        "display": "related-values",
    }


def _choice_meta(spec: Spec) -> Spec:
    choices = {value: _choice(value, choice) for value, choice in spec["choices"].items()}
    offered = spec.get("offered", list(choices))
    return {
        "interface": "select-dropdown",
        "options": {"choices": [_dropdown(choices[value]) for value in offered]},
        "display": "labels",
        "display_options": {"choices": list(choices.values()), "format": True},
    }


def _choice(value: str, choice: Spec) -> Spec:
    shown = {"text": choice["text"], "value": value, **TONES.get(choice.get("tone", ""), {})}
    return {**shown, "icon": choice["icon"]} if "icon" in choice else shown


def _dropdown(choice: Spec) -> Spec:
    return {key: choice[key] for key in ("text", "value", "icon", "color") if key in choice}


def _offer_conditions(name: str, spec: Spec) -> list[Spec]:
    """Other choices while the field has a value that people are not offered."""
    return [
        _condition(
            {
                "name": f"While {value}",
                "rule": {name: {"_eq": value}},
                "options": {"choices": [_dropdown(_choice(each, spec["choices"][each])) for each in offered]},
            }
        )
        for value, offered in spec.get("offered_when", {}).items()
    ]


def _condition(spec: Spec) -> Spec:
    return {**spec, "rule": {"_and": [spec["rule"]]}}


def _check_both_ends(specs: Mapping[str, Spec]) -> None:
    """A list without its foreign key's `reverse` is a column to Directus: every read of the collection then fails."""
    named = {
        (f"{collection}.{field}", f"{spec['references']}.{spec['reverse']}")
        for collection, fields in specs.items()
        for field, spec in _columns(fields)
        if "reverse" in spec
    }
    listed = {
        (spec.get("o2m") or spec["m2m"], f"{collection}.{field}")
        for collection, fields in specs.items()
        for field, spec in _columns(fields)
        if "o2m" in spec or "m2m" in spec
    }
    if named != listed:
        raise ValueError(f"These do not name each other: {sorted(named ^ listed)}")


def _relation(collection: str, field: str, spec: Spec) -> Spec:
    related = spec["references"]
    return {
        "collection": collection,
        "field": field,
        "related_collection": related,
        "meta": {
            "junction_field": spec.get("junction"),
            "many_collection": collection,
            "many_field": field,
            "one_allowed_collections": None,
            "one_collection": related,
            "one_collection_field": None,
            "one_deselect_action": "nullify",
            "one_field": spec.get("reverse"),
            "sort_field": spec.get("reverse_sort"),
        },
        "schema": {
            "table": collection,
            "column": field,
            "foreign_key_table": related,
            "foreign_key_column": "id",
            "constraint_name": f"{collection}_{field}_foreign",
            "on_update": "NO ACTION",
            "on_delete": spec.get("on_delete", "NO ACTION"),
        },
    }
