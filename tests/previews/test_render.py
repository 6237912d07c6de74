"""A page of a PDF as a picture, read in a process of its own: also of documents made to break their reader."""

from __future__ import annotations

import io
import threading
import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from sidecar.errors import Refusal
from sidecar.previews import page as previews
from sidecar.previews.page import AT_ONCE, WAITING, WIDTHS, page_of
from tests.directus.people import eventually
from tests.documents import document_with, endless, locked, page_with, within_itself


class Storage:
    """Directus, as far as it hands out one file's bytes."""

    def __init__(self, content: bytes) -> None:
        self.content, self.timeout, self.session = content, None, SimpleNamespace(close=lambda: None)

    def download(self, _file_id: object) -> Any:
        yield self.content


def show(content: bytes, number: int = 1, width: int = 400, filesize: int | None = None) -> previews.Page:
    file = {"id": uuid.uuid4(), "type": "application/pdf", "filesize": filesize or len(content)}
    return page_of(Storage(content), file, number, width)  # type: ignore[arg-type]


def refusal_of(content: bytes, number: int = 1, **more: Any) -> Refusal:
    with pytest.raises(Refusal) as refused:
        show(content, number, **more)
    return refused.value


def opened(page: previews.Page) -> Image.Image:
    assert page.picture is not None
    image = Image.open(io.BytesIO(page.picture))
    assert image.format == "WEBP"
    return image.convert("RGB")


@pytest.mark.parametrize(("asked", "width"), [(1, 400), (400, 400), (401, 800), (1600, 1600), (2400, 2400)])
def test_a_page_has_the_next_larger_of_a_few_widths(asked: int, width: int) -> None:
    assert opened(show(document_with("Harbour"), width=asked)).width == width
    assert width in WIDTHS


def test_each_page_is_itself() -> None:
    document = document_with("One", "Two", "Three")

    pictures = {show(document, number).picture for number in (1, 2, 3)}

    assert len(pictures) == 3
    assert [show(document, 0), show(document, 3).pages] == [previews.Page(3, None), 3]


def test_what_is_filled_into_a_form_is_seen() -> None:
    appearance = (
        b"<</Type/XObject/Subtype/Form/BBox[0 0 300 300]/Length 31>>stream\n0 0 1 rg 0 0 300 300 re f       \nendstream"
    )
    field = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(b)/F 4/Rect[100 300 400 600]/AP<</N 6 0 R>>/P 3 0 R>>"
    document = page_with(b"", more=[field, appearance])
    document = document.replace(b"/Type/Catalog", b"/AcroForm<</Fields[5 0 R]>>/Type/Catalog")
    document = document.replace(b"/Type/Page/", b"/Annots[5 0 R]/Type/Page/")

    blue = opened(show(document)).getpixel((168, 264))

    assert blue[2] > 150, blue  # type: ignore[index]
    assert blue[0] < 100, blue  # type: ignore[index]


@pytest.mark.parametrize("number", [4, 1_000_000])
def test_a_page_beyond_the_end_is_refused_with_how_many_there_are(number: int) -> None:
    refusal = refusal_of(document_with("One", "Two", "Three"), number)

    assert (refusal.code, refusal.details["pages"], refusal.details["page"]) == ("page_not_found", 3, number)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nothing of the kind " * 100,
        document_with("One")[:300],
        document_with(),
    ],
    ids=["empty", "something else", "cut off", "of no pages"],
)
def test_what_is_broken_is_said_so(content: bytes) -> None:
    refusal = refusal_of(content)

    assert refusal.code == "document_unreadable"
    assert "/" not in str(refusal.message), "no path of ours"


def test_a_document_with_a_password_is_said_to_have_one() -> None:
    assert refusal_of(locked()).code == "document_locked"


@pytest.mark.parametrize(
    "box", ["[0 0 14400 14400]", "[0 0 1e30 1e30]", "[0 0 0 0]", "[0 0 1 14400]", "[5 5 -9e9 nan]"]
)
def test_a_page_of_any_size_is_a_picture_of_a_bounded_one(box: str) -> None:
    image = opened(show(page_with(b"0 0 100 100 re f", box), width=2400))

    assert image.width <= 2400
    assert image.height <= 16_000
    assert image.width * image.height <= 20_100_000


@pytest.mark.parametrize("bomb", [endless, within_itself])
def test_a_page_that_never_ends_is_refused_in_time(bomb: Any) -> None:
    # On a machine with nothing to spare, time is up before the processor's.
    assert refusal_of(bomb()).code in ("page_too_heavy", "previews_busy")


def test_a_document_larger_than_can_be_fetched_is_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal_of(document_with("One"), filesize=10**12).code == "page_too_heavy"
    monkeypatch.setattr(previews, "DOCUMENT_BYTES", 100)
    assert refusal_of(document_with("One"), filesize=50).code == "page_too_heavy"


def test_a_reader_that_breaks_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    broken = tmp_path / "render.py"
    broken.write_text("import os; os.kill(os.getpid(), 11)")
    monkeypatch.setattr(previews.render, "__file__", str(broken))

    refusal = refusal_of(document_with("One"))

    assert (refusal.code, refusal.message) == ("document_unreadable", "Reading the document failed (-11).")


def test_the_reader_sees_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("ARTIFACTS_DIRECTUS_TOKEN", "a secret")
    told = tmp_path / "render.py"
    told.write_text(
        "import json, os; print(json.dumps({'refused': 'document_unreadable', 'because': str(dict(os.environ))}))"
    )
    monkeypatch.setattr(previews.render, "__file__", str(told))

    assert "a secret" not in str(refusal_of(document_with("One")).message)


def test_only_so_many_pages_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()
    document, shown = document_with("One"), []

    class Slow(Storage):
        def download(self, _file_id: object) -> Any:
            begun.release()
            assert go_on.wait(30)
            yield self.content

    def ask() -> None:
        file = {"id": uuid.uuid4(), "type": "application/pdf", "filesize": 1}
        shown.append(page_of(Slow(document), file, 1, 400).pages)  # type: ignore[arg-type]

    monkeypatch.setattr(previews, "SECONDS", 60)
    askers = [threading.Thread(target=ask) for _ in range(AT_ONCE + WAITING)]
    try:
        for asker in askers:
            asker.start()
        for _ in range(AT_ONCE):
            assert begun.acquire(timeout=30)
        eventually(lambda: not previews._admitted._value, "the others wait")  # type: ignore[attr-defined]
        refusal = refusal_of(document)
        assert begun.acquire(blocking=False) is False, "those who wait have not begun"
    finally:
        go_on.set()
        for asker in askers:
            asker.join(30)

    assert (refusal.code, refusal.headers) == ("previews_busy", {"Retry-After": "1"})
    assert shown == [1] * (AT_ONCE + WAITING)
