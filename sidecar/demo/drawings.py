"""What the demo's agents "generate": pictures of an invented tea house, drawn with Pillow. The same bytes every time.

Drawn three times as large and reduced, which smooths the edges. Coordinates are those of the finished picture.
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable, Iterator

from PIL import Image, ImageDraw, ImageFont

SEA, TIDE, FOAM, SAND, SUN = "#12403F", "#2F7F79", "#EAF3EE", "#F6EFE3", "#F2A65A"
BERRY = "#8C2F4B"

_SCALE = 3
_LOGO = 1000
_POST = 1080
_CARD = (1050, 600)
_PAGE = (1400, 990)
# A PDF names the moment it was made; this one was made when the demo was written.
_MADE = time.struct_time((2025, 3, 3, 9, 0, 0, 0, 62, 0))

Point = tuple[float, float]


class Sheet:
    """A picture being drawn."""

    def __init__(self, width: float, height: float, ground: str) -> None:
        self.image = Image.new("RGB", (round(width * _SCALE), round(height * _SCALE)), ground)
        self.draw = ImageDraw.Draw(self.image)

    def circle(self, x: float, y: float, radius: float, fill: str) -> None:
        box = [(x - radius) * _SCALE, (y - radius) * _SCALE, (x + radius) * _SCALE, (y + radius) * _SCALE]
        self.draw.ellipse(box, fill=fill)

    def box(self, x: float, y: float, width: float, height: float, fill: str, corner: float = 0) -> None:
        box = [x * _SCALE, y * _SCALE, (x + width) * _SCALE, (y + height) * _SCALE]
        self.draw.rounded_rectangle(box, corner * _SCALE, fill=fill)

    def shape(self, points: Iterator[Point], fill: str) -> None:
        self.draw.polygon([(x * _SCALE, y * _SCALE) for x, y in points], fill=fill)

    def text(
        self, x: float, y: float, text: str, size: float, fill: str, spacing: float = 0, anchor: str = "m"
    ) -> None:
        """One line around `y`; `anchor` says what `x` is: l(eft), m(iddle), r(ight). `spacing` lies between letters."""
        font = ImageFont.load_default(size * _SCALE)
        advances = [font.getlength(letter) + spacing * _SCALE for letter in text]
        whole = sum(advances) - spacing * _SCALE
        left = x * _SCALE - {"l": 0, "m": whole / 2, "r": whole}[anchor]
        for letter, advance in zip(text, advances, strict=True):
            self.draw.text((left, y * _SCALE), letter, font=font, fill=fill, anchor="lm")
            left += advance

    def inside_circle(self, x: float, y: float, radius: float, paint: Callable[[Sheet], None]) -> None:
        """Whatever `paint` draws, cut to a circle."""
        layer = Sheet(self.image.width / _SCALE, self.image.height / _SCALE, "#000")
        layer.image.paste(self.image)
        paint(layer)
        mask = Image.new("L", self.image.size, 0)
        box = [(x - radius) * _SCALE, (y - radius) * _SCALE, (x + radius) * _SCALE, (y + radius) * _SCALE]
        ImageDraw.Draw(mask).ellipse(box, fill=255)
        self.image.paste(layer.image, mask=mask)

    def finished(self) -> Image.Image:
        size = (self.image.width // _SCALE, self.image.height // _SCALE)
        return self.image.resize(size, Image.Resampling.LANCZOS)

    def png(self) -> bytes:
        return _saved(self.finished(), "PNG", optimize=True)


def logo_sun() -> bytes:
    """The first candidate: the sun over three tides."""
    sheet = Sheet(_LOGO, _LOGO, SAND)
    _sun_mark(sheet, 500, 415, 265, SEA)
    _wordmark(sheet, 500, 800, 104, SEA)
    return sheet.png()


def logo_leaf() -> bytes:
    """The second candidate: three tea leaves."""
    sheet = Sheet(_LOGO, _LOGO, FOAM)
    _leaf_mark(sheet, 500, 560, 330, BERRY, SUN)
    sheet.text(500, 800, "tidewell", 130, BERRY)
    return sheet.png()


def logo_monogram() -> bytes:
    """The third candidate: a T whose bar is a wave."""
    sheet = Sheet(_LOGO, _LOGO, "#FFFFFF")
    sheet.box(240, 150, 520, 520, SEA, corner=120)
    sheet.shape(_band(320, 680, 300, 26, 360, 70), SUN)
    sheet.box(462, 330, 76, 260, FOAM, corner=12)
    _wordmark(sheet, 500, 800, 92, SEA)
    return sheet.png()


def business_card_front() -> bytes:
    sheet = Sheet(*_CARD, SEA)
    _sun_mark(sheet, 525, 235, 135, FOAM)
    _wordmark(sheet, 525, 452, 58, FOAM)
    sheet.text(525, 515, "TEA HOUSE BY THE SEA", 20, SUN, spacing=6)
    return sheet.png()


def business_card_back() -> bytes:
    sheet = Sheet(*_CARD, SAND)
    sheet.shape(_wave(0, 1050, 520, 12, 350, 600), TIDE)
    sheet.shape(_wave(0, 1050, 552, 12, 300, 600, phase=1.3), SEA)
    _sun_mark(sheet, 905, 130, 62, SEA)
    sheet.text(90, 130, "Mara Lindqvist", 54, SEA, anchor="l")
    sheet.text(90, 185, "Head of the kettle", 28, TIDE, anchor="l")
    for row, line in enumerate(("mara@tidewell.example", "+44 1632 960 118", "3 Harbour Steps, Tidewell Bay")):
        sheet.text(90, 300 + row * 52, line, 30, SEA, anchor="l")
    return sheet.png()


def post_opening() -> bytes:
    """Social post 1: the sun rises, the doors open."""
    sheet = Sheet(_POST, _POST, SUN)
    sheet.circle(540, 590, 250, SAND)
    for row, (fill, phase) in enumerate(((TIDE, 0.0), ("#1F625E", 1.6), (SEA, 3.1))):
        sheet.shape(_wave(0, _POST, 640 + row * 120, 24, 420 - row * 40, _POST, phase), fill)
    sheet.text(540, 150, "WE OPEN", 110, SEA, spacing=16)
    sheet.text(540, 250, "first day of spring", 50, SEA)
    sheet.text(540, 985, "TIDEWELL", 44, FOAM, spacing=18)
    return sheet.png()


def post_blend() -> bytes:
    """Social post 2: the spring blend."""
    sheet = Sheet(_POST, _POST, FOAM)
    _leaf_mark(sheet, 540, 620, 400, TIDE, SUN)
    sheet.text(540, 760, "SPRING BLEND", 92, SEA, spacing=10)
    sheet.text(540, 845, "green tea, sea buckthorn, mint", 44, TIDE)
    sheet.text(540, 985, "TIDEWELL", 38, TIDE, spacing=16)
    return sheet.png()


def post_quote() -> bytes:
    """Social post 3: a line of type on the deep sea."""
    sheet = Sheet(_POST, _POST, SEA)
    sheet.circle(900, 190, 110, SUN)
    for row, line in enumerate(("Pour.", "Wait.", "Look at the sea.")):
        sheet.text(110, 420 + row * 130, line, 112, FOAM, anchor="l")
    sheet.shape(_band(110, 470, 830, 9, 120, 16), TIDE)
    sheet.text(110, 960, "TIDEWELL", 38, SUN, spacing=16, anchor="l")
    return sheet.png()


def guidelines() -> bytes:
    """Three pages: the mark, the colours, the type."""
    pages = [page.finished() for page in (_page_of_mark(), _page_of_colors(), _page_of_type())]
    return _saved(
        pages[0],
        "PDF",
        save_all=True,
        append_images=pages[1:],
        resolution=120,
        title="Tidewell brand guidelines",
        creationDate=_MADE,
        modDate=_MADE,
    )


def _page_of_mark() -> Sheet:
    sheet = Sheet(*_PAGE, SEA)
    _sun_mark(sheet, 700, 400, 210, FOAM)
    _wordmark(sheet, 700, 735, 84, FOAM)
    sheet.text(700, 825, "Brand guidelines, spring", 34, SUN)
    return sheet


def _page_of_colors() -> Sheet:
    sheet = _page("Colours")
    named = (("Sea", SEA, FOAM), ("Tide", TIDE, FOAM), ("Foam", FOAM, SEA), ("Sand", SAND, SEA), ("Sun", SUN, SEA))
    for column, (name, fill, ink) in enumerate(named):
        left = 110 + column * 240
        sheet.box(left, 270, 220, 480, fill, corner=18)
        sheet.text(left + 28, 660, name, 38, ink, anchor="l")
        sheet.text(left + 28, 710, fill, 26, ink, anchor="l")
    return sheet


def _page_of_type() -> Sheet:
    sheet = _page("Type")
    sheet.text(110, 330, "Slow tea for quick days", 92, SEA, anchor="l")
    sheet.text(110, 430, "Headlines 92 / 1.1, sentence case, never bold", 30, TIDE, anchor="l")
    sheet.text(110, 570, "We blend by the harbour, in small tins.", 48, SEA, anchor="l")
    sheet.text(110, 640, "Text 48 / 1.4", 30, TIDE, anchor="l")
    sheet.text(110, 770, "OPEN EVERY DAY", 36, SEA, spacing=10, anchor="l")
    sheet.text(110, 830, "Labels 36, capitals, wide", 30, TIDE, anchor="l")
    return sheet


def _page(title: str) -> Sheet:
    sheet = Sheet(*_PAGE, "#FFFFFF")
    sheet.text(110, 150, title, 64, SEA, anchor="l")
    _sun_mark(sheet, 1250, 140, 60, SEA)
    return sheet


def _sun_mark(sheet: Sheet, x: float, y: float, radius: float, ink: str) -> None:
    """A sun over three tides in a ring. Ring and lowest tide are in `ink`, the rest in the colours of the brand."""

    def paint(layer: Sheet) -> None:
        layer.circle(x, y, radius, SAND if ink == SEA else TIDE)
        layer.circle(x, y - radius * 0.05, radius * 0.46, SUN)
        tides = ((0.18, "#77B0A4", 0.0), (0.42, TIDE if ink == SEA else "#A9CFC5", 1.7), (0.68, ink, 3.3))
        for height, fill, phase in tides:
            top = y + radius * height
            layer.shape(_wave(x - radius, x + radius, top, radius * 0.07, radius * 1.1, y + radius, phase), fill)

    sheet.circle(x, y, radius * 1.08, ink)
    sheet.inside_circle(x, y, radius, paint)


def _leaf_mark(sheet: Sheet, x: float, y: float, length: float, ink: str, accent: str) -> None:
    """Two leaves that lean outwards and one that stands between them, growing from (x, y)."""
    for lean, size, fill in ((-42, 0.86, ink), (42, 0.86, ink), (0, 1.0, accent)):
        sheet.shape(_leaf(x, y, length * size, length * 0.36 * size, math.radians(lean)), fill)


def _wordmark(sheet: Sheet, x: float, y: float, size: float, ink: str) -> None:
    sheet.text(x, y, "TIDEWELL", size, ink, spacing=size * 0.16)


def _wave(
    left: float, right: float, top: float, swing: float, length: float, bottom: float, phase: float = 0
) -> Iterator[Point]:
    """The area below a wave."""
    yield left, bottom
    for x in _steps(left, right):
        yield x, top + swing * math.sin(2 * math.pi * (x - left) / length + phase)
    yield right, bottom


def _band(left: float, right: float, middle: float, swing: float, length: float, width: float) -> Iterator[Point]:
    """A stroke along a wave."""
    curve = [(x, middle + swing * math.sin(2 * math.pi * (x - left) / length)) for x in _steps(left, right)]
    yield from ((x, y - width / 2) for x, y in curve)
    yield from ((x, y + width / 2) for x, y in reversed(curve))


def _leaf(x: float, y: float, length: float, width: float, lean: float) -> Iterator[Point]:
    """A leaf from its stalk at (x, y) upwards, leaning by an angle."""
    outline = [(width / 2 * math.sin(math.pi * t**0.85), -length * t) for t in _steps(0, 1, 1 / 60)]
    for across, up in [*outline, *((-across, up) for across, up in reversed(outline))]:
        yield x + across * math.cos(lean) - up * math.sin(lean), y + across * math.sin(lean) + up * math.cos(lean)


def _steps(first: float, last: float, step: float = 2) -> Iterator[float]:
    count = round((last - first) / step)
    return (first + (last - first) * index / count for index in range(count + 1))


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()
