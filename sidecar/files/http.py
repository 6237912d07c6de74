"""/v1/projects/{id}/files/{path}, /v1/artifacts/{id}/download and the links they lead to."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from flask import Response, g, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field

from sidecar.access.caller import SYSTEM
from sidecar.answers import ById, Shape, refusals
from sidecar.artifacts.read import find_version
from sidecar.call import Answer, Call
from sidecar.edge import described, operation, registry
from sidecar.errors import Refusal
from sidecar.files.link import Disposition, Link, seal, unseal
from sidecar.files.locate import file_by_id, file_of, version_at
from sidecar.files.stable import stable_url, unseal_stable
from sidecar.files.stream import stream
from sidecar.paths import Path
from sidecar.projects.find import find_project

api = APIBlueprint("files", __name__, url_prefix="/v1", abp_tags=[Tag(name="Files", description="Files and links.")])

Row = dict[str, Any]
_REDIRECTED = {
    "description": "To the bytes, by a link that expires. Location is relative to this address.",
    "headers": {
        "Location": {"schema": {"type": "string"}},
        "ETag": {"description": "Another one for another version or file.", "schema": {"type": "string"}},
    },
}


_BYTES = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("application/octet-stream", "*/*")}


class ProjectFile(BaseModel):
    id: str = Field(
        max_length=255, description="The project's id or key.", json_schema_extra={"example": "spring-brand"}
    )
    path: Path = Field(description="The path, such as brand.logo or scenes[3].image.")


class Sealed(BaseModel):
    link: str = Field(
        max_length=1000,
        description="What the addresses of files lead to.",
        json_schema_extra={"example": "BxzQ.aR8f0w.Zm9yZ2VyeQ"},
    )


class StableSealed(BaseModel):
    link: str = Field(
        max_length=1000,
        description="The last part of a stable link.",
        json_schema_extra={"example": "WyI2ZjFjIiwiY292ZXIiXQ.aR8f0w"},
    )


class FileQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    n: int | None = Field(None, ge=1, le=1000, description="The n-th file, counted from 1; else the primary one.")
    redirect: bool = Field(True, description="false: answer the link as JSON.")
    disposition: Disposition = Field("inline", description="attachment: browsers save it, under its own name.")


class PathFileQuery(FileQuery):
    want: Literal["approved", "latest"] = Field(
        "approved", description="latest: the newest version that is neither rejected nor archived."
    )


class DownloadQuery(FileQuery):
    disposition: Disposition = Field("attachment", description="inline: browsers show what is safe to show.")


class LinkedFile(Shape):
    id: UUID
    type: str | None
    filename_download: str | None
    filesize: int | None


class DownloadLink(Shape):
    url: str
    expires_at: datetime | None = Field(description="null for a file that lives elsewhere, at its own address.")
    artifact_version_id: UUID
    version_number: int
    status: str
    file: LinkedFile | None


class LinkAnswer(Shape):
    data: DownloadLink


class StableLink(Shape):
    url: str = Field(description="Works without a token until all stable links are revoked.")
    project_id: UUID
    schema_key: str


class StableLinkAnswer(Shape):
    data: StableLink


_ANSWERS: dict[Any, Any] = {
    200: LinkAnswer,
    302: _REDIRECTED,
    304: {"description": "The version and file that If-None-Match names stand there still."},
}


@api.get(
    "/projects/<id>/files/<path>",
    operation_id="getProjectFile",
    summary="Get the approved file of a path",
    description="A stable address: it leads to the file of whichever version is approved.",
    responses={
        **_ANSWERS,
        **refusals(
            "project_not_found",
            "nothing_at_path",
            "file_not_linked",
            "restricted_policy",
            "schema_key_grammar",
            "bytes_removed",
            "version_erased",
        ),
    },
)
@operation("read")
def get_project_file(call: Call, path: ProjectFile, query: PathFileQuery) -> Answer | Response:
    project = find_project(call, path.id)
    version = version_at(call, project["id"], path.path, query.want)
    return _link_to(call, version, query, up="../../../")


@api.get(
    "/projects/<id>/files/<path>/stable",
    operation_id="getStableLink",
    summary="Get an address of a path that works without a token",
    description="It leads to the approved file, whichever that is, for whoever knows it. Needs the right to review."
    " All such links end together, when an operator changes ARTIFACTS_STABLE_LINKS.",
    responses={
        200: StableLinkAnswer,
        **refusals("project_not_found", "stable_links_off", "restricted_policy", "schema_key_grammar"),
    },
)
@operation("review")
def get_stable_link(call: Call, path: ProjectFile) -> Answer:
    project_id = find_project(call, path.id)["id"]
    url = stable_url(call.settings, project_id, path.path)
    return Answer({"url": url, "project_id": project_id, "schema_key": path.path})


@api.get(
    "/stable/<link>",
    operation_id="getStable",
    summary="Get the approved file behind a stable link",
    description="Needs no token: the link is one. It gives what is approved at the moment, and nothing else.",
    security=[{}],
    responses={
        302: {"description": "To the bytes.", "headers": {"Location": {"schema": {"type": "string"}}}},
        **refusals("link_invalid", "stable_links_off", "nothing_at_path", "file_not_linked"),
    },
)
@described(path=StableSealed)
def get_stable(link: str) -> Response:
    here = registry()
    project_id, path = unseal_stable(here.settings, link)
    return here.database.by_statement(
        lambda connection: _link_to_approved(Call(connection, SYSTEM, g.request_id, here.settings), project_id, path)
    )


@api.get(
    "/artifacts/<id>/download",
    operation_id="downloadArtifact",
    summary="Get a version's file",
    description="Leads to the bytes, by a link that expires.",
    responses={
        **_ANSWERS,
        **refusals("artifact_not_found", "file_not_linked", "restricted_policy", "bytes_removed", "version_erased"),
    },
)
@operation("read")
def download_artifact(call: Call, path: ById, query: DownloadQuery) -> Answer | Response:
    return _link_to(call, find_version(call, path.id), query, up="../../")


@api.get(
    "/downloads/<link>",
    operation_id="getDownload",
    summary="Read the bytes behind a link",
    description="Needs no token: the link is one. Takes Range. Nothing of the file runs in a browser.",
    security=[{}],
    responses={
        200: {"description": "The bytes.", "content": _BYTES},
        206: {"description": "The part that Range asks for.", "content": _BYTES},
        304: {"description": "Not changed."},
        **refusals(
            "link_invalid",
            "link_expired",
            "bytes_missing",
            "bytes_removed",
            "version_erased",
            "range_not_satisfiable",
            "directus_unavailable",
        ),
    },
)
@described(path=Sealed)
def get_download(link: str) -> Response:
    here, now = registry(), time.time()
    wanted = unseal(here.settings, link, now)
    file = here.database.by_statement(lambda connection: file_by_id(connection, wanted.file_id))
    return stream(here.directus(), wanted, file, now)


def _link_to_approved(call: Call, project_id: UUID, path: str) -> Response:
    version = version_at(call, project_id, path, "approved", tell_newest=False)
    file = file_of(call, version, None)
    address, _ = _address(call, version, file, FileQuery.model_validate({}), up="../")
    # Never kept: what is approved next is what the same address must give next.
    return Response(status=302, headers={"Cache-Control": "no-store", "Location": address})


def _link_to(call: Call, version: Row, query: FileQuery, *, up: str) -> Answer | Response:
    file = file_of(call, version, query.n)
    # The redirect is never kept: its link expires. The ETag is for programs, which have the bytes of last time.
    headers = {"Cache-Control": "no-store", "ETag": f'"{version["id"]}-{file["id"] if file else "elsewhere"}"'}
    if request.if_none_match.contains(headers["ETag"].strip('"')):
        return Response(status=304, headers=headers)
    address, expires_at = _address(call, version, file, query, up)
    if query.redirect:
        return Response(status=302, headers={**headers, "Location": address})
    found = {
        "url": address,
        "expires_at": expires_at,
        "artifact_version_id": version["id"],
        "version_number": version["version_number"],
        "status": version["status"],
        "file": file,
    }
    return Answer(found, headers=headers)


def _address(call: Call, version: Row, file: Row | None, query: FileQuery, up: str) -> tuple[str, datetime | None]:
    """Where the bytes are. Redirects are relative: they lead through the same proxies that the request came by."""
    if file is None:
        return _elsewhere(version), None
    link = Link(file["id"], int(time.time()) + call.settings.download_seconds, query.disposition)
    place = f"downloads/{seal(call.settings, link)}"
    return f"{up}{place}" if query.redirect else f"{call.settings.address}/v1/{place}", link.expires_at


def _elsewhere(version: Row) -> str:
    # Whoever submitted it said where: only what a browser fetches like any picture.
    if not version["source_url"].startswith(("http://", "https://")):
        raise Refusal("file_not_linked", "The version's source_url is no address of a file.")
    return version["source_url"]
