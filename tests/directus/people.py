"""Callers of Directus and of the sidecar, as programs outside are: they send requests and read what they are told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import requests

T = TypeVar("T")
SECONDS = 30.0


@dataclass(frozen=True)
class Answer:
    """What a request was told. `data` is what a success carries; `code` and `sentence` are a refusal's."""

    status: int
    body: Any
    headers: Any

    @property
    def data(self) -> Any:
        assert self.status < 300, f"refused with {self.status}: {self.body}"
        return self.body["data"] if isinstance(self.body, dict) and "data" in self.body else self.body

    @property
    def error(self) -> dict[str, Any]:
        assert isinstance(self.body, dict), f"no refusal: {self.status} {self.body}"
        assert self.body.get("errors"), f"no refusal: {self.status} {self.body}"
        return self.body["errors"][0]

    @property
    def code(self) -> str:
        return self.error["extensions"]["code"]

    @property
    def sentence(self) -> str:
        return self.error["message"]


class Person:
    """Somebody with a token, or (token None) nobody in particular."""

    def __init__(self, url: str, token: str | None, user: str | None = None):
        self.url, self.token, self.id = url, token, user
        self.session = requests.Session()
        self.session.trust_env = False

    def send(
        self, method: str, path: str, json: Any = None, headers: dict[str, str] | None = None, **more: Any
    ) -> Answer:
        token = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        response = self.session.request(
            method, self.url + path, json=json, headers=token | (headers or {}), timeout=SECONDS, **more
        )
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        return Answer(response.status_code, response.json() if is_json else response.content, response.headers)

    def get(self, path: str, **query: Any) -> Answer:
        return self.send("GET", path, params=query)

    def post(self, path: str, json: Any = None, **more: Any) -> Answer:
        return self.send("POST", path, json, **more)

    def patch(self, path: str, json: Any = None, **more: Any) -> Answer:
        return self.send("PATCH", path, json, **more)

    def delete(self, path: str, json: Any = None, **more: Any) -> Answer:
        return self.send("DELETE", path, json, **more)

    def upload(self, name: str, content: bytes, mime: str) -> str:
        """Store a file in Directus, and its id."""
        return self.post("/files", files={"file": (name, content, mime)}).data["id"]

    def close(self) -> None:
        self.session.close()


def eventually(look: Callable[[], T | bool | None], what: str, seconds: float = 15.0) -> T:
    """The first truthy thing that `look` sees. Fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen  # type: ignore[return-value]
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)


def settled(look: Callable[[], T], seconds: float = 1.0) -> T:
    """What `look` sees once nothing has changed for `seconds`: for things that must not happen."""
    seen, since = look(), time.monotonic()
    while time.monotonic() < since + seconds:
        time.sleep(0.05)
        now = look()
        if now != seen:
            seen, since = now, time.monotonic()
    return seen
