"""secrets.json: generated on first start, readable by its owner only."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sidecar.access.tokens import generate

ADMIN_EMAIL = "admin@example.com"
REVIEWER_EMAIL = "reviewer@example.com"


def new_secrets() -> dict[str, str]:
    """Everything one stack needs to keep to itself."""
    generated = {name: secrets.token_urlsafe(32) for name in _GENERATED}
    passwords = {name: secrets.token_urlsafe(12) for name in ("admin_password", "reviewer_password")}
    tokens = {"sidecar_token": generate(), "hook_token": generate()}
    return {"admin_email": ADMIN_EMAIL, "reviewer_email": REVIEWER_EMAIL} | generated | passwords | tokens


def load_secrets(file: Path) -> dict[str, str]:
    """Read the file, adding what it lacks: nothing in it is ever generated twice."""
    known = read_json(file)
    if new_secrets().keys() - known.keys():
        known = new_secrets() | known
        write_json(file, known, mode=0o600)
    return known


def read_json(file: Path) -> dict[str, Any]:
    """The object in a file; empty if there is none."""
    return json.loads(file.read_text()) if file.exists() else {}


def write_json(file: Path, content: Mapping[str, Any], *, mode: int) -> None:
    """Replace the file at once: a crash leaves the old one or the new one. It never has a wider mode than `mode`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as stream:
        json.dump(content, stream, indent=2, sort_keys=True)
        stream.write("\n")
        os.fsync(stream.fileno())
    fresh.replace(file)


_GENERATED = (
    "postgres_password",
    "directus_password",
    "sidecar_password",
    "directus_secret",
    "admin_token",
    "producer_token",
    "files_token",
)
