"""The settings of sidecar and worker: read from the environment once, checked, then frozen."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator

from sidecar.servers import Servers

PREFIX = "ARTIFACTS_"

# Secrets that stand in examples and must never protect anything.
_WELL_KNOWN = ("changeme", "change-me", "replace-with", "secret" * 3, "0" * 16, "example", "password")


class SettingsError(SystemExit):
    """The environment does not describe a runnable sidecar. The text names every variable that is wrong."""


class Settings(BaseModel):
    """Everything that can be set; ARCHITECTURE.md lists the meanings. Sizes in bytes, times in seconds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    database_url: SecretStr
    directus_url: str
    directus_token: SecretStr
    directus_secret: SecretStr
    host: str = "127.0.0.1"
    port: Annotated[int, Field(gt=0, lt=65536)] = 8090
    public_url: str = ""
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    threads: Annotated[int, Field(ge=1, le=256)] = 8
    json_limit: Annotated[int, Field(ge=1024)] = 2 * 1024**2
    upload_limit: Annotated[int, Field(ge=1024)] = 1024**3
    fetch_allow: str = ""
    fetch_seconds: Annotated[int, Field(ge=1, le=600)] = 60
    servers: str = ""
    server_tokens: SecretStr = SecretStr("")
    transfer_attempts: Annotated[int, Field(ge=1, le=100)] = 10
    transfer_seconds: Annotated[int, Field(ge=10, le=86400)] = 1800
    auth_cache_seconds: Annotated[float, Field(ge=0, le=10)] = 10
    reconcile_seconds: Annotated[int, Field(ge=1, le=10)] = 5
    idempotency_hours: Annotated[int, Field(ge=24, le=8760)] = 24
    webhook_allow: str = ""
    webhook_seconds: Annotated[int, Field(ge=1, le=30)] = 20
    webhook_retry_seconds: Annotated[int, Field(ge=1, le=604800)] = 86400
    events_days: Annotated[int, Field(ge=1, le=3650)] = 30
    waiting: Annotated[int, Field(ge=0, le=256)] = 32
    download_seconds: Annotated[int, Field(ge=10, le=86400)] = 300
    stable_links: Annotated[int, Field(ge=0, le=1_000_000)] = 1
    review_link_days: Annotated[int, Field(ge=0, le=365)] = 30
    proxies: Annotated[int, Field(ge=0, le=8)] = 0
    retention: bool = True
    prepare_statements: bool = True
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("directus_url", "public_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return url.rstrip("/")

    @field_validator("fetch_allow", "webhook_allow")
    @classmethod
    def _hosts_or_networks(cls, names: str) -> str:
        for name in filter(None, (part.strip() for part in names.split(","))):
            if "://" in name or ("/" in name and not _is_network(name)):
                raise ValueError(f"is a list of host names and networks such as 10.1.0.0/16, which {name} is not")
        return names

    @field_validator("servers")
    @classmethod
    def _origins(cls, servers: str) -> str:
        Servers(servers)
        return servers

    @field_validator("server_tokens")
    @classmethod
    def _of_servers(cls, tokens: SecretStr, info: ValidationInfo) -> SecretStr:
        Servers(info.data.get("servers", ""), tokens.get_secret_value() if "servers" in info.data else "")
        return tokens

    @field_validator("directus_secret", "directus_token")
    @classmethod
    def _not_guessable(cls, secret: SecretStr) -> SecretStr:
        text = secret.get_secret_value()
        if len(text) < 32:
            raise ValueError("is shorter than 32 characters; make one with: openssl rand -hex 32")
        if any(known in text.lower() for known in _WELL_KNOWN):
            raise ValueError("is a well-known example; make one with: openssl rand -hex 32")
        return secret

    @property
    def address(self) -> str:
        """How callers reach the sidecar."""
        return self.public_url or f"http://{self.host}:{self.port}"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from environment variables named ARTIFACTS_…

    Raises SettingsError, which ends the process with one line per wrong variable.
    """
    values = {name: environment[variable(name)] for name in Settings.model_fields if environment.get(variable(name))}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        lines = [f"  {variable(str(e['loc'][0]))}: {_sentence(e)}" for e in error.errors(include_input=False)]
        raise SettingsError("The settings are not complete:\n" + "\n".join(lines)) from None


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def _sentence(error) -> str:
    return "is missing" if error["type"] == "missing" else error["msg"].removeprefix("Value error, ")


@cache
def process_settings() -> Settings:
    """The settings of this process, read on first use."""
    return read_settings(os.environ)
