"""Structured feedback: what a remark is about, so that a screen can draw it and a program find it.

{"regions": [{"shape": "rect", "file_id": "…", "x": 0.1, "y": 0.2, "width": 0.3, "height": 0.1, "comment": "Dark"}]}

Feedback may be any JSON. Only an object's `regions` are looked at, each by its shape; whatever else stands beside them
is kept as it is.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

# A share of the picture's width or height, from its upper left corner.
Share = Annotated[float, Field(ge=0, le=1, strict=True)]
_LARGEST = 2**31 - 1


class _Region(BaseModel):
    model_config = ConfigDict(extra="allow")
    file_id: UUID | None = Field(None, description="Which of the version's files; else its primary one.")
    page: int | None = Field(None, strict=True, ge=1, le=_LARGEST, description="Of a document, counted from 1.")
    comment: str | None = Field(None, max_length=10_000, description="What is to be said of it.")


class PointRegion(_Region):
    """A pin on a picture."""

    shape: Literal["point"]
    x: Share
    y: Share


class RectRegion(_Region):
    """A rectangle on a picture: its upper left corner and its size."""

    shape: Literal["rect"]
    x: Share
    y: Share
    width: Share
    height: Share


class TimeRegion(_Region):
    """A moment or a stretch of sound or film, in seconds."""

    shape: Literal["time"]
    start: float = Field(strict=True, ge=0)
    end: float | None = Field(None, strict=True, ge=0, description="Left out for a moment. Not before start.")

    @model_validator(mode="after")
    def _forward(self) -> TimeRegion:
        _refuse_backwards(self.start, self.end)
        return self


class TextRegion(_Region):
    """Characters of a text, counted from 0; the one at `end` is no longer part of it."""

    shape: Literal["text"]
    pointer: str | None = Field(
        None, max_length=2000, description="Where the text stands in the value; else the value."
    )
    start: int = Field(strict=True, ge=0, le=_LARGEST)
    end: int = Field(strict=True, ge=0, le=_LARGEST, description="Not before start.")
    quote: str | None = Field(None, max_length=10_000, description="The characters themselves.")

    @model_validator(mode="after")
    def _forward(self) -> TextRegion:
        _refuse_backwards(self.start, self.end)
        return self


class PointerRegion(_Region):
    """A place in the value: a JSON pointer (RFC 6901), such as /panels/2/text."""

    shape: Literal["pointer"]
    pointer: str = Field(max_length=2000, pattern=r"^(/([^~/]|~[01])*)*$")


def _refuse_backwards(start: float, end: float | None) -> None:
    if end is not None and end < start:
        raise PydanticCustomError("region_order", "it ends before it begins")


Region = Annotated[PointRegion | RectRegion | TimeRegion | TextRegion | PointerRegion, Field(discriminator="shape")]


class RegionFeedback(BaseModel):
    """Feedback with regions. Other fields are free."""

    model_config = ConfigDict(extra="allow")
    regions: list[Region] | None = Field(None, max_length=500, description="What each remark is about.")


class _AnyFeedback:
    """Any JSON; the regions of an object are read by their shapes, and kept with the types they were read as."""

    def __get_pydantic_core_schema__(self, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(_read, handler(RegionFeedback))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        others = [{"type": kind} for kind in ("string", "number", "boolean", "array", "null")]
        return {"anyOf": [handler(schema), *others], "description": "Structured feedback: any JSON."}


def _read(value: Any, handler: core_schema.ValidatorFunctionWrapHandler) -> Any:
    if not isinstance(value, dict) or value.get("regions") is None:
        return value
    found: RegionFeedback = handler(value)
    return {**value, "regions": [region.model_dump(mode="json", exclude_unset=True) for region in found.regions or ()]}


Feedback = Annotated[Any, _AnyFeedback()]
