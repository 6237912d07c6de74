"""What a file is: told from its bytes, held against what its sender says."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from sidecar.artifacts.mime import mime_of
from sidecar.errors import Refusal


def image(kind: str) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (4, 4)).save(content, kind)
    return content.getvalue()


PNG, JPEG, WEBP = image("PNG"), image("JPEG"), image("WEBP")
HTML = b"\xef\xbb\xbf \n<!DOCTYPE html><script>alert(1)</script>"
SVG = b"<?xml version='1.0'?>\n<!-- a drawing --><svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"
MP4 = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41"
ZIP = b"PK\x03\x04" + bytes(60)


@pytest.mark.parametrize(
    ("head", "name", "claimed", "expected"),
    [
        (PNG, "a.bin", None, "image/png"),
        (PNG, "a.bin", "application/octet-stream", "image/png"),
        (PNG, "a.png", "image/png", "image/png"),
        (PNG, "a.jpg", "image/jpeg", "image/png"),
        (WEBP, "a.webp", "Image/WebP; q=1", "image/webp"),
        (MP4, "a.m4a", "audio/mp4", "audio/mp4"),
        (b"%PDF-1.7\n", "a", "", "application/pdf"),
        (HTML, "a.html", "text/html", "text/html"),
        (HTML, "a", None, "text/html"),
        (HTML, "a.md", "text/markdown", "text/markdown"),
        (SVG, "a.svg", "image/svg+xml", "image/svg+xml"),
        (SVG, "a", None, "image/svg+xml"),
        (ZIP, "a.docx", None, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"a,b\n1,2\n", "a.csv", "text/csv", "text/csv"),
        (b"a,b\n1,2\n", "a.csv", None, "text/csv"),
        (b"anything", "a", None, "application/octet-stream"),
        (b"anything", "a.png", "image/png", "image/png"),
        (b"", "a.png", "image/png", "image/png"),
    ],
)
def test_the_bytes_decide_where_they_can(head, name, claimed, expected):
    assert mime_of(head, name, claimed) == expected


@pytest.mark.parametrize(
    ("head", "claimed", "found"),
    [
        (HTML, "image/png", "text/html"),
        (HTML, "application/pdf", "text/html"),
        (b"  <script>alert(1)</script>", "image/gif", "text/html"),
        (SVG, "image/png", "image/svg+xml"),
        (b"<svg onload='alert(1)'>", "image/jpeg", "image/svg+xml"),
        (PNG, "text/plain", "image/png"),
        (PNG, "video/mp4", "image/png"),
        (MP4, "image/png", "video/mp4"),
        (ZIP, "image/png", "application/zip"),
        (b"\x7fELF\x02\x01\x01" + bytes(40), "image/png", "application/x-executable"),
    ],
)
def test_a_file_that_is_something_else_is_refused(head, claimed, found):
    with pytest.raises(Refusal) as caught:
        mime_of(head, "a.png", claimed)

    assert caught.value.code == "file_type_mismatch"
    assert caught.value.details == {"filename": "a.png", "claimed": claimed, "found": found}
