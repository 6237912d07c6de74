"""The OpenAPI 3.1 description, made from the code: flask-openapi3's, completed by what it cannot know."""

from __future__ import annotations

import copy
import threading
from typing import Any

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.openapi import OpenAPI
from pydantic import BaseModel

from sidecar.answers import Errors, refusals
from sidecar.artifacts.upload import JSON_FIELDS
from sidecar.edge import WRITING
from sidecar.errors import CODES
from sidecar.idempotency.key import HEADER, LONGEST, REPLAYED

_HEADERS = {
    "X-Request-Id": "Names the request in every row and log line; answered back. One that cannot be kept is replaced.",
    "X-Actor-Id": "With a service token: the id of the Directus user it acts for.",
}
_REQUEST_ID = {"description": "The request's name.", "schema": {"type": "string"}}
_ETAG = {"description": "The context version, quoted.", "schema": {"type": "string"}, "example": '"5"'}
# What keys.parse_key takes, but for blanks around it.
_KEY = r'^([!#-~][ -~]{0,254}|"([!#-\[\]-~]|\\["\\])([ !#-\[\]-~]|\\["\\]){0,254}")$'
_BYTES = {"type": "string", "format": "binary"}
# The operations that take files in a multipart body: what that body is called, and the fields that carry files.
_UPLOADS = {
    "/v1/artifacts": ("SubmitUpload", ("files",)),
    "/v1/artifacts/{id}/edit": ("EditUpload", ("files", "file")),
}
# The operations that compare If-Match, and those that compare If-None-Match, with an ETag of theirs.
_IF_MATCH = ("/v1/promotions", "/v1/projects/{id}/context/revert", "/v1/projects/{id}/context/rebuild")
_A_FILE = '"6f1c0a52-6f0e-4a0b-9a53-7f0f3a1d2b11-0d3f6a52-5a1e-4a0b-9d5c-7d0c1f1f6a01"'
_A_HASH = '"8d6c3c2f1c0f6f1b5d7a4b0e9a3c5d7e9f1a2b3c"'
_IF_NONE_MATCH = {
    "/v1/inbox": _A_HASH,
    "/v1/artifacts/{id}/sheet": _A_HASH,
    "/v1/projects/{id}/context": '"5"',
    "/v1/projects/{id}/files/{path}": _A_FILE,
    "/v1/artifacts/{id}/download": _A_FILE,
    "/v1/artifacts/{id}/files/{file_id}/pages/{page}": '"7be1c0a4-3a55-4c1b-8f54-51f7b8f1b902-1790000000000-2-1600-1"',
}


class DescribedApp(OpenAPI):
    """A Flask app whose description is completed once, when it is first asked for."""

    # flask-openapi3 shows what is not complete yet to whoever asks while it is being made.
    _describing = threading.Lock()

    @property
    def api_doc(self) -> dict[str, Any]:
        with self._describing:
            return super().api_doc

    def register_api(self, api: APIBlueprint, **options: Any) -> None:
        """As flask-openapi3's, which describes an address that two features share by the methods of the later one."""
        before = dict(self.paths)
        super().register_api(api, **options)
        for address in before.keys() & api.paths.keys():
            later = self.paths[address]
            methods = {method: getattr(later, method) for method in later.model_fields_set}
            self.paths[address] = before[address].model_copy(update=methods)

    def generate_spec_json(self) -> None:
        """Called by flask-openapi3 for its own pages and for ours."""
        super().generate_spec_json()
        views = [getattr(view, "__annotations__", {}) for view in self.view_functions.values()]
        self.spec_json = complete(self.spec_json, [view["body"] for view in views if "body" in view])


def complete(spec: dict[str, Any], bodies: list[type[BaseModel]]) -> dict[str, Any]:
    """flask-openapi3's description with what is true of every operation, and the bodies' models as they are."""
    description = copy.deepcopy(spec)
    description["openapi"] = "3.1.0"
    description["security"] = [{"bearer": []}]
    description["servers"] = [{"url": "/"}]
    schemas = description.setdefault("components", {}).setdefault("schemas", {})
    errors = Errors.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(errors.pop("$defs"))
    schemas["Errors"] = errors
    schemas.pop("ValidationErrorModel", None)  # flask-openapi3's own shape of a refusal, which nothing here answers
    for body in bodies:
        # flask-openapi3 keeps what OpenAPI 3.0 knew of a schema, and so drops its examples.
        fields = body.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(fields.pop("$defs", {}))
        schemas[body.__name__] = fields
    for path in description["paths"].values():
        for method, operation in path.items():
            _complete(method, operation, schemas)
    _add_uploads(description)
    _add_conditions(description)
    _add_page(description)
    return description


