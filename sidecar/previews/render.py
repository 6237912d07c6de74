"""One page of a PDF as a picture.

Run as a program of its own (`python -P render.py FILE PAGE WIDTH PICTURE`), because what it reads may have been made to
break its reader: it gets memory, seconds and pixels of a fixed size, none of our environment, and prints one JSON
object. So nothing of the registry is imported here.
"""

from __future__ import annotations

import json
import math
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

MEMORY_BYTES = 1024**3
CPU_SECONDS = 4
PICTURE_BYTES = 32 * 1024**2
# A page is made smaller than was asked rather than larger than this; WebP has no longer sides than 16383.
PIXELS, LONGEST_SIDE = 20_000_000, 16_000
# At method 0 WebP takes a third of PNG's time and two thirds of its size, and 90 leaves small print sharp.
QUALITY, METHOD = 90, 0


def page_of(path: Path, number: int, width: int, picture: Path) -> dict[str, Any]:
    """{"pages"}, and the size in pixels of page `number` (from 1), written to `picture` as WebP; 0 only counts.

    A page that is not there has no size. {"refused": code, "because"} instead where nothing can be read.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
        pages = len(document)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == 4:
            return {"refused": "document_locked"}
        return {"refused": "document_unreadable", "because": "It is no PDF that can be read."}
    if not pages:
        return {"refused": "document_unreadable", "because": "It has no pages."}
    if not 1 <= number <= pages:
        return {"pages": pages}
    try:
        # What is filled into a form is part of what a page shows. This PDFium runs no scripts.
        document.init_forms()
        page = document[number - 1]
        image = page.render(scale=_scale(*page.get_size(), width)).to_pil()  # pyright: ignore[reportArgumentType]
        image.convert("RGB").save(picture, "WEBP", quality=QUALITY, method=METHOD)
    except (pypdfium2.PdfiumError, ValueError, OSError) as error:
        return {"refused": "document_unreadable", "because": f"Page {number} cannot be read: {error}"[:300]}
    except MemoryError:
        return {"refused": "page_too_heavy"}
    return {"pages": pages, "width": image.width, "height": image.height}


def _scale(points: float, height: float, width: int) -> float:
    """Pixels for one point of the page. Raises ValueError for a page without a size."""
    if not (0 < points < math.inf and 0 < height < math.inf):
        raise ValueError("it has no size")
    # A hair less: PDFium rounds up.
    return min(width / points, LONGEST_SIDE / height, math.sqrt(PIXELS / points / height)) * (1 - 1e-9)


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
    path, page, width, picture = sys.argv[1:]
    print(json.dumps(page_of(Path(path), int(page), int(width), Path(picture))))


if __name__ == "__main__":
    main()
