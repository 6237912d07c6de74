"""What a project's template asks of a path: `context_schema` read into rules. Pure.

{"brand.logo": {"mime_types": ["image/*"], "approvals_required": 2, "producer_may_approve": false},
 "scene_images[*]": {"schema": {"type": "object"}, "auto_approve": "$[?(@.score >= 0.9)]", "promote": "task_done"},
 "additional_paths": false}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

from jsonpath_ng.exceptions import JsonPathLexerError, JsonPathParserError
from jsonpath_ng.ext.parser import parse
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError

from sidecar.paths import is_path
from sidecar.templates.schemas import SchemaBroken, compiled

# The one key of a context_schema that is no path: whether paths that no key names may be submitted.
ADDITIONAL = "additional_paths"

_MIME = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/(\*|[a-z0-9!#$&^_.+-]{1,127})")


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _mime(text: str) -> str:
    if not _MIME.fullmatch(text.lower()):
        raise PydanticCustomError("mime_type", "this is no type such as image/png or image/*")
    return text.lower()


def _jsonpath(text: str) -> str:
    if _expression(text) is None:
        raise PydanticCustomError("jsonpath", "this is no JSONPath filter")
    return text


def _json_schema(schema: Any) -> Any:
    if schema is not None:
        try:
            compiled(schema)
        except SchemaBroken as error:
            raise PydanticCustomError(
                "json_schema", "this is no usable JSON Schema: {why}", {"why": str(error)}
            ) from None
    return schema


def _document(value: Any) -> Any:
    return {"create": value} if isinstance(value, bool) else value


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class DocumentRule(_Words):
    """The document that promotion keeps for a path. `true` alone means one with the defaults."""

    create: bool = True
    category: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = None
    title: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = None


class ArchivedRule(_Words):
    """When archived versions lose their files: so many days after, the newest `keep_last` of the path never."""

    after_days: Annotated[int, Field(ge=0, le=36500)]
    keep_last: Annotated[int, Field(ge=0, le=10000)] = 0
    bytes: Literal["remove"] = "remove"


class StatusRule(_Words):
    """When versions of a status are archived: so many days after they came to it, the newest `keep_last` of them at the
    path never. `bytes` says what becomes of their files then."""

    after_days: Annotated[int, Field(ge=0, le=36500)]
    keep_last: Annotated[int, Field(ge=0, le=10000)] = 0
    bytes: Literal["keep", "remove"] = "keep"


class RetentionRule(_Words):
    """What becomes of versions in time, by their status. Approved and pending ones stay."""

    superseded: StatusRule | None = None
    rejected: StatusRule | None = None
    intermediate: StatusRule | None = None
    archived: ArchivedRule | None = None

    def by_status(self) -> dict[str, StatusRule | ArchivedRule]:
        said = {name: getattr(self, name) for name in ("superseded", "rejected", "intermediate", "archived")}
        return {name: rule for name, rule in said.items() if rule is not None}


class PathRule(_Words):
    """The rules of one path. `auto_approve` is a JSONPath filter, matched against a list that holds the value alone."""

    title: Annotated[str, StringConstraints(max_length=255)] | None = None
    description: str | None = None
    artifact_type: Literal["image", "audio", "video", "text", "json", "document"] | None = None
    mime_types: (
        Annotated[list[Annotated[str, AfterValidator(_mime)]], BeforeValidator(_listed), Field(min_length=1)] | None
    ) = None
    max_bytes: Annotated[int, Field(ge=1)] | None = None
    value_schema: Annotated[Any, AfterValidator(_json_schema)] = Field(default=None, alias="schema")
    approvals_required: Annotated[int, Field(ge=1, le=20)] = 1
    producer_may_approve: bool = True
    auto_approve: Annotated[str, AfterValidator(_jsonpath)] | None = None
    promote: Literal["approval", "task_done"] = "approval"
    document: Annotated[DocumentRule | None, BeforeValidator(_document)] = None
    retention: RetentionRule | None = None

    @property
    def plain(self) -> bool:
        """Whether one approval by anybody who may review decides, and promotes at once."""
        return self.approvals_required == 1 and self.promote == "approval"

    @property
    def asks_for_files(self) -> bool:
        """Whether the files must be looked at to know if a version fits."""
        return self.mime_types is not None or self.max_bytes is not None

    @property
    def keeps_document(self) -> bool:
        return self.document is not None and self.document.create


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of a template that cannot be read: the key it stands under, the word, and what is wrong."""

    path: str
    word: str
    message: str

    def shown(self) -> dict[str, str]:
        return {"path": self.path, "word": self.word, "message": self.message}


