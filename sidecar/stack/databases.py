"""The addresses of one database, for each role that uses it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from sidecar.stack.progress import Failure

DATABASE = "artifacts"
DIRECTUS_ROLE = "artifacts_directus"
SIDECAR_ROLE = "artifacts_sidecar"
# libpq's default, which pg and Directus do not share.
PORT = 5432


@dataclass(frozen=True)
class Databases:
    """`administrator` is a URL of someone who may make roles and databases; the database may be named in it."""

    administrator: str

    @property
    def database(self) -> str:
        named = unquote(urlsplit(self.administrator).path.lstrip("/"))
        return DATABASE if named in ("", "postgres") else named

    @property
    def host(self) -> str:
        return urlsplit(self.administrator).hostname or "localhost"

    @property
    def port(self) -> int:
        return urlsplit(self.administrator).port or PORT

    @property
    def place(self) -> str:
        """Host, port and database, to be shown: no log-in."""
        return f"{self.host}:{self.port}/{self.database}"

    def admin_url(self) -> str:
        """The administrator, in the product's database."""
        return self._with_path(self.database)

    def maintenance_url(self) -> str:
        """The administrator, in a database that exists before ours does."""
        named = urlsplit(self.administrator).path.lstrip("/")
        if named in ("", "postgres") or not exists(self.admin_url()):
            return self.postgres_url()
        return self.admin_url()

    def postgres_url(self) -> str:
        """The administrator, in the database that every server has."""
        return self._with_path("postgres")

    def role_url(self, role: str, password: str) -> str:
        """The product's database as `role`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        place = f"{quote(role)}:{quote(password, safe='')}@{host}:{self.port}"
        return urlunsplit(("postgresql", place, "/" + quote(self.database, safe=""), self._query(), ""))

    def directus_settings(self, password: str) -> dict[str, str]:
        """Directus' DB_… variables. libpq's sslmode becomes what node-postgres understands."""
        mode = dict(parse_qsl(self._query())).get("sslmode", "")
        encrypted = {"DB_SSL__REJECT_UNAUTHORIZED": "true" if mode.startswith("verify") else "false"}
        return {
            "DB_CLIENT": "pg",
            "DB_HOST": self.host,
            "DB_PORT": str(self.port),
            "DB_DATABASE": self.database,
            "DB_USER": DIRECTUS_ROLE,
            "DB_PASSWORD": password,
        } | (encrypted if mode in ("require", "verify-ca", "verify-full") else {})

    def _query(self) -> str:
        return urlsplit(self.administrator).query

    def _with_path(self, database: str) -> str:
        return urlunsplit(urlsplit(self.administrator)._replace(path="/" + quote(database, safe="")))


def check_administrator(url: str) -> None:
    """Refuse a URL that is none, before anything is started with it."""
    if urlsplit(url).scheme not in ("postgres", "postgresql") or not urlsplit(url).hostname:
        remedy = "It looks like postgresql://user:password@host:5432/database, as someone who may make roles."
        raise Failure("ARTIFACTS_POSTGRES_URL is no PostgreSQL address with a host.", remedy=remedy)


def drop(addresses: Databases) -> None:
    """Remove the product's database and whatever is connected to it. The roles stay: other databases may use them."""
    exists(addresses.postgres_url())  # a server that does not answer is a Failure with a sentence
    with psycopg.connect(addresses.postgres_url(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(addresses.database))
        )


def is_made(addresses: Databases) -> bool:
    """Whether the product's database is there. Asked of the catalogue: a refused connection would alarm log readers."""
    with psycopg.connect(addresses.maintenance_url()) as connection:
        found = connection.execute("select from pg_database where datname = %s", [addresses.database])
        return found.fetchone() is not None


def heartbeat_age(url: str) -> float | None:
    """Seconds since any worker wrote its heartbeat; None if none ever did or the database does not answer."""
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            row = connection.execute(
                "select extract(epoch from now() - max(last_heartbeat))::float8 from sidecar.procrastinate_workers"
            ).fetchone()
            return row[0] if row else None
    except psycopg.Error:
        return None


def exists(url: str) -> bool:
    """Whether the database of the URL is there. Failure if its server cannot be reached at all."""
    try:
        with psycopg.connect(url, connect_timeout=10):
            return True
    except psycopg.OperationalError as error:
        # libpq gives no SQLSTATE for a refused connection; the server's sentence is all there is.
        if "does not exist" in str(error) and "database" in str(error):
            return False
        remedy = "Check that PostgreSQL runs and that the log-in is right."
        raise Failure(f"PostgreSQL cannot be reached: {str(error).splitlines()[-1]}", remedy=remedy) from error
