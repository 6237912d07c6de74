"""Statuses as callers write them, for typed bodies and queries."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from sidecar.errors import CODES
from sidecar.executions.status import EXECUTIONS, STEPS, Machine, level_of

_INT = 2**31 - 1

ShortText = Annotated[str, StringConstraints(min_length=1, max_length=255)]
LongText = Annotated[str, StringConstraints(max_length=100_000)]
Word = Annotated[str, StringConstraints(max_length=50)]
Count = Annotated[int, Field(ge=0, le=_INT)]
Order = Annotated[int, Field(ge=-_INT, le=_INT)]


def _unknown(code: str) -> PydanticCustomError:
    return PydanticCustomError(code, f"{CODES[code].sentence} {CODES[code].next_step}")  # type: ignore[arg-type]


def _step_status(word: str) -> str:
    status = STEPS.named(word)
    if status is None:
        raise _unknown("step_status_known")
    return status


def _execution_status(word: str) -> str:
    status = "running" if level_of(word) is not None else EXECUTIONS.named(word)
    if status is None:
        raise _unknown("execution_status_known")
    return status


def _several(machine: Machine, code: str) -> Any:
    def check(words: str) -> str:
        named = [machine.named(word) for word in words.split(",")]
        if None in named:
            raise _unknown(code)
        return ",".join(filter(None, named))

    return check


StepStatus = Annotated[Word, AfterValidator(_step_status)]
ExecutionStatus = Annotated[Word, AfterValidator(_execution_status)]
_Words = Annotated[str, StringConstraints(max_length=300)]
StepStatuses = Annotated[_Words, AfterValidator(_several(STEPS, "step_status_known"))]
ExecutionStatuses = Annotated[_Words, AfterValidator(_several(EXECUTIONS, "execution_status_known"))]


class WithLevel(BaseModel):
    """Reads the level out of a status executing_level_N."""

    @model_validator(mode="before")
    @classmethod
    def _level(cls, data: Any) -> Any:
        word = data.get("status") if isinstance(data, dict) else None
        level = level_of(word) if isinstance(word, str) else None
        if level is None:
            return data
        if data.get("current_level", level) != level:
            raise PydanticCustomError("level_twice", "status and current_level name different levels")
        return {**data, "current_level": level}
