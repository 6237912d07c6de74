"""Service tokens: `art_` and 256 random bits, kept as their SHA-256 (a random secret needs no slow hash)."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from sidecar.database import Connection
from sidecar.sql import Statements

sql = Statements(__file__)

PREFIX = "art_"
ROLES = ("producer", "reviewer", "admin")


def generate() -> str:
    """A new secret, to be shown once."""
    return PREFIX + secrets.token_urlsafe(32)


def hashed(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).digest()


def create_token(connection: Connection, *, name: str, role: str, actor_type: str = "system") -> str:
    """Store a new token and return its secret, which cannot be read again.

    Raises psycopg.errors.UniqueViolation (service_token_name_live) when a live token has the name.
    """
    token = generate()
    connection.execute(sql.add_service_token, _row(name, role, actor_type, token))
    return token


def ensure_token(connection: Connection, *, name: str, role: str, token: str, actor_type: str = "system") -> None:
    """Make `token` the one live token of `name`."""
    row = _row(name, role, actor_type, token)
    connection.execute(sql.revoke_others, row)
    connection.execute(sql.keep_service_token, row)


def list_tokens(connection: Connection) -> list[dict[str, Any]]:
    """Every token without its secret, newest first."""
    return connection.execute(sql.list_service_tokens).fetchall()


def revoke_token(connection: Connection, token: str) -> list[dict[str, Any]]:
    """Revoke by name or id; an empty list when nothing live matched."""
    return connection.execute(sql.revoke_service_token, {"token": token}).fetchall()


def _row(name: str, role: str, actor_type: str, token: str) -> dict[str, Any]:
    return {"name": name, "role": role, "actor_type": actor_type, "token_hash": hashed(token)}
