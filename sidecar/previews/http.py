"""/v1/artifacts/{id}/files/{file_id}/pages: pages of a PDF as pictures, which run nothing wherever they are shown."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field

from sidecar.answers import AN_ID, ANOTHER_ID, Shape, refusals
from sidecar.call import Answer, Call
from sidecar.edge import answer, described, permitted, read_model, read_query, registry, run
from sidecar.previews.page import WIDTHS, document_of, no_such_page, page_of

api = APIBlueprint("previews", __name__, url_prefix="/v1", abp_tags=[Tag(name="Files", description="Files and links.")])

# What a page is, and how it is made, never changes: another version has other files. Files replaced in Directus have
# another address where the caller sends `changed`.
KEPT = "private, max-age=604800, immutable"
# To be counted up when pages are made otherwise.
_MADE = 1


class Document(BaseModel):
    id: UUID = Field(description="The version.", json_schema_extra={"example": AN_ID})
    file_id: UUID = Field(description="One of its files, a PDF.", json_schema_extra={"example": ANOTHER_ID})


class DocumentPage(Document):
    page: int = Field(ge=1, le=1_000_000, description="Counted from 1.", json_schema_extra={"example": 2})


class PageQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    width: int = Field(
        1600,
        ge=1,
        le=WIDTHS[-1],
        description=f"In pixels: the picture has the next larger of {', '.join(map(str, WIDTHS))}, or less where the"
        " page is very long.",
        json_schema_extra={"example": 1600},
    )
    changed: str | None = Field(
        None,
        max_length=40,
        description="The file's changed_at, if it has one: replaced bytes have another address, so that nobody is shown"
        " a page kept from before.",
        json_schema_extra={"example": "2026-11-20T09:30:00+00:00"},
    )


class DocumentPages(Shape):
    file_id: UUID
    pages: int = Field(ge=1, json_schema_extra={"example": 12})


class PagesAnswer(Shape):
    data: DocumentPages


_REFUSALS = (
    "artifact_not_found", "file_not_linked", "restricted_policy", "bytes_missing", "bytes_removed", "version_erased",
    "file_without_pages", "document_unreadable", "document_locked", "page_too_heavy", "previews_busy",
    "directus_unavailable",
)  # fmt: skip


@api.get(
    "/artifacts/<id>/files/<file_id>/pages",
    operation_id="countPages",
    summary="Count the pages of a PDF",
    description="How many pages a version's PDF has.",
    responses={200: PagesAnswer, **refusals(*_REFUSALS)},
)
@described(path=Document)
@permitted("read")
def get_pages(id: str, file_id: str) -> Response:
    path: Document = read_model(Document, {"id": id, "file_id": file_id}, "path")
    file = _document(path)
    pages = _counted(file) or page_of(registry().directus(), file, 0, WIDTHS[0]).pages
    return answer(lambda _call: Answer({"file_id": path.file_id, "pages": pages}))


@api.get(
    "/artifacts/<id>/files/<file_id>/pages/<page>",
    operation_id="getPage",
    summary="Get a page of a PDF as a picture",
    description="WebP, which runs nothing. A page stays as it is: keep it as long as Cache-Control says.",
    responses={
        200: {
            "description": "The page.",
            "content": {"image/webp": {"schema": {"type": "string", "format": "binary"}}},
            "headers": {
                "ETag": {"description": "Another one for other bytes, pages and widths.", "schema": {"type": "string"}},
                "Cache-Control": {"schema": {"type": "string"}, "example": KEPT},
            },
        },
        304: {"description": "The page is the one that If-None-Match names."},
        **refusals("page_not_found", *_REFUSALS),
    },
)
@described(path=DocumentPage, query=PageQuery)
@permitted("read")
def get_page(id: str, file_id: str, page: str) -> Response:
    path: DocumentPage = read_model(DocumentPage, {"id": id, "file_id": file_id, "page": page}, "path")
    query: PageQuery = read_query(PageQuery)
    file = _document(path)
    width = next(width for width in WIDTHS if width >= query.width)
    stands = int(file["uploaded_on"].timestamp() * 1000) if file["uploaded_on"] else 0
    headers = {"ETag": f'"{file["id"]}-{stands}-{path.page}-{width}-{_MADE}"', "Cache-Control": KEPT}
    if request.if_none_match.contains(headers["ETag"].strip('"')):
        return Response(status=304, headers=headers)
    if (pages := _counted(file)) and path.page > pages:
        raise no_such_page(file, path.page, pages)
    picture = page_of(registry().directus(), file, path.page, width).picture
    return Response(picture, headers=headers, content_type="image/webp")


def _document(path: Document) -> dict[str, Any]:
    def found(call: Call) -> dict[str, Any]:
        return document_of(call, path.id, path.file_id)

    return run(found)


def _counted(file: dict[str, Any]) -> int | None:
    """The pages that the worker counted in the bytes that are there."""
    return None if file["changed_at"] else file["pages"]
