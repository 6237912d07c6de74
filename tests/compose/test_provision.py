"""`artifacts provision`, which the containers run before and after Directus starts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest
import responses
from click.testing import CliRunner
from psycopg import sql

from sidecar.cli import main
from sidecar.provision import commands
from sidecar.provision.database import url_for
from sidecar.stack.stack import Stack

DIRECTUS = "http://directus.test"


@pytest.fixture
def variables(stack: Stack) -> Iterator[dict[str, str]]:
    """What a container's environment holds, for a database that is not there yet."""
    name = f"provision_{uuid.uuid4().hex}"
    yield {
        "DATABASE_ADMIN_URL": url_for(stack.databases.admin_url(), database=name),
        "DIRECTUS_DATABASE_PASSWORD": stack.secrets["directus_password"],
        "SIDECAR_DATABASE_PASSWORD": stack.secrets["sidecar_password"],
        "DIRECTUS_URL": DIRECTUS,
        "DIRECTUS_ADMIN_TOKEN": "k9" * 20,
        "FILES_TOKEN": "k8" * 20,
        "HOOK_TOKEN": "art_" + "k7" * 20,
    }
    with psycopg.connect(stack.databases.postgres_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def run(variables: dict[str, str], *arguments: str):
    return CliRunner().invoke(main, ["provision", *arguments], env=variables)


def test_the_database_is_made_for_a_directus_that_is_yet_to_start(variables: dict[str, str]) -> None:
    first, second = run(variables, "--database-only"), run(variables, "--database-only")

    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    url = variables["DATABASE_ADMIN_URL"]
    role = url_for(url, user="artifacts_directus", password=variables["DIRECTUS_DATABASE_PASSWORD"])
    with psycopg.connect(role) as connection:
        connection.execute("create table made_by_directus (id int)")


def test_secrets_are_not_printed(variables: dict[str, str]) -> None:
    output = run(variables, "--database-only").output

    assert not any(value in output for name, value in variables.items() if name != "DIRECTUS_URL")


def test_what_is_missing_is_named(variables: dict[str, str]) -> None:
    for name in ("DATABASE_ADMIN_URL", "DIRECTUS_ADMIN_TOKEN", "FILES_TOKEN", "HOOK_TOKEN"):
        result = run({**variables, name: ""})
        assert result.exit_code == 2
        assert name in result.output or name.lower().replace("_", "-") in result.output


def test_a_hook_token_that_is_none_is_refused_before_anything_is_installed(variables: dict[str, str]) -> None:
    result = run({**variables, "HOOK_TOKEN": "k7" * 20})

    assert result.exit_code == 2
    assert "begins with art_" in result.output


@responses.activate
def test_a_refused_administrator_ends_it_at_once(variables: dict[str, str]) -> None:
    refusal = {"errors": [{"message": "Invalid user credentials.", "extensions": {"code": "INVALID_CREDENTIALS"}}]}
    responses.get(f"{DIRECTUS}/users/me", json=refusal, status=401)

    result = run(variables)

    assert result.exit_code == 1
    assert "Invalid user credentials" in result.output
    assert len(responses.calls) == 1


@responses.activate
def test_a_directus_that_is_still_starting_is_waited_for(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands.time, "sleep", lambda seconds: None)
    seen: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(commands, "install", lambda directus, url, secrets, say: seen.append((url, secrets)))
    monkeypatch.setattr(commands, "_keep_hook_token", lambda url, token: seen.append((url, {"hook": token})))
    responses.get(f"{DIRECTUS}/users/me", status=503)
    responses.get(f"{DIRECTUS}/users/me", json={"data": {"id": "1"}})

    result = run(variables)

    assert result.exit_code == 0, result.output
    url = variables["DATABASE_ADMIN_URL"]
    assert seen == [(url, {"files_token": variables["FILES_TOKEN"]}), (url, {"hook": variables["HOOK_TOKEN"]})]
