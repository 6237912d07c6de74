"""From the Authorization header to a Caller.

Directus access tokens are verified with the shared secret; a static or session token is Directus' to judge, so Directus
is asked and the answer remembered for a few seconds; a service token is looked up by its hash.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import jwt
import requests

from sidecar.access import tokens
from sidecar.access.caller import RIGHTS_OF_ROLE, Caller, rights_of
from sidecar.database import Connection, Database
from sidecar.errors import Refusal
from sidecar.settings import Settings
from sidecar.sql import Statements

sql = Statements(__file__)
T = TypeVar("T")


class Remembered:
    """Values by key for a few seconds. Errors are not remembered: a token made a moment ago must work."""

    def __init__(self, seconds: float, largest: int = 10_000) -> None:
        self.seconds, self.largest = seconds, largest
        self._values: dict[Any, tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def get(self, key: Any, find: Callable[[], T]) -> T:
        """The value of `key`, found anew when it is older than `seconds`."""
        known = self._values.get(key)
        if known and known[0] > time.monotonic():
            return known[1]
        value = find()
        with self._lock:
            if len(self._values) >= self.largest:
                self._values.clear()
            self._values[key] = (time.monotonic() + self.seconds, value)
        return value


class Authenticator:
    """Turns a bearer token into a Caller. One per process."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database, self.settings = database, settings
        self.remembered = Remembered(settings.auth_cache_seconds)
        self.directus = requests.Session()

    def caller(self, bearer: str | None, actor: str | None, address: str) -> Caller:
        """Who calls with this token, for whom, from which address.

        Raises Refusal token_missing, token_invalid, actor_not_allowed, actor_unknown, restricted_policy,
        directus_unavailable.
        """
        if not bearer:
            raise Refusal("token_missing", headers={"WWW-Authenticate": "Bearer"})
        key = hashlib.sha256(bearer.encode("utf-8", "surrogateescape")).digest()
        return self.remembered.get((key, actor, address), lambda: self._find(bearer, actor, address))

    def _find(self, bearer: str, actor: str | None, address: str) -> Caller:
        if bearer.startswith(tokens.PREFIX):
            return self.database.run(lambda connection: self._service_caller(connection, bearer, actor))
        if actor:
            raise Refusal("actor_not_allowed")
        user_id = self._access_token_user(bearer) if bearer.count(".") == 2 else self._asked_user(bearer)
        return self.database.run(lambda connection: self._person(connection, user_id, address, "token_invalid"))

    def _service_caller(self, connection: Connection, bearer: str, actor: str | None) -> Caller:
        token = connection.execute(sql.find_service_token, {"token_hash": tokens.hashed(bearer)}).fetchone()
        if token is None:
            raise Refusal("token_invalid")
        connection.execute(sql.touch_service_token, token)
        rights = RIGHTS_OF_ROLE[token["role"]]
        if not actor:
            return Caller(None, token["name"], token["actor_type"], rights, f"token:{token['id']}")
        person = self._person(connection, _uuid(actor), None, "actor_unknown")
        return Caller(person.user_id, person.label, "human", person.rights & rights, person.key)

    def _person(self, connection: Connection, user_id: UUID | None, address: str | None, unknown: str) -> Caller:
        row = connection.execute(sql.rights_of_user, {"user_id": user_id}).fetchone()
        if row is None:
            raise Refusal(unknown)
        return Caller(row["id"], row["label"], "human", rights_of(row["policies"], address), f"user:{row['id']}")

    def _access_token_user(self, bearer: str) -> UUID | None:
        try:
            claims = jwt.decode(
                bearer,
                self.settings.directus_secret.get_secret_value(),
                algorithms=["HS256"],
                issuer="directus",
                # An OAuth token names its audience; those carry a session, which Directus judges below.
                options={"require": ["exp", "iss"], "verify_aud": False},
            )
        except jwt.InvalidTokenError:
            raise Refusal("token_invalid") from None
        # Present, not required: PyJWT takes null for missing, and a user without a role has the role null.
        if not {"role", "app_access", "admin_access"} <= claims.keys():
            raise Refusal("token_invalid")
        if "session" in claims:
            return self._asked_user(bearer)
        if claims.get("share"):
            raise Refusal("token_invalid", "A share's token is not accepted here.")
        return _uuid(claims.get("id"))

    def _asked_user(self, bearer: str) -> UUID | None:
        try:
            answer = self.directus.get(
                f"{self.settings.directus_url}/users/me",
                params={"fields": "id"},
                headers={"Authorization": f"Bearer {bearer}"},
                timeout=(2, 5),
            )
        except UnicodeError:
            raise Refusal("token_invalid") from None
        except requests.RequestException as error:
            raise Refusal("directus_unavailable") from error
        if answer.status_code >= 500:
            raise Refusal("directus_unavailable")
        if answer.status_code != 200:
            raise Refusal("token_invalid")
        return _uuid(answer.json()["data"].get("id"))


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
