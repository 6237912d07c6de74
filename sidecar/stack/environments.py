"""The environment variables of a stack: those of its parts, and those for programs that use it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sidecar.stack import install
from sidecar.stack.databases import DIRECTUS_ROLE, SIDECAR_ROLE

if TYPE_CHECKING:
    from sidecar.stack.stack import Stack

# Settings of the sidecar that a user may set for `make up`; the others follow from the stack.
PASSED_ON = (
    "ARTIFACTS_WORKERS",
    "ARTIFACTS_THREADS",
    "ARTIFACTS_JSON_LIMIT",
    "ARTIFACTS_UPLOAD_LIMIT",
    "ARTIFACTS_FETCH_ALLOW",
    "ARTIFACTS_FETCH_SECONDS",
    "ARTIFACTS_SERVERS",
    "ARTIFACTS_SERVER_TOKENS",
    "ARTIFACTS_TRANSFER_ATTEMPTS",
    "ARTIFACTS_TRANSFER_SECONDS",
    "ARTIFACTS_AUTH_CACHE_SECONDS",
    "ARTIFACTS_RECONCILE_SECONDS",
    "ARTIFACTS_IDEMPOTENCY_HOURS",
    "ARTIFACTS_WEBHOOK_ALLOW",
    "ARTIFACTS_WEBHOOK_SECONDS",
    "ARTIFACTS_WEBHOOK_RETRY_SECONDS",
    "ARTIFACTS_EVENTS_DAYS",
    "ARTIFACTS_WAITING",
    "ARTIFACTS_DOWNLOAD_SECONDS",
    "ARTIFACTS_STABLE_LINKS",
    "ARTIFACTS_REVIEW_LINK_DAYS",
    "ARTIFACTS_PROXIES",
    "ARTIFACTS_PREPARE_STATEMENTS",
    "ARTIFACTS_LOG_LEVEL",
)


def exported(stack: Stack) -> dict[str, str]:
    """What `artifacts env` prints."""
    secrets, database = stack.secrets, stack.databases
    return {
        "DIRECTUS_URL": stack.url("directus"),
        "DIRECTUS_ADMIN_EMAIL": secrets["admin_email"],
        "DIRECTUS_ADMIN_PASSWORD": secrets["admin_password"],
        "DIRECTUS_ADMIN_TOKEN": secrets["admin_token"],
        "DIRECTUS_REVIEWER_EMAIL": secrets["reviewer_email"],
        "DIRECTUS_REVIEWER_PASSWORD": secrets["reviewer_password"],
        "DIRECTUS_PRODUCER_TOKEN": secrets["producer_token"],
        "SIDECAR_URL": stack.url("sidecar"),
        "SIDECAR_TOKEN": secrets["sidecar_token"],
        "DATABASE_URL": database.role_url(SIDECAR_ROLE, secrets["sidecar_password"]),
        "DATABASE_ADMIN_URL": database.admin_url(),
        "DIRECTUS_DATABASE_URL": database.role_url(DIRECTUS_ROLE, secrets["directus_password"]),
    }


def of_directus(stack: Stack) -> dict[str, str]:
    """Directus' settings, apart from what finds programs. It takes every variable it gets for a setting."""
    return stack.databases.directus_settings(stack.secrets["directus_password"]) | {
        "SECRET": stack.secrets["directus_secret"],
        "ADMIN_EMAIL": stack.secrets["admin_email"],
        "ADMIN_PASSWORD": stack.secrets["admin_password"],
        "ADMIN_TOKEN": stack.secrets["admin_token"],
        "HOST": stack.state["host"],
        "PORT": str(stack.port("directus")),
        "PUBLIC_URL": stack.directus_public_url,
        "STORAGE_LOCATIONS": "local",
        "STORAGE_LOCAL_DRIVER": "local",
        "STORAGE_LOCAL_ROOT": str(stack.directory / "uploads"),
        "TEMP_PATH": str(stack.directory / "tmp"),
        "EXTENSIONS_PATH": str(install.DIRECTUS / "extensions"),
        "ACCESS_TOKEN_TTL": "15m",
        "CACHE_ENABLED": "false",
        "CORS_ENABLED": "false",
        "WEBSOCKETS_ENABLED": "false",
        # On a busy laptop Directus would turn requests away (503, under pressure) that it can well answer.
        "PRESSURE_LIMITER_ENABLED": "false",
        # Directus reads JSON before the endpoint hands it on. More than the sidecar takes, so that the sidecar says so.
        "MAX_PAYLOAD_SIZE": "4mb",
        "TELEMETRY": "false",
        "LOG_LEVEL": "info",
        "LOG_STYLE": "raw",
        "ARTIFACTS_SIDECAR_URL": stack.url("sidecar"),
        "ARTIFACTS_SIDECAR_TOKEN": stack.secrets["hook_token"],
        "ARTIFACTS_SIDECAR_TIMEOUT_MS": "5000",
    }


def of_sidecar(stack: Stack) -> dict[str, str]:
    """The settings of sidecar and worker, see ARCHITECTURE.md."""
    passed_on = {name: os.environ[name] for name in PASSED_ON if os.environ.get(name)}
    return passed_on | {
        "ARTIFACTS_DATABASE_URL": exported(stack)["DATABASE_URL"],
        "ARTIFACTS_DIRECTUS_URL": stack.url("directus"),
        "ARTIFACTS_DIRECTUS_TOKEN": stack.secrets["files_token"],
        "ARTIFACTS_DIRECTUS_SECRET": stack.secrets["directus_secret"],
        "ARTIFACTS_PUBLIC_URL": stack.sidecar_public_url,
        "ARTIFACTS_HOST": stack.state["host"],
        "ARTIFACTS_PORT": str(stack.port("sidecar")),
    }
