"""Puts the product into a Directus, in the order in which its parts need each other. Safe to run again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from sidecar.directus import Directus
from sidecar.provision import database
from sidecar.provision.access import apply_access, read_access
from sidecar.provision.flows import apply_flows, read_flows
from sidecar.provision.headroom import check_headroom
from sidecar.provision.insights import apply_dashboards, read_dashboards
from sidecar.provision.module_bar import apply_module_bar
from sidecar.provision.presets import apply_presets, read_presets
from sidecar.provision.schema import apply_schema, build_snapshot, foreign_collections, table_names
from sidecar.provision.settings import apply_settings
from sidecar.provision.translations import apply_translations, error_titles

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "directus-schema"
FLOWS = ROOT / "flows"

# The one the schema is built and tested against; Directus refuses a snapshot of another version.
DIRECTUS_VERSION = "12.4.0"


def install(
    directus: Directus, admin_url: str, secrets: Mapping[str, str], say: Callable[[str], None], own_stack: bool = True
) -> None:
    """Brings schema, database, access, views, flows and translations up to date, as an administrator of both.

    `admin_url` is the database's, as its administrator. `secrets` may hold reviewer_email and reviewer_password,
    producer_token and files_token; users without theirs are not made. `own_stack`: this Directus is ours alone.
    Raises NoHeadroom or SchemaConflict before anything is written, DirectusError and psycopg.Error otherwise.
    """
    snapshot, flows = build_snapshot(SCHEMA / "collections", DIRECTUS_VERSION), read_flows(FLOWS)
    check_headroom(directus, table_names(snapshot), [flow["id"] for flow in flows])
    _report(say, "schema", _install_schema(directus, admin_url, snapshot))
    _report(say, "access", apply_access(directus, read_access(SCHEMA / "access.yaml"), secrets))
    foreign = foreign_collections(directus.get("/schema/snapshot"))
    _report(say, "views", apply_presets(directus, read_presets(SCHEMA / "presets.yaml"), foreign))
    _report(say, "dashboards", apply_dashboards(directus, read_dashboards(SCHEMA / "insights.yaml")))
    _report(say, "flows", apply_flows(directus, flows))
    _report(say, "translations", apply_translations(directus, error_titles()))
    _report(say, "module bar", apply_module_bar(directus))
    if own_stack:
        _report(say, "settings", apply_settings(directus))


def _install_schema(directus: Directus, admin_url: str, snapshot: dict) -> bool:
    # Directus remembers columns: what our SQL changed meanwhile would be changed back.
    forget_schema(directus)
    with database.schema_ownership(admin_url):
        changed = apply_schema(directus, snapshot)
    applied = database.migrate(admin_url)
    forget_schema(directus)
    return changed or bool(applied)


def forget_schema(directus: Directus) -> None:
    """Lets Directus read the database's columns anew."""
    directus.post("/utils/cache/clear", params={"system": ""})


def _report(say: Callable[[str], None], what: str, changed: bool) -> None:
    say(f"{what}: {'brought up to date' if changed else 'nothing to do'}")
