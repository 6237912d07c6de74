"""Files on their way to the registry: read in pieces, and from their beginning again for every try."""

from __future__ import annotations

import io
import json
import mimetypes
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from requests_toolbelt import MultipartEncoder

from sidecar.client.transport import Body

# A path; an open binary file; or (name, bytes | open file) with its type as an optional third.
Source = str | os.PathLike[str] | IO[bytes] | tuple[str, bytes | IO[bytes]] | tuple[str, bytes | IO[bytes], str]


@contextmanager
def multipart(fields: dict[str, Any], files: Sequence[Source]) -> Iterator[Body]:
    """A multipart body, made anew for each try.

    Files given as paths are opened and closed here; open ones are sent from where they stand, and left open.
    """
    with ExitStack() as opened:
        parts = [_part(source, opened) for source in files]
        texts = [(name, _text(name, value)) for name, value in fields.items() if value is not None]

        def body() -> tuple[Any, str]:
            sent = [("files", (name, _Rest(stream, start), kind)) for name, stream, kind, start in parts]
            encoder = MultipartEncoder(fields=[*texts, *sent])
            return encoder, encoder.content_type

        yield body


class _Rest:
    """An open file from `start` to its end, once more. MultipartEncoder's own measure of a stream is its file's size,
    wherever it stands and whatever it unpacks."""

    def __init__(self, stream: IO[bytes], start: int) -> None:
        self._stream, self._end = stream, stream.seek(0, os.SEEK_END)
        stream.seek(start)

    @property
    def len(self) -> int:
        return self._end - self._stream.tell()

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(size)


def _part(source: Source, opened: ExitStack) -> tuple[str, IO[bytes], str, int]:
    """Its name, stream, type, and where in the stream it begins."""
    kind = None
    if isinstance(source, tuple):
        name, content, *rest = source
        stream = io.BytesIO(content) if isinstance(content, bytes | bytearray) else content
        kind = rest[0] if rest else None
    elif isinstance(source, str | os.PathLike):
        name, stream = Path(source).name, opened.enter_context(Path(source).open("rb"))  # noqa: SIM115
    else:
        stream, name = source, Path(str(getattr(source, "name", "upload"))).name
    if not stream.seekable():
        # A pipe cannot be read twice: what may have to be sent again is kept.
        kept = opened.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        shutil.copyfileobj(stream, kept)
        kept.seek(0)
        stream = kept
    return name, stream, kind or mimetypes.guess_type(name)[0] or "application/octet-stream", stream.tell()


def _text(name: str, value: Any) -> str:
    if name != "value" and isinstance(value, str):
        return value
    return json.dumps(value, allow_nan=False, default=str)
