"""What the registry refuses, and what keeps a request from arriving: one exception class for each kind."""

from __future__ import annotations

from typing import Any


class RegistryError(Exception):
    """A request failed.

    `code` is stable, `sentence` is for people, `next_step` says what to do, `details` are JSON values a program can
    use. `status` and `request_id` are None when no answer came.
    """

    def __init__(
        self,
        code: str,
        sentence: str,
        *,
        status: int | None = None,
        details: dict[str, Any] | None = None,
        next_step: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code, sentence)
        self.code, self.sentence, self.status = code, sentence, status
        self.details, self.next_step, self.request_id = details or {}, next_step, request_id
        self.retry_after = retry_after  # seconds

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed in a moment."""
        return False

    def __str__(self) -> str:
        said = f"{self.code}: {self.sentence}" + (f" {self.next_step}" if self.next_step else "")
        return said + (f" (request {self.request_id})" if self.request_id else "")


class Invalid(RegistryError):
    """The request itself is wrong (400, 413, 415, 422)."""


class Forbidden(RegistryError):
    """The token is missing or unknown (401), or may not do this (403)."""


class NotFound(RegistryError):
    """There is no such thing (404)."""


class Conflict(RegistryError):
    """What stands now is against it (409)."""

    @property
    def passing(self) -> bool:
        return self.code == "idempotency_key_in_use"


class Locked(RegistryError):
    """The path is locked and has no version to go on with (423)."""


class Unavailable(RegistryError):
    """No answer, or one that says to try later (429, 502, 503, 504), again and again."""

    @property
    def passing(self) -> bool:
        return self.code not in ("certificate_invalid", "too_many_waiting")


class OutputRejected(RegistryError):
    """A step made once more what a reviewer had rejected. `details` name the version; the sentence has the reason."""


class StillRunning(RegistryError, TimeoutError):
    """Somebody else has been running a step for longer than this caller waits."""


class TransferFailed(RegistryError):
    """A version did not come to the server it was sent to; the sentence says why."""


class StillOnItsWay(RegistryError, TimeoutError):
    """A version has not come to the server it was sent to within the time-out."""


class Undecided(RegistryError, TimeoutError):
    """Nobody has decided on a version within the time-out."""


_KINDS: dict[int, type[RegistryError]] = {
    400: Invalid, 401: Forbidden, 403: Forbidden, 404: NotFound, 409: Conflict, 413: Invalid, 415: Invalid,
    416: Invalid, 422: Invalid, 423: Locked, 429: Unavailable, 502: Unavailable, 503: Unavailable, 504: Unavailable,
}  # fmt: skip


def refusal(error: Any, *, status: int | None, request_id: str | None = None) -> RegistryError:
    """The exception for one error of the API's shape {message, extensions: {code, next, …}}."""
    details = dict(error.get("extensions") or {})
    code, next_step = details.pop("code", "unknown"), details.pop("next", None)
    request_id = details.pop("request_id", None) or request_id
    kind = _KINDS.get(status or 0, RegistryError)
    return kind(
        code, error.get("message") or code, status=status, details=details, next_step=next_step, request_id=request_id
    )
