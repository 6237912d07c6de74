"""What the demo's agents draw: real files, the same every time."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image

from sidecar.demo import drawings, script

OUTPUTS = [value for value in vars(script).values() if isinstance(value, script.Output)]
FILES = [file for output in OUTPUTS for file in output.files]


@pytest.mark.parametrize(("kind", "draw"), [pytest.param(kind, draw, id=name) for name, kind, draw in FILES])
def test_a_drawing_is_a_file_of_its_kind_and_not_large(kind: str, draw: Callable[[], bytes]) -> None:
    content = draw()

    assert 10_000 < len(content) < 400_000
    if kind == "image/png":
        image = Image.open(io.BytesIO(content))
        assert image.format == "PNG"
        assert min(image.size) >= 600
    else:
        assert content.startswith(b"%PDF-")
        assert content.count(b"/Type /Page\n") == 3


@pytest.mark.parametrize("draw", [drawings.logo_sun, drawings.guidelines])
def test_a_drawing_is_the_same_every_time(draw: Callable[[], bytes]) -> None:
    assert draw() == draw()


def test_no_two_outputs_of_a_path_have_the_same_value() -> None:
    """The next play finds an interrupted play's versions by it."""
    seen = [(output.schema_key, str(output.value)) for output in OUTPUTS]
    assert len(seen) == len(set(seen))
