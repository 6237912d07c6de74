"""The Directus client: directus-sdk-py 1.1.0, repaired.

What is repaired: no time-outs, certificates not checked, errors as bare AssertionErrors, a KeyError when data contains
the word "errors", 204 answers, a new connection for every call, an upload in two steps that ignores the id.
Not repaired, so not to be used: the library's own upload_file, download_file and retrieve_file.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import IO, Any

import requests
from directus_py_sdk import DirectusClient

CONNECT_SECONDS = 3.05
ANSWER_SECONDS = 30.0
UPLOAD_SECONDS = 600.0
CHUNK_BYTES = 256 * 1024


class DirectusError(Exception):
    """Directus refused or failed. `status` 0: it did not answer at all."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"Directus: {message} ({code}, {status})")
        self.status = status
        self.code = code
        self.message = message


class Directus(DirectusClient):
    """One Directus and one identity. `get` returns the data; post and patch the whole answer, None for 204.

    Not to be shared between threads: it keeps its connection open.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        email: str | None = None,
        password: str | None = None,
        verify: bool = True,
        timeout: float = ANSWER_SECONDS,
    ) -> None:
        self.session = requests.Session()
        self.timeout = (CONNECT_SECONDS, timeout)
        self.temporary_token: str | None = None
        self.refresh_token: str | None = None
        # Its annotations are narrower than what it takes.
        super().__init__(url.rstrip("/"), token=token, email=email, password=password, verify=verify)  # pyright: ignore[reportArgumentType]

    # -- requests ---------------------------------------------------------

    def call(self, method: str, path: str, **kwargs: Any) -> Any:
        """One request to a path under the base URL; the decoded answer, None for an empty one.

        Raises DirectusError for every answer from 400 and for no answer.
        """
        response = self._send(method, path, **kwargs)
        if response.status_code == 204 or not response.content:
            return None
        return response.json()

    def get(self, path: str, output_type: str = "json", **kwargs: Any) -> Any:
        response = self._send("GET", path, **kwargs)
        return response.text if output_type == "csv" else response.json()["data"]

    def post(self, path: str, **kwargs: Any) -> Any:
        return self.call("POST", path, **kwargs)

    def patch(self, path: str, **kwargs: Any) -> Any:
        return self.call("PATCH", path, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> None:
        self.call("DELETE", path, **kwargs)

    def search(self, path: str, query: dict[str, Any] | None = None, **kwargs: Any) -> Any:
        return self.call("SEARCH", path, json=query, **kwargs)["data"]

    def _send(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        headers = {**self._authorization(), **kwargs.pop("headers", {})}
        kwargs.setdefault("timeout", self.timeout)
        try:
            response = self.session.request(method, self.url + path, headers=headers, verify=self.verify, **kwargs)
        except requests.RequestException as error:
            raise DirectusError(0, "unreachable", f"{method} {path} had no answer: {error}") from error
        if response.status_code >= 400:
            raise _refusal(response)
        return response

    def _authorization(self) -> dict[str, str]:
        token = self.static_token or self.temporary_token
        return {"Authorization": f"Bearer {token}"} if token else {}

    # -- log-in -----------------------------------------------------------

    def login(self, email: str | None = None, password: str | None = None) -> tuple[str, str]:
        """Logs in and keeps the access token (15 minutes); returns it and the refresh token."""
        self.email = email or self.email
        self.password = password or self.password
        self.static_token = self.temporary_token = None
        return self._keep(self.post("/auth/login", json={"email": self.email, "password": self.password}))

    def refresh(self, refresh_token: str | None = None) -> None:
        """Exchanges the refresh token for a new pair."""
        body = {"refresh_token": refresh_token or self.refresh_token, "mode": "json"}
        self.temporary_token = None
        self._keep(self.post("/auth/refresh", json=body))

    def logout(self, refresh_token: str | None = None) -> None:
        self.post("/auth/logout", json={"refresh_token": refresh_token or self.refresh_token, "mode": "json"})
        self.temporary_token = self.refresh_token = None

    def get_token(self) -> str:
        """The token in use. Unlike the library's it does not log in again on every call."""
        return self.static_token or self.temporary_token or ""

    def _keep(self, answer: dict[str, Any]) -> tuple[str, str]:
        access, refresh = answer["data"]["access_token"], answer["data"]["refresh_token"]
        self.temporary_token, self.refresh_token = access, refresh
        return access, refresh

    # -- files ------------------------------------------------------------

    def upload(
        self,
        stream: IO[bytes],
        filename: str,
        content_type: str,
        title: str | None,
        folder: str | None,
        id: str | None = None,
    ) -> dict[str, Any]:
        """Stores a file in one request, reading the stream in pieces; returns its directus_files row.

        With an id that exists already Directus answers RECORD_NOT_UNIQUE: uploading twice is safe.
        """
        fields = {"id": id, "title": title, "folder": folder, "type": content_type, "filename_download": filename}
        boundary = secrets.token_hex(16)
        answer = self.call(
            "POST",
            "/files",
            data=_multipart(boundary, {key: value for key, value in fields.items() if value}, stream),
            headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
            timeout=(CONNECT_SECONDS, UPLOAD_SECONDS),
        )
        return answer["data"]

    def download(self, file_id: object) -> Iterator[bytes]:
        """A file's bytes as they were stored, in pieces. Raises DirectusError, also when they end too early."""
        with self._send("GET", f"/assets/{file_id}", stream=True) as response:
            try:
                yield from response.iter_content(CHUNK_BYTES)
            except requests.RequestException as error:
                raise DirectusError(0, "unreachable", f"the file {file_id} broke off: {error}") from error

    def open_asset(self, file_id: str, headers: dict[str, str], method: str = "GET") -> requests.Response:
        """A file's bytes as they are stored, still to be read from `raw`; to be closed by the caller.

        `headers` may ask for a part (Range) or for what is newer.
        """
        asked = {**headers, "Accept-Encoding": "identity"}
        return self._send(method, f"/assets/{file_id}", headers=asked, stream=True)


def _multipart(boundary: str, fields: dict[str, str], stream: IO[bytes]) -> Iterator[bytes]:
    """The body, fields first: Directus reads them before it starts to store the file part."""
    for name, value in fields.items():
        yield f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    filename = _quoted(fields["filename_download"])
    disposition = f'Content-Disposition: form-data; name="file"; filename="{filename}"'
    yield f"--{boundary}\r\n{disposition}\r\nContent-Type: {_quoted(fields['type'])}\r\n\r\n".encode()
    while piece := stream.read(CHUNK_BYTES):
        yield piece
    yield f"\r\n--{boundary}--\r\n".encode()


def _quoted(text: str) -> str:
    """Text inside a header, escaped the way browsers do it: it can end neither the quotes nor the line."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _refusal(response: requests.Response) -> DirectusError:
    try:
        first = response.json()["errors"][0]
        return DirectusError(response.status_code, first["extensions"]["code"], first["message"])
    except (ValueError, LookupError, TypeError):
        return DirectusError(response.status_code, "no_directus_answer", response.text[:200] or str(response.reason))