DEFAULT = PathRule()


def rule_for(context_schema: Any, path: str) -> PathRule:
    """The rule of `path` in a template's context_schema: its own entry, else the most particular wildcard's.

    A wildcard is `[*]` for any index and `*` for any segment. A word that cannot be read counts as not said here;
    `problems_at` names it, and whoever submits or approves is refused with it.
    """
    key = key_for(context_schema, path)
    return DEFAULT if key is None else readable(context_schema[key])


def key_for(context_schema: Any, path: str) -> str | None:
    """The key of a context_schema whose rule is `path`'s; None when no key names it."""
    if not isinstance(context_schema, Mapping):
        return None
    if path in context_schema and path != ADDITIONAL:
        return path
    fitting = [key for key in context_schema if "*" in key and _pattern(key).fullmatch(path)]
    return max(fitting, key=lambda key: (-key.count("*"), len(key))) if fitting else None


def problems_at(context_schema: Any, path: str) -> list[Problem]:
    """What of a template cannot be read, of that which concerns `path`."""
    if context_schema is None:
        return []
    if not isinstance(context_schema, Mapping):
        return [Problem("", "", "The context schema is no JSON object of paths.")]
    key = key_for(context_schema, path)
    found = [] if key is None else _read(context_schema[key], key)[1]
    additional = context_schema.get(ADDITIONAL, True)
    if not isinstance(additional, (bool, Mapping)):
        found.append(Problem(ADDITIONAL, "", "This is neither true nor false."))
    return found


def problems_of(context_schema: Any) -> list[Problem]:
    """Everything of a template that cannot be read."""
    if not isinstance(context_schema, Mapping):
        return problems_at(context_schema, "")
    found = [problem for problem in problems_at(context_schema, "") if problem.path == ADDITIONAL]
    for key in rule_keys(context_schema):
        if not is_path(key.replace("[*]", "[0]").replace("*", "x")):
            found.append(Problem(key, "", "This is no path and no pattern of one."))
        found += _read(context_schema[key], key)[1]
    return found


def rule_keys(context_schema: Any) -> list[str]:
    """The paths and patterns that a template names, in its order."""
    if not isinstance(context_schema, Mapping):
        return []
    return [key for key, entry in context_schema.items() if key != ADDITIONAL or isinstance(entry, Mapping)]


def names(context_schema: Any, path: str) -> bool:
    """Whether a version may be submitted at `path`: a key names it, or the template lets other paths in."""
    return others_welcome(context_schema) or key_for(context_schema, path) is not None


def others_welcome(context_schema: Any) -> bool:
    """Whether paths that no key names may be submitted: unless the template says additional_paths: false."""
    return not isinstance(context_schema, Mapping) or context_schema.get(ADDITIONAL) is not False


def matches(rule: str, value: Any) -> bool:
    """Whether a JSONPath filter such as `$[?(@.score >= 0.9)]` finds the value. One that cannot be read finds none."""
    expression = _expression(rule)
    try:
        return expression is not None and bool(expression.find([value]))
    except (TypeError, ValueError, AttributeError):
        return False  # the filter compares what the value does not have


def readable(entry: Any) -> PathRule:
    """The words of a rule that can be read."""
    return _read(entry, "")[0]


def _read(entry: Any, key: str) -> tuple[PathRule, list[Problem]]:
    if not isinstance(entry, Mapping):
        return DEFAULT, [Problem(key, "", "This is no JSON object of rules.")]
    try:
        return PathRule.model_validate(dict(entry)), []
    except ValidationError as error:
        broken = error.errors(include_url=False, include_context=False, include_input=False)
    problems = [Problem(key, ".".join(map(str, e["loc"])), _sentence(e)) for e in broken]
    unread = {e["loc"][0] for e in broken}
    return PathRule.model_validate({word: said for word, said in entry.items() if word not in unread}), problems


def _sentence(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "There is no such rule."
    message = error["msg"][:500]
    return f"{message[:1].upper()}{message[1:]}."


@lru_cache(maxsize=1000)
def _pattern(key: str) -> re.Pattern[str]:
    # Possessive: a star takes its whole segment or nothing, so no key makes a search long.
    text = re.escape(key).replace(r"\[\*\]", r"\[[0-9]++\]").replace(r"\*", r"[A-Za-z0-9_-]++")
    return re.compile(text)


@lru_cache(maxsize=1000)
def _expression(rule: str) -> Any:
    try:
        return parse(rule)
    except (JsonPathLexerError, JsonPathParserError):
        return None
    except Exception:  # jsonpath-ng raises bare Exception for some texts that are no JSONPath
        return None
