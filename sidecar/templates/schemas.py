"""JSON Schemas of values: compiled once, checked in bounded time, explained violation by violation.

Schemas are read by whoever edits templates, values sent by whoever submits: neither may take a worker for long. The
library fetches nothing, its regular expressions run in linear time (so look-around and back-references are refused as
no regular expressions), and `is_valid` looks at each place of a value once per part of the schema. Only its
explanations can grow without bound, where a schema refers to itself or a large value is wrong everywhere: those are
made in a process of their own, which is ended after EXPLAIN_SECONDS.
"""

from __future__ import annotations

import subprocess
import sys
from functools import lru_cache
from typing import Any

from jsonschema_rs import RegexOptions, ValidationError, validator_for
from pydantic_core import from_json, to_json

from sidecar.templates import explain

EXPLAIN_SECONDS = 1.0
# A value of this many bytes of JSON is explained at once, unless its schema refers to itself.
_SMALL = 10_000
_REFERS = (b'"$ref"', b'"$dynamicRef"', b'"$recursiveRef"')
_REGEX_BYTES = 1 << 20


class SchemaBroken(Exception):
    """The schema cannot be used; the text says why."""


def compiled(schema: Any) -> Any:
    """A validator of the schema (Draft 2020-12 unless its $schema says another). Raises SchemaBroken."""
    return _compiled(to_json(schema))


def faults(schema: Any, value: Any) -> list[explain.Fault]:
    """Every place where `value` does not fit `schema`, at most explain.MOST; [] when it fits.

    One fault at the root, when there is no telling in time. Raises SchemaBroken.
    """
    validator = compiled(schema)
    try:
        if validator.is_valid(value):
            return []
        text, sent = to_json(schema), to_json(value)
    except ValueError:
        return [explain.Fault("", "The value is nested too deeply to be checked.", "")]
    if len(sent) <= _SMALL and not any(word in text for word in _REFERS):
        return explain.faults(validator, value)
    return _explained_apart(text, sent)


@lru_cache(maxsize=500)
def _compiled(text: bytes) -> Any:
    try:
        return make(from_json(text))
    except ValidationError as error:
        raise SchemaBroken(error.message[:300]) from None
    except (ValueError, TypeError, OverflowError) as error:
        raise SchemaBroken(str(error)[:300]) from None


def make(schema: Any) -> Any:
    """A validator that fetches nothing and bounds its regular expressions."""
    options = RegexOptions(size_limit=_REGEX_BYTES, dfa_size_limit=_REGEX_BYTES)
    return validator_for(schema, validate_formats=True, offline=True, pattern_options=options)


def _explained_apart(schema: bytes, value: bytes) -> list[explain.Fault]:
    command = [sys.executable, "-P", "-c", "from sidecar.templates.schemas import explain_stdin; explain_stdin()"]
    try:
        made = subprocess.run(
            command, input=b"[%s,%s]" % (schema, value), capture_output=True, timeout=EXPLAIN_SECONDS, check=True
        )
        return [explain.Fault(*fault) for fault in from_json(made.stdout)]
    except (subprocess.SubprocessError, OSError, ValueError, TypeError):
        return [explain.Fault("", "The value does not fit its schema.", "")]


def explain_stdin() -> None:
    """The process of its own: [schema, value] in, faults out."""
    schema, value = from_json(sys.stdin.buffer.read())
    found = explain.faults(make(schema), value)
    sys.stdout.buffer.write(to_json([[f.pointer, f.message, f.schema_path] for f in found]))
