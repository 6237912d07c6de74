"""docker-compose.yml without an engine: what it says must fit what the parts read, and itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from sidecar.app import create_app
from sidecar.cli import main as artifacts
from sidecar.provision.install import DIRECTUS_VERSION
from sidecar.settings import Settings, read_settings, variable
from sidecar.version import VERSION

REPOSITORY = Path(__file__).resolve().parents[2]
TEXT = (REPOSITORY / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (REPOSITORY / "sidecar" / "Dockerfile").read_text()
SETTINGS_PAGE = (REPOSITORY / "docs" / "reference" / "settings.md").read_text()
HOW_TO = (REPOSITORY / "docs" / "how-to" / "run-with-docker-compose.md").read_text()
EXTENSION = (REPOSITORY / "directus-extension" / "src" / "registry" / "settings.ts").read_text()

# What Directus 12.4 and the image of PostgreSQL read, of what is set here.
DIRECTUS_READS = {
    "SECRET", "ADMIN_EMAIL", "ADMIN_PASSWORD", "ADMIN_TOKEN", "PUBLIC_URL",
    "DB_CLIENT", "DB_HOST", "DB_PORT", "DB_DATABASE", "DB_USER", "DB_PASSWORD", "MAX_PAYLOAD_SIZE",
}  # fmt: skip
POSTGRES_READS = {"POSTGRES_PASSWORD"}
VARIABLE = re.compile(r"\$\{(\w+)([^}]*)\}")


def environment_of(name: str) -> dict[str, str]:
    return SERVICES[name].get("environment", {})


def reads(name: str) -> set[str]:
    """The variables that what a service runs looks at."""
    if name == "postgres":
        return POSTGRES_READS
    if name == "directus":
        return DIRECTUS_READS | set(re.findall(r"env\['(\w+)'\]", EXTENSION))
    if name in ("database", "setup"):
        return {p.envvar for p in artifacts.commands["provision"].params if isinstance(p.envvar, str)}
    return {variable(field) for field in Settings.model_fields}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_given_nothing_that_it_does_not_read(name: str) -> None:
    assert set(environment_of(name)) <= reads(name)


@pytest.mark.parametrize("name", ["sidecar", "worker"])
def test_sidecar_and_worker_can_start_with_what_they_are_given(name: str) -> None:
    filled = {
        key: VARIABLE.sub(lambda found: "" if found[2] == ":-" else "k9" * 20, value)
        for key, value in environment_of(name).items()
    }
    filled["ARTIFACTS_PUBLIC_URL"] = "https://artifacts.test"
    assert read_settings(filled).directus_url == "http://directus:8055"


def test_directus_and_sidecar_share_what_they_must() -> None:
    assert environment_of("directus")["SECRET"] == environment_of("sidecar")["ARTIFACTS_DIRECTUS_SECRET"]
    assert environment_of("directus")["ARTIFACTS_SIDECAR_TOKEN"] == environment_of("setup")["HOOK_TOKEN"]
    assert environment_of("setup")["FILES_TOKEN"] == environment_of("sidecar")["ARTIFACTS_DIRECTUS_TOKEN"]
    assert environment_of("directus")["DB_PASSWORD"] == environment_of("database")["DIRECTUS_DATABASE_PASSWORD"]
    assert environment_of("directus")["ADMIN_TOKEN"] == environment_of("setup")["DIRECTUS_ADMIN_TOKEN"]


def test_no_secret_has_a_default_and_each_missing_one_is_named_by_a_sentence() -> None:
    for name, rest in VARIABLE.findall(TEXT):
        if name not in ("LISTEN", "FETCH_ALLOW", "WEBHOOK_ALLOW", "SERVERS", "SERVER_TOKENS"):
            assert re.fullmatch(r":\?[A-Z].+ in \.env", rest), name


def test_every_variable_is_documented_and_in_the_example() -> None:
    for name in {name for name, _ in VARIABLE.findall(TEXT)}:
        assert f"`{name}`" in SETTINGS_PAGE, name
        assert f"{name}=" in HOW_TO, name


def test_a_service_waits_only_for_what_exists_and_can_become_so() -> None:
    for name, service in SERVICES.items():
        for other, wait in service.get("depends_on", {}).items():
            assert other in SERVICES, name
            if wait["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other]
            else:
                assert wait["condition"] == "service_completed_successfully"
                assert SERVICES[other]["restart"] == "no"


def test_every_part_that_stays_is_restarted_and_watched() -> None:
    for name in ("postgres", "directus", "sidecar", "worker"):
        assert SERVICES[name]["restart"] == "unless-stopped"
        assert SERVICES[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


def test_health_is_asked_where_somebody_answers() -> None:
    app = create_app(
        Settings.model_validate(
            {
                "database_url": "postgresql://nobody@127.0.0.1:1/none",
                "directus_url": "http://127.0.0.1:1",
                "directus_token": "k9" * 20,
                "directus_secret": "k9" * 20,
                "log_level": "error",
            }
        )
    )
    app.extensions["artifacts"].database.close()
    question = " ".join(SERVICES["sidecar"]["healthcheck"]["test"])
    port = environment_of("sidecar")["ARTIFACTS_PORT"]
    [(asked, path)] = re.findall(r"http://127\.0\.0\.1:(\d+)(/\w+)", question)
    assert asked == port
    assert path in {rule.rule for rule in app.url_map.iter_rules()}
    assert "/server/ping" in " ".join(SERVICES["directus"]["healthcheck"]["test"])


def test_the_database_is_not_published_and_named_volumes_exist() -> None:
    assert "ports" not in SERVICES["postgres"]
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])


def test_published_ports_are_the_ones_listened_on() -> None:
    assert SERVICES["sidecar"]["ports"] == [
        f"${{LISTEN:-127.0.0.1}}:8090:{environment_of('sidecar')['ARTIFACTS_PORT']}"
    ]
    assert SERVICES["directus"]["ports"] == ["${LISTEN:-127.0.0.1}:8055:8055"]


def test_versions_are_the_pinned_ones() -> None:
    pinned = json.loads((REPOSITORY / "directus-schema" / "server" / "package.json").read_text())
    assert pinned["dependencies"]["directus"] == DIRECTUS_VERSION
    assert f"FROM directus/directus:{DIRECTUS_VERSION} AS directus" in DOCKERFILE
    assert SERVICES["directus"]["image"].endswith(f":{DIRECTUS_VERSION}")
    assert SERVICES["postgres"]["image"] == "postgres:18"
    assert SERVICES["sidecar"]["image"] == f"directus-artifacts:{VERSION}"


def test_every_target_and_command_exists() -> None:
    targets = set(re.findall(r"^FROM \S+ AS (\w+)$", DOCKERFILE, re.MULTILINE))
    for service in SERVICES.values():
        if "build" in service:
            assert service["build"]["target"] in targets
        if "command" in service:
            program, name, *flags = service["command"]
            command = artifacts.commands[name]
            assert program == "artifacts"
            assert isinstance(command, click.Command)
            assert set(flags) <= {option for p in command.params for option in p.opts}


def test_what_the_dockerfile_copies_is_there_and_let_through() -> None:
    allowed = re.findall(r"^!(\S+)$", (REPOSITORY / "sidecar" / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (REPOSITORY / source).exists(), source
            assert source.split("/")[0] in allowed
