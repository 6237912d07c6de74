"""The OpenAPI 3.1 description, made from the code: flask-openapi3's, completed by what it cannot know."""

from __future__ import annotations

import copy
from typing import Any

from flask_openapi3.openapi import OpenAPI

from sidecar.answers import Errors, refusals
from sidecar.edge import WRITING
from sidecar.errors import CODES
from sidecar.idempotency.key import HEADER, LONGEST, REPLAYED

_HEADERS = {
    "X-Request-Id": "Names the request in every row and log line; answered back.",
    "X-Actor-Id": "With a service token: the Directus user it acts for.",
}


class DescribedApp(OpenAPI):
    """A Flask app whose description is completed once, when it is first asked for."""

    def generate_spec_json(self) -> None:
        """Called by flask-openapi3 for its own pages and for ours."""
        super().generate_spec_json()
        self.spec_json = complete(self.spec_json)


def complete(spec: dict[str, Any]) -> dict[str, Any]:
    """flask-openapi3's description with what is true of every operation."""
    description = copy.deepcopy(spec)
    description["openapi"] = "3.1.0"
    description["security"] = [{"bearer": []}]
    description["servers"] = [{"url": "/"}]
    schemas = description.setdefault("components", {}).setdefault("schemas", {})
    errors = Errors.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(errors.pop("$defs"))
    schemas["Errors"] = errors
    schemas.pop("ValidationErrorModel", None)  # flask-openapi3's own shape of a refusal, which nothing here answers
    for path in description["paths"].values():
        for method, operation in path.items():
            _complete(method, operation)
    _add_upload(description)
    _add_if_match(description)
    return description


def _complete(method: str, operation: dict[str, Any]) -> None:
    parameters = operation.setdefault("parameters", [])
    for name, meaning in _HEADERS.items():
        parameters.append(
            {"name": name, "in": "header", "required": False, "description": meaning, "schema": {"type": "string"}}
        )
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True
    if method.upper() in WRITING:
        _add_idempotency_key(operation)


def _add_idempotency_key(operation: dict[str, Any]) -> None:
    operation["parameters"].append(
        {
            "name": HEADER,
            "in": "header",
            "required": False,
            "description": "Names the request, quoted or bare, so that it may be sent again: the same caller, operation"
            f" and key get the first answer again, with {REPLAYED}: true.",
            "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST + 2},
            "example": '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
        }
    )
    replayed = {"description": "true: this is the answer to an earlier request.", "schema": {"type": "string"}}
    responses = operation["responses"]
    for status, response in responses.items():
        if status.startswith("2"):
            response.setdefault("headers", {})[REPLAYED] = replayed
    for code in ("idempotency_key_invalid", "idempotency_key_reused", "idempotency_key_in_use"):
        status = CODES[code].status
        described = responses.setdefault(str(status), refusals(code)[status])
        if f"`{code}`" not in described["description"]:
            described["description"] += f"; `{code}`: {CODES[code].sentence}"


def _add_upload(description: dict[str, Any]) -> None:
    content = description["paths"]["/v1/artifacts"]["post"]["requestBody"]["content"]
    fields = copy.deepcopy(description["components"]["schemas"]["SubmitBody"])
    fields["title"] = "SubmitUpload"
    for name in ("value", "metadata", "tags", "file_ids", "derived_from", "deduplicate"):
        fields["properties"][name] = {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "JSON text.",
        }
    fields["properties"]["files"] = {"type": "array", "items": {"type": "string", "format": "binary"}}
    description["components"]["schemas"]["SubmitUpload"] = fields
    content["multipart/form-data"] = {"schema": {"$ref": "#/components/schemas/SubmitUpload"}}


def _add_if_match(description: dict[str, Any]) -> None:
    description["paths"]["/v1/promotions"]["post"]["parameters"].append(
        {
            "name": "If-Match",
            "in": "header",
            "required": False,
            "description": "The context version you have seen, quoted or bare.",
            "schema": {"type": "string"},
            "example": '"5"',
        }
    )
    for path in ("/v1/projects/{id}/context",):
        description["paths"][path]["get"]["parameters"].append(
            {"name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"}, "example": '"5"'}
        )
