"""Pages of PDFs that lie in Directus' real storage, as a person at the screen asks for them."""

from __future__ import annotations

import io
import uuid

import pytest
from PIL import Image

from sidecar.client import NotFound, Registry
from tests.directus.people import Person
from tests.directus.works import Producer
from tests.documents import document_with, endless

THREE = document_with("The harbour wakes", "The harbour works", "The harbour sleeps")


@pytest.fixture
def registry(environment: dict[str, str]) -> Registry:
    return Registry(environment["SIDECAR_URL"], environment["SIDECAR_TOKEN"])


def given_document(given: Producer, content: bytes) -> tuple[str, str]:
    """A version with this PDF, and the file's id."""
    work = given.work()
    file = given.person.upload("script.pdf", content, "application/pdf")
    return given.submit(work, f"film_{uuid.uuid4().hex[:8]}.script", primary_file_id=file), file


def test_the_pages_of_a_stored_pdf_come_through_directus_and_are_kept_by_browsers(
    given: Producer, reviewer: Person
) -> None:
    version, file = given_document(given, THREE)
    address = f"/artifacts/v1/artifacts/{version}/files/{file}/pages"

    assert reviewer.get(address).data == {"file_id": file, "pages": 3}
    pages = [reviewer.get(f"{address}/{page}", width=800) for page in (1, 2, 3)]

    assert [page.status for page in pages] == [200, 200, 200], pages[0].body
    assert len({page.body for page in pages}) == 3
    with Image.open(io.BytesIO(pages[1].body)) as picture:
        assert picture.size == (800, 1133)
    assert pages[1].headers["Cache-Control"] == "private, max-age=604800, immutable"
    again = reviewer.send("GET", f"{address}/2?width=800", headers={"If-None-Match": pages[1].headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


def test_the_client_reads_pages(given: Producer, registry: Registry) -> None:
    version, file = given_document(given, THREE)

    assert registry.versions.pages_of(version) == 3
    page = registry.versions.page_of(version, 2, width=400)

    with Image.open(io.BytesIO(page)) as picture:
        assert (picture.format, picture.width) == ("WEBP", 400)
    assert registry.versions.page_of(version, 2, width=400, file=file) == page
    with pytest.raises(NotFound) as refused:
        registry.versions.page_of(version, 4)
    assert refused.value.code == "page_not_found"


def test_a_pdf_that_never_ends_is_refused_before_directus_gives_up(given: Producer, reviewer: Person) -> None:
    version, file = given_document(given, endless())

    answer = reviewer.get(f"/artifacts/v1/artifacts/{version}/files/{file}/pages/1")

    assert answer.code in ("page_too_heavy", "previews_busy")
    assert reviewer.get(f"/artifacts/v1/artifacts/{version}").status == 200
