"""secrets.json and what is printed of it."""

from __future__ import annotations

import json
import stat
import subprocess

import pytest
from click.testing import CliRunner

from sidecar.cli import main
from sidecar.stack.commands import quoted
from sidecar.stack.credentials import load_secrets, write_json

NAMES = (
    *("DIRECTUS_URL", "DIRECTUS_ADMIN_EMAIL", "DIRECTUS_ADMIN_PASSWORD", "DIRECTUS_ADMIN_TOKEN"),
    *("DIRECTUS_REVIEWER_EMAIL", "DIRECTUS_REVIEWER_PASSWORD", "DIRECTUS_PRODUCER_TOKEN"),
    *("SIDECAR_URL", "SIDECAR_TOKEN", "DATABASE_URL", "DATABASE_ADMIN_URL", "DIRECTUS_DATABASE_URL"),
)


def test_secrets_are_generated_once_and_only_their_owner_reads_them(folder):
    first = load_secrets(folder / "secrets.json")

    assert load_secrets(folder / "secrets.json") == first
    assert stat.S_IMODE((folder / "secrets.json").stat().st_mode) == 0o600
    assert first["sidecar_token"].startswith("art_")
    assert len(first["directus_secret"]) >= 32


def test_a_secret_that_an_older_version_did_not_have_is_added(folder):
    first = load_secrets(folder / "secrets.json")
    older = {name: value for name, value in first.items() if name != "files_token"}
    write_json(folder / "secrets.json", older, mode=0o600)

    added = load_secrets(folder / "secrets.json")

    assert {name: added[name] for name in older} == older
    assert added["files_token"] not in ("", first["files_token"])


def test_no_two_stacks_share_a_secret(folder):
    one, other = load_secrets(folder / "one.json"), load_secrets(folder / "other.json")

    assert {name for name in one if one[name] == other[name]} == {"admin_email", "reviewer_email"}


def test_the_settings_file_holds_no_secret(given_stack):
    stack = given_stack(postgres_url="postgresql://someone:hidden@127.0.0.1:1/postgres")
    stack.prepare_folder()
    shown = (stack.directory / "stack.json").read_text()

    assert "hidden" not in shown
    assert not [value for name, value in stack.secrets.items() if "email" not in name and value in shown]


@pytest.mark.parametrize(
    "value", ["plain", "with space", "it's", '$HOME `id` \\ "x"', "line\nbreak", "'; rm -rf x; '", ""]
)
def test_a_shell_reads_an_exported_value_unchanged(value):
    script = f'export V={quoted(value)}; printf %s "$V"'

    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout == value


def test_env_prints_what_a_shell_can_evaluate(given_stack):
    stack = given_stack(postgres_url="postgresql://admin:it%27s@127.0.0.1:1/postgres?sslmode=prefer")
    stack.prepare_folder()
    lines = CliRunner().invoke(main, ["env", "--directory", str(stack.directory)]).output
    script = lines + "python3 -c 'import os, json; print(json.dumps(dict(os.environ)))'"
    seen = json.loads(subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout)

    assert {name: seen.get(name) for name in NAMES} == stack.environment()


def test_env_without_a_stack_says_what_to_do(folder):
    result = CliRunner().invoke(main, ["env", "--directory", str(folder / "none")])

    assert result.exit_code == 1
    assert "make up" in result.output