def _complete(method: str, operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    parameters = operation.setdefault("parameters", [])
    for name, meaning in _HEADERS.items():
        parameters.append(
            {"name": name, "in": "header", "required": False, "description": meaning, "schema": {"type": "string"}}
        )
    # Found while the request is read, wherever it goes.
    _add_refusals(operation, "invalid_text")
    if "requestBody" in operation:
        (content,) = operation["requestBody"]["content"].values()
        fields = schemas[content["schema"]["$ref"].rpartition("/")[2]]
        if "examples" in fields:
            content["example"] = fields["examples"][0]
        # No body at all says as little as {}.
        operation["requestBody"]["required"] = "required" in fields
        _add_refusals(operation, "invalid_json", "body_too_large", "unsupported_media_type")
    if method.upper() in WRITING:
        _add_idempotency_key(operation)
    for response in operation["responses"].values():
        response.setdefault("headers", {})["X-Request-Id"] = _REQUEST_ID


def _add_idempotency_key(operation: dict[str, Any]) -> None:
    operation["parameters"].append(
        {
            "name": HEADER,
            "in": "header",
            "required": False,
            "description": "Names the request, quoted or bare, so that it may be sent again: the same caller, operation"
            f" and key get the first answer again, with {REPLAYED}: true.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 2 * LONGEST + 2, "pattern": _KEY},
            "example": '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
        }
    )
    replayed = {"description": "true: this is the answer to an earlier request.", "schema": {"type": "string"}}
    responses = operation["responses"]
    for status, response in responses.items():
        if status.startswith("2"):
            response.setdefault("headers", {})[REPLAYED] = replayed
    # version_erased: what the request was answered with is not given again.
    _add_refusals(
        operation, "idempotency_key_invalid", "idempotency_key_reused", "idempotency_key_in_use", "version_erased"
    )


def _add_refusals(operation: dict[str, Any], *codes: str) -> None:
    for code in codes:
        status = CODES[code].status
        described = operation["responses"].setdefault(str(status), refusals(code)[status])
        if f"`{code}`" not in described["description"]:
            described["description"] += f"; `{code}`: {CODES[code].sentence}"


def _add_uploads(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    for path, (name, files) in _UPLOADS.items():
        operation = description["paths"][path]["post"]
        content = operation["requestBody"]["content"]
        fields = copy.deepcopy(schemas[content["application/json"]["schema"]["$ref"].rpartition("/")[2]])
        fields.pop("examples", None)
        fields |= {"title": name, "description": "The same fields as a form, with files."}
        for field, shape in fields["properties"].items():
            fields["properties"][field] = _as_json_text(shape) if field in JSON_FIELDS else _never_null(shape)
        fields["properties"] |= {field: {"type": "array", "items": _BYTES} for field in files}
        schemas[name] = fields
        content["multipart/form-data"] = {"schema": {"$ref": f"#/components/schemas/{name}"}}
        _add_refusals(operation, "bad_request", "value_not_json", "upload_too_large")


def _add_page(description: dict[str, Any]) -> None:
    """What a review link shows is a page, too. The form on it is between the page and its address."""
    shown = description["paths"]["/v1/shared/{token}"]["get"]["responses"]["200"]
    shown["content"]["text/html"] = {"schema": {"type": "string"}}


def _as_json_text(shape: dict[str, Any]) -> dict[str, Any]:
    meaning = " ".join(filter(None, [shape.get("description"), "As JSON text."]))
    return {"type": "string", "contentMediaType": "application/json", "description": meaning}


def _never_null(shape: dict[str, Any]) -> dict[str, Any]:
    """A field as a form has it, where it is left out instead of null."""
    kinds = [kind for kind in shape.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:
        shape = {key: value for key, value in shape.items() if key != "anyOf"} | kinds[0]
    return {key: value for key, value in shape.items() if value is not None or key != "default"}


def _add_conditions(description: dict[str, Any]) -> None:
    seen = {"name": "If-Match", "in": "header", "required": False, "example": '"5"'}
    seen |= {"description": "The context version you have seen, quoted or bare.", "schema": {"type": "string"}}
    for path in _IF_MATCH:
        description["paths"][path]["post"]["parameters"].append(seen)
        description["paths"][path]["post"]["responses"]["200"].setdefault("headers", {})["ETag"] = _ETAG
    description["paths"]["/v1/projects/{id}/context"]["get"]["responses"]["200"]["headers"]["ETag"] = _ETAG
    for path in ("/v1/inbox", "/v1/artifacts/{id}/sheet"):
        hashed = {"description": "The hash of the answer, quoted.", "schema": {"type": "string"}, "example": _A_HASH}
        description["paths"][path]["get"]["responses"]["200"]["headers"]["ETag"] = hashed
    known = {"name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"}}
    for path, tag in _IF_NONE_MATCH.items():
        told = {"description": "The ETag of what you have; 304 while it is the same.", "example": tag}
        description["paths"][path]["get"]["parameters"].append(known | told)
