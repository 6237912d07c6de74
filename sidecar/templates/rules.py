"""What a project's template asks of a path: `context_schema` read into rules. Pure.

{"brand.logo": {"approvals_required": 2, "producer_may_approve": false},
 "scene_images[*]": {"auto_approve": "$[?(@.score >= 0.9)]", "promote": "task_done"}}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from jsonpath_ng.exceptions import JsonPathLexerError, JsonPathParserError
from jsonpath_ng.ext.parser import parse


@dataclass(frozen=True, slots=True)
class PathRule:
    """The rules of one path. `auto_approve` is a JSONPath filter, matched against a list that holds the value alone."""

    approvals_required: int = 1
    producer_may_approve: bool = True
    auto_approve: str | None = None
    promote: Literal["approval", "task_done"] = "approval"


DEFAULT = PathRule()


def rule_for(context_schema: Any, path: str) -> PathRule:
    """The rule of `path` in a template's context_schema: its own entry, else the most particular wildcard's.

    A wildcard is `[*]` for any index and `*` for any segment. What cannot be read counts as not asked for.
    """
    if not isinstance(context_schema, Mapping):
        return DEFAULT
    entry = context_schema.get(path)
    if not isinstance(entry, Mapping):
        fitting = [key for key in context_schema if "*" in key and _pattern(key).fullmatch(path)]
        entry = context_schema[max(fitting, key=lambda key: (-key.count("*"), len(key)))] if fitting else None
    return _rule(entry) if isinstance(entry, Mapping) else DEFAULT


def matches(rule: str, value: Any) -> bool:
    """Whether a JSONPath filter such as `$[?(@.score >= 0.9)]` finds the value. One that cannot be read finds none."""
    expression = _expression(rule)
    try:
        return expression is not None and bool(expression.find([value]))
    except (TypeError, ValueError, AttributeError):
        return False  # the filter compares what the value does not have


def _rule(entry: Mapping[str, Any]) -> PathRule:
    required = entry.get("approvals_required")
    auto = entry.get("auto_approve")
    return PathRule(
        approvals_required=required if isinstance(required, int) and 1 <= required <= 20 else 1,
        producer_may_approve=entry.get("producer_may_approve") is not False,
        auto_approve=auto if isinstance(auto, str) and auto else None,
        promote="task_done" if entry.get("promote") == "task_done" else "approval",
    )


@lru_cache(maxsize=1000)
def _pattern(key: str) -> re.Pattern[str]:
    text = re.escape(key).replace(r"\[\*\]", r"\[[0-9]+\]").replace(r"\*", r"[A-Za-z0-9_-]+")
    return re.compile(text)


@lru_cache(maxsize=1000)
def _expression(rule: str) -> Any:
    try:
        return parse(rule)
    except (JsonPathLexerError, JsonPathParserError):
        return None
    except Exception:  # jsonpath-ng raises bare Exception for some texts that are no JSONPath
        return None
