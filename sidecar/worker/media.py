"""What a picture, a sound, a film or a PDF is: its facts and, where it has none of its own, a picture of it.

Run as a program of its own (`python -P media.py FILE MIME PICTURE`), because what it reads may have been made to break
its reader: it gets memory, seconds and pixels of a fixed size, none of our environment, and prints one JSON object. So
nothing of the registry is imported here.
"""

from __future__ import annotations

import json
import math
import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

MEMORY_BYTES = 2 * 1024**3
CPU_SECONDS = 30
# A picture with more is only measured: it would need more than the memory there is, at 4 bytes each.
PIXELS = 100_000_000
# The longer side of the picture that is made.
PICTURE_SIDE = 1024
PICTURE_BYTES = 16 * 1024**2
# Where a film's picture is taken: the very first frame is often black.
POSTER_SECONDS = 1.0

Facts = dict[str, Any]

# What Pillow and ffmpeg may take a file for. Others run programs (EPS), or name further files and addresses (HLS).
_PICTURES = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "ICO", "TGA", "PPM", "JPEG2000")
_CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,ogg,mp3,wav,w64,aiff,flac,aac,ac3,amr,avi,mpegts,mpeg,flv,caf,au"


class Unreadable(Exception):
    """The file is not what it is called, or broken. The text is the fact's `error`."""


def facts_of(path: Path, mime: str, picture: Path) -> Facts:
    """The facts of a file. A picture of it is written to `picture` (JPEG) for films and PDFs.

    {"width", "height"} in pixels, {"frames"} of a moving picture, {"duration"} in seconds, {"video", "audio": {"codec",
    …}}, {"frame_rate"}, {"pages"}; {"error"} instead of what could not be read.
    """
    reader = _reader(mime)
    if reader is None:
        return {}
    try:
        return reader(path, picture)
    except Unreadable as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": "Reading it needs more memory than there is for it."}


def _reader(mime: str) -> Callable[[Path, Path], Facts] | None:
    family, _, kind = mime.partition("/")
    if kind == "pdf":
        return _document
    if family == "image" and not kind.startswith("svg"):
        return _picture
    return _film if family in ("audio", "video") else None


def _picture(path: Path, _picture: Path) -> Facts:
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # our own limit, below
    try:
        with Image.open(path, formats=_PICTURES) as image:
            facts: Facts = {"width": image.width, "height": image.height, "format": image.format, "mode": image.mode}
            if getattr(image, "n_frames", 1) > 1:
                facts["frames"] = image.n_frames  # type: ignore[attr-defined]
            if image.width * image.height > PIXELS:
                return {**facts, "error": f"It has more than {PIXELS} pixels and was not read."}
            image.load()
    except UnidentifiedImageError:
        raise Unreadable("It is no picture of a known kind.") from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, OverflowError) as error:
        raise Unreadable(f"The picture is broken: {error}"[:300]) from None
    return facts


def _film(path: Path, picture: Path) -> Facts:
    import av
    from av.error import FFmpegError

    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
    try:
        with av.open(str(path), options=options) as container:
            facts: Facts = {}
            if container.duration:
                facts["duration"] = round(container.duration / 1_000_000, 3)
            if container.streams.audio:
                facts["audio"] = _sound(container.streams.audio[0])
            if container.streams.video:
                facts |= _frames(container.streams.video[0])
                _poster(container, facts, picture)
    except (FFmpegError, OSError, ValueError, IndexError) as error:
        why = getattr(error, "strerror", None) or error  # without the path of our copy
        raise Unreadable(f"It is no sound or film that can be read: {why}"[:300]) from None
    if "audio" not in facts and "video" not in facts:
        raise Unreadable("It holds neither sound nor film.")
    return facts


def _sound(stream: Any) -> Facts:
    context = stream.codec_context
    return {"codec": context.name, "sample_rate": context.sample_rate, "channels": context.channels}


def _frames(stream: Any) -> Facts:
    rate = stream.average_rate or stream.guessed_rate
    context = stream.codec_context
    return {
        "width": context.width,
        "height": context.height,
        "frame_rate": round(float(rate), 3) if rate else None,
        "video": {"codec": context.name},
    }


def _poster(container: Any, facts: Facts, picture: Path) -> None:
    if facts["width"] * facts["height"] > PIXELS:
        facts["error"] = f"Its frames have more than {PIXELS} pixels and were not read."
        return
    stream = container.streams.video[0]
    stream.codec_context.thread_count = 1
    place = min(POSTER_SECONDS, facts.get("duration", 0) / 10)
    container.seek(int(place * 1_000_000))
    frame = next(container.decode(stream), None)
    if frame is None:
        raise Unreadable("It has no frame that can be read.")
    _keep(frame.to_image(), picture)


def _document(path: Path, picture: Path) -> Facts:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        locked = getattr(error, "err_code", None) == 4
        raise Unreadable("It needs a password." if locked else "It is no PDF that can be read.") from None
    facts: Facts = {"pages": len(document)}
    if not facts["pages"]:
        raise Unreadable("It has no pages.")
    try:
        page = document[0]
        width, height = page.get_size()
        if not (0 < width < math.inf and 0 < height < math.inf):
            raise Unreadable("Its first page has no size.")
        _keep(page.render(scale=PICTURE_SIDE / max(width, height)).to_pil(), picture)
    except (pypdfium2.PdfiumError, ValueError) as error:
        raise Unreadable(f"Its first page cannot be read: {error}"[:300]) from None
    return {**facts, "width": round(width, 1), "height": round(height, 1), "unit": "pt"}


def _keep(image: Any, picture: Path) -> None:
    image.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
    image.convert("RGB").save(picture, "JPEG", quality=85)


def main() -> None:
    limits = {
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_FSIZE: PICTURE_BYTES,
        resource.RLIMIT_CORE: 0,
    }
    for limit, most in limits.items():
        with suppress(ValueError, OSError):  # lower already, or not known to this system
            resource.setrlimit(limit, (most, most))
    path, mime, picture = sys.argv[1:]
    print(json.dumps(facts_of(Path(path), mime, Path(picture))))


if __name__ == "__main__":
    main()
