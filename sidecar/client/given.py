"""What a step is given: as JSON to be recorded, and as a hash that tells whether it has been given that before."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from sidecar.client.models import Submitted, Version
from sidecar.executions.inputs import input_hash

# Longer inputs are told apart by their hash alone; recording them would need more than one request takes.
_RECORDED_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Given:
    """`input` is JSON, `versions` are ids among it, `input_hash` is what the registry itself would work out."""

    input: Any
    versions: tuple[UUID, ...]
    parameters: Any
    input_hash: str | None
    recorded: Any = field(repr=False)  # `input`, or what is recorded in its place


def given(inputs: Mapping[str, Any], parameters: Any = None) -> Given:
    """Inputs by name: JSON, versions (which count by their id), bytes and paths of files (by their content).

    Raises TypeError for anything else, ValueError for what JSON cannot say.
    """
    versions: dict[UUID, None] = {}
    described, settings = _described(dict(inputs), "inputs", versions), _described(parameters, "parameters", {})
    known = input_hash(described, [str(version) for version in versions], settings)
    size = len(json.dumps(described))
    recorded = described if size <= _RECORDED_BYTES else {"input_hash": known, "bytes": size}
    return Given(described, tuple(versions), settings, known, recorded)


def _described(value: Any, place: str, versions: dict[UUID, None]) -> Any:
    if isinstance(value, Submitted):
        value = value.version
    if isinstance(value, Version):
        versions[value.id] = None
        return {"artifact_version_id": str(value.id)}
    if isinstance(value, bytes | bytearray):
        return {"sha256": hashlib.sha256(value).hexdigest()}
    if isinstance(value, os.PathLike):
        with Path(value).open("rb") as file:
            return {"sha256": hashlib.file_digest(file, "sha256").hexdigest()}
    if isinstance(value, Mapping):
        return {_name(name, place): _described(item, f"{place}.{name}", versions) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_described(item, f"{place}[{n}]", versions) for n, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{place} is {value}, which JSON cannot say")
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{place} is a {type(value).__name__}: inputs are JSON, versions, bytes and paths of files")


def _name(name: object, place: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{place} has the key {name!r}: keys of JSON are texts")
    return name
