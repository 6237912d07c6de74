"""The sidecar's API as a program outside uses it: plain HTTP with a token."""

from __future__ import annotations

from typing import Any

import requests

SECONDS = 30


class RegistryRefused(Exception):
    """The registry refused; the text is its sentence and the next step."""


class Registry:
    """`get` and `post` answer data and meta."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, /, **query: Any) -> dict[str, Any]:
        return self._send("GET", path, params=query)

    def find(self, path: str) -> dict[str, Any] | None:
        """The data at a path, None if there is none."""
        response = self.session.get(self.url + path, timeout=SECONDS)
        return None if response.status_code == 404 else _checked(response)["data"]

    def post(self, path: str, /, **request: Any) -> dict[str, Any]:
        """`json`, or `data` and `files` for a multipart body."""
        return self._send("POST", path, **request)

    def _send(self, method: str, path: str, /, **request: Any) -> dict[str, Any]:
        return _checked(self.session.request(method, self.url + path, timeout=SECONDS, **request))


def _checked(response: requests.Response) -> dict[str, Any]:
    if response.ok:
        return response.json()
    error = response.json()["errors"][0]
    extensions = error["extensions"]
    raise RegistryRefused(
        f"{error['message']} {extensions['next']} ({extensions['code']}, request {extensions['request_id']})"
    )
