"""The connection pool, the transaction at the edge of every request, and what database errors mean to a caller."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg import errors as pg
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import ConnectionPool, PoolTimeout
from pydantic_core import from_json, to_json

from sidecar.errors import CODES, Refusal

Connection = psycopg.Connection[DictRow]
T = TypeVar("T")

# A deadlock or a serialization failure says nothing about the request: the same transaction again may pass.
ATTEMPTS = 4
_PASSING = (pg.DeadlockDetected, pg.SerializationFailure)

# Directus names a foreign key after its table and column; the column tells what is not there.
_NOT_FOUND = {
    "project_id_foreign": "project_not_found",
    "task_id_foreign": "task_not_found",
    "execution_id_foreign": "execution_not_found",
    "step_id_foreign": "step_not_found",
    "version_id_foreign": "artifact_not_found",
    "artifact_versions_parent_id_foreign": "artifact_not_found",
    "file_id_foreign": "file_not_found",
    "directus_files_id_foreign": "file_not_found",
}

set_json_dumps(to_json)
set_json_loads(from_json)


class WarmPool(ConnectionPool[Connection]):
    """Hands out the connection that was used last. psycopg_pool takes them in turn: then each request meets a backend
    whose plans and pages have long left the processor's caches. (It has no setting for this; a release of it that calls
    the method otherwise would go back to turns, which a test would tell.)"""

    def _get_ready_connection(self, timeout: float | None) -> Connection | None:
        self._pool.rotate(1)
        return super()._get_ready_connection(timeout)


class Database:
    """A pool of connections in the sidecar's role.

    The role itself carries lock_timeout 2 s, statement_timeout 4 s and idle_in_transaction_session_timeout 10 s
    (provision/database.py), all below what callers wait for.
    """

    def __init__(self, url: str, *, largest: int, name: str = "artifacts-sidecar", prepare: bool = True) -> None:
        self.pool = WarmPool(
            url,
            min_size=1,
            max_size=largest,
            timeout=5,
            open=False,
            connection_class=psycopg.Connection[DictRow],
            # Prepared when they come for the fifth time; never behind a PgBouncer that does not track them.
            kwargs={
                "row_factory": dict_row,
                "application_name": name,
                "prepare_threshold": 5 if prepare else None,
            },
        )

    def open(self) -> None:
        self.pool.open()

    def close(self) -> None:
        self.pool.close()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A READ COMMITTED transaction: committed when the block ends, rolled back when it raises."""
        with self.pool.connection() as connection, connection.transaction():
            yield connection

    def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction, again after a deadlock or on a connection that was lost before it ended.

        `work` must have no effect outside its connection. Refusals of the database become Refusal.
        """
        return self._again(work, self._in_transaction)

    def by_statement(self, work: Callable[[Connection], T]) -> T:
        """Run a `work` whose statements need not be one transaction: each by itself, without BEGIN and COMMIT."""
        return self._again(work, self._by_statement)

    def _again(self, work: Callable[[Connection], T], once: Callable[[Callable[[Connection], T]], T]) -> T:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return once(work)
            except _PASSING as error:
                if attempt == ATTEMPTS:
                    raise Refusal("registry_busy", headers={"Retry-After": "1"}) from error
                time.sleep(random.uniform(0, 0.02 * attempt))  # noqa: S311  apart, not secret
            except Lost as error:
                # Connections are not tried before each use, which would cost every request a round trip: after a
                # restart of Postgres all of the pool's are dead at once, and are replaced at once.
                if attempt == ATTEMPTS:
                    raise Refusal("database_unavailable", headers={"Retry-After": "1"}) from error
                self.pool.check()
            except (psycopg.Error, PoolTimeout) as error:
                refusal = refusal_of(error)
                if refusal is None:
                    raise
                raise refusal from error
        raise AssertionError("unreachable")

    def _in_transaction(self, work: Callable[[Connection], T]) -> T:
        worked = False
        with self.pool.connection() as connection:
            try:
                with connection.transaction():
                    result = work(connection)
                    worked = True
                return result
            except psycopg.OperationalError as error:
                # Lost while committing: nobody knows whether it took effect. Before that it did not.
                if connection.closed and not worked:
                    raise Lost from error
                raise

    def _by_statement(self, work: Callable[[Connection], T]) -> T:
        with self.pool.connection() as connection:
            connection.autocommit = True
            try:
                return work(connection)
            except psycopg.OperationalError as error:
                if connection.closed:
                    raise Lost from error
                raise
            finally:
                if not connection.closed:
                    connection.autocommit = False


class Lost(Exception):
    """The connection was gone before the transaction ended: it had no effect."""


def refusal_of(error: Exception) -> Refusal | None:
    """What a database error means to the caller; None for a bug of ours.

    The constraint's name is the code. A guard brings its own sentence, a plain constraint the code's.
    """
    if isinstance(error, psycopg.Error) and error.diag.constraint_name in CODES:
        guard = isinstance(error, pg.CheckViolation) and not (error.diag.message_primary or "").startswith("new row")
        return Refusal(error.diag.constraint_name, error.diag.message_primary if guard else None, _hint(error))
    if isinstance(error, pg.ForeignKeyViolation):
        name = error.diag.constraint_name or ""
        code = next((code for end, code in _NOT_FOUND.items() if name.endswith(end)), "reference_not_found")
        return Refusal(code, details={"constraint": name})
    if isinstance(error, (pg.LockNotAvailable, pg.QueryCanceled)):
        return Refusal("registry_busy", headers={"Retry-After": "1"})
    if isinstance(error, (pg.UntranslatableCharacter, pg.CharacterNotInRepertoire)):
        return Refusal("invalid_text")
    if isinstance(error, (psycopg.OperationalError, PoolTimeout)):
        return Refusal("database_unavailable", headers={"Retry-After": "1"})
    return None


def _hint(error: psycopg.Error) -> dict[str, Any]:
    """What a guard adds to its sentence. The detail of a plain constraint shows the values of a row."""
    detail = error.diag.message_detail
    return {"detail": detail} if detail and not detail.startswith(("Failing row", "Key (")) else {}
