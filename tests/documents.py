"""PDFs as bytes: with text on every page, broken, locked, or made to break their reader."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

A4 = "[0 0 595 842]"


def pdf_of(objects: Sequence[bytes], trailer: str = "") -> bytes:
    """A PDF of these objects; the first is its catalogue."""
    content, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"trailer<</Size {len(objects) + 1}/Root 1 0 R{trailer}>>\nstartxref\n{len(content)}\n%%EOF"
    return content + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{end}".encode()


def stream_of(content: bytes, entries: str = "") -> bytes:
    """A stream object, compressed."""
    packed = zlib.compress(content, 9)
    return f"<</Filter/FlateDecode/Length {len(packed)}{entries}>>stream\n".encode() + packed + b"\nendstream"


def page_with(content: bytes, box: str = A4, resources: str = "", more: Iterable[bytes] = ()) -> bytes:
    """A PDF of one page that draws `content`; the objects `more` are numbered from 5."""
    page = f"<</Type/Page/Parent 2 0 R/MediaBox{box}/Contents 4 0 R/Resources<<{resources}>>>>"
    pages = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    return pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", pages, page.encode(), stream_of(content), *more])


def document_with(*texts: str, fill: tuple[float, float, float] = (1, 1, 1)) -> bytes:
    """A PDF with a page for each text, on paper of this colour."""
    kids = " ".join(f"{4 + 2 * at} 0 R" for at in range(len(texts)))
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Kids[{kids}]/Count {len(texts)}>>".encode(), font]
    for at, text in enumerate(texts):
        resources = "<</Font<</F1 3 0 R>>>>"
        page = f"<</Type/Page/Parent 2 0 R/MediaBox{A4}/Contents {5 + 2 * at} 0 R/Resources{resources}>>"
        paper = "{} {} {} rg 0 0 595 842 re f 0 0 0 rg".format(*fill)
        lines = "\n".join(f"BT /F1 12 Tf 60 {700 - 18 * line} Td ({text}) Tj ET" for line in range(24))
        drawn = f"{paper}\nBT /F1 32 Tf 60 750 Td ({text}) Tj ET\n{lines}"
        objects += [page.encode(), stream_of(drawn.encode())]
    return pdf_of(objects)


def endless() -> bytes:
    """A few hundred kilobytes that unfold to 120 million of drawing."""
    return page_with(b"0 0 595 842 re f 1 0 0 rg 0 1 0 rg\n" * 3_500_000)


def within_itself(deep: int = 12) -> bytes:
    """A drawing of ten drawings of ten drawings …: a million million squares."""
    forms = []
    for level in range(deep):
        content = b" ".join([b"/F%d Do" % (level + 1)] * 10) if level < deep - 1 else b"0 0 500 500 re f"
        inner = f"/XObject<</F{level + 1} {6 + level} 0 R>>" if level < deep - 1 else ""
        forms.append(stream_of(content, f"/Type/XObject/Subtype/Form/BBox[0 0 600 900]/Resources<<{inner}>>"))
    return page_with(b"/F0 Do", resources="/XObject<</F0 5 0 R>>", more=forms)


def locked() -> bytes:
    """A PDF that opens with a password which nobody knows."""
    key = b"<" + b"5a" * 32 + b">"
    encryption = b"<</Filter/Standard/V 1/R 2/O " + key + b"/U " + key + b"/P -4>>"
    catalogue, pages = b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    page = f"<</Type/Page/Parent 2 0 R/MediaBox{A4}>>".encode()
    return pdf_of([catalogue, pages, page, encryption], "/Encrypt 4 0 R/ID[<aa><aa>]")
