"""Every answer a test receives is held against the API's own description of it."""

from __future__ import annotations

import re
from typing import Any

from flask_openapi3.openapi import OpenAPI
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from werkzeug.test import TestResponse

# Said by the machinery in front of every operation, wherever it is.
_EVERYWHERE = {"400", "404", "405", "413", "415"}


class Description:
    """The OpenAPI description of an app, as a judge of its answers."""

    def __init__(self, app: OpenAPI) -> None:
        self.paths: dict[str, Any] = app.api_doc["paths"]
        # An address itself comes before one that it would fit: /artifacts/counts is an /artifacts/{id}, too.
        routes = sorted(self.paths, key=lambda path: path.count("{"))
        self.routes = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in routes]
        whole = Resource.from_contents({**app.api_doc, "$schema": "https://json-schema.org/draft/2020-12/schema"})
        self.registry: Registry = Registry().with_resource("urn:api", whole)
        self.validators: dict[tuple[str, str, str], Draft202012Validator] = {}

    def judge(self, method: str, path: str, answer: TestResponse) -> None:
        """Fail when the answer's status or body is not what the description says."""
        route = next((route for pattern, route in self.routes if pattern.fullmatch(path)), None)
        if route is None or method.lower() not in self.paths[route]:
            return
        status = str(answer.status_code)
        responses = self.paths[route][method.lower()]["responses"]
        errors = answer.json["errors"][0]["extensions"]["code"] if answer.status_code >= 400 else ""
        assert status in responses or status in _EVERYWHERE, f"{method} {route} does not describe {status} {errors}"
        if answer.data and status in responses and not answer.is_json:
            assert answer.mimetype in responses[status]["content"], f"{method} {route} {status}: {answer.mimetype}"
        elif answer.data and status in responses:
            failures = list(self._validator(route, method.lower(), status).iter_errors(answer.json))
            assert not failures, f"{method} {route} {status}: {failures[0].message} at {failures[0].json_path}"

    def _validator(self, route: str, method: str, status: str) -> Draft202012Validator:
        key = (route, method, status)
        if key not in self.validators:
            place = "/".join(["paths", _escaped(route), method, "responses", status, "content", "application~1json"])
            schema = {"$ref": f"urn:api#/{place}/schema"}
            self.validators[key] = Draft202012Validator(schema, registry=self.registry)
        return self.validators[key]


def _escaped(part: str) -> str:
    """As a JSON pointer within a URI fragment writes it."""
    return part.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
