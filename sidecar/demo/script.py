"""What happens in the demo, as data: a tea house has its spring brand made by two runs, and a person reviews."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sidecar.demo import drawings

PROJECT = {"key": "tidewell", "title": "Tidewell spring brand"}


@dataclass(frozen=True)
class Task:
    """A piece of work. `due` is in days from now; `status` is the one it is created with."""

    title: str
    schema_key: str
    description: str
    due: int
    status: str = "todo"


@dataclass(frozen=True)
class Output:
    """Something an agent made. `files` are (name, content type, drawing); `made_from` names paths of the context."""

    schema_key: str
    title: str
    value: Any
    files: tuple[tuple[str, str, Callable[[], bytes]], ...] = ()
    made_from: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """A step of a run and what it submits, each output for the task of that title."""

    name: str
    outputs: tuple[tuple[str, Output], ...] = ()
    attempt: int = 1
    status: str = "completed"
    error: str | None = None
    input: Any = None


@dataclass(frozen=True)
class Run:
    """One run of a workflow, for the task of that title."""

    name: str
    task: str
    engine: str
    description: str
    steps: tuple[Step, ...] = field(default=())


@dataclass(frozen=True)
class Verdict:
    """What the reviewer says about an output."""

    output: Output
    action: str
    reason: str
    feedback: Any = None


IDENTITY = Task(
    "Design the brand identity",
    "brand",
    "A mark, a palette and type for a tea house by the harbour. Three marks to choose from.",
    due=-1,
    status="in_progress",
)
GUIDELINES = Task("Write the brand guidelines", "brand.guidelines", "Three pages for the printer and the web shop.", 5)
CARD = Task("Lay out the business card", "deliverables.business_card", "Front and back, 85 × 49 mm.", 7)
POSTS = Task("Design the launch posts", "social.posts", "Three square pictures for the week of the opening.", 9)
TAGLINE = Task("Find the tagline", "copy.tagline", "Six words or fewer. No puns on tea.", 3)
SIGN = Task("Paint the shop sign", "deliverables.sign", "Waits for the guidelines.", 21)
TASKS = (IDENTITY, GUIDELINES, CARD, POSTS, TAGLINE, SIGN)


def _png(name: str, drawing: Callable[[], bytes]) -> tuple[str, str, Callable[[], bytes]]:
    return (f"{name}.png", "image/png", drawing)


LOGO_SUN = Output(
    "brand.logo",
    "sun over three tides",
    {"concept": "Sun over three tides", "dimensions": "1000x1000", "format": "PNG"},
    (_png("logo-sun", drawings.logo_sun),),
)
LOGO_LEAF = Output(
    "brand.logo",
    "three tea leaves",
    {"concept": "Three tea leaves", "dimensions": "1000x1000", "format": "PNG"},
    (_png("logo-leaf", drawings.logo_leaf),),
)
LOGO_MONOGRAM = Output(
    "brand.logo",
    "monogram with a wave",
    {"concept": "Monogram with a wave", "dimensions": "1000x1000", "format": "PNG"},
    (_png("logo-monogram", drawings.logo_monogram),),
)
COLORS = Output(
    "brand.colors",
    "the palette",
    {
        "primary": drawings.SEA,
        "secondary": drawings.TIDE,
        "accent": drawings.SUN,
        "background": drawings.SAND,
        "paper": drawings.FOAM,
    },
)
TYPOGRAPHY = Output(
    "brand.typography",
    "the type",
    {
        "family": "Aileron",
        "headline": {"size": 92, "line_height": 1.1, "case": "sentence"},
        "text": {"size": 48, "line_height": 1.4},
        "label": {"size": 36, "case": "upper", "spacing": 0.28},
    },
)
GUIDELINES_PDF = Output(
    "brand.guidelines",
    "the guidelines",
    {"pages": 3, "sections": ["mark", "colours", "type"]},
    (("brand-guidelines.pdf", "application/pdf", drawings.guidelines),),
    ("brand.logo", "brand.colors", "brand.typography"),
)
BUSINESS_CARD = Output(
    "deliverables.business_card",
    "the card, front and back",
    {"size_mm": [85, 49], "stock": "400 g uncoated", "sides": ["front", "back"]},
    (
        _png("business-card-front", drawings.business_card_front),
        _png("business-card-back", drawings.business_card_back),
    ),
    ("brand.logo", "brand.colors"),
)
POST_OPENING = Output(
    "social.posts[0].image",
    "post 1, the opening",
    {"headline": "We open", "channel": "square", "alt": "A pale sun rises behind three tides."},
    (_png("post-1-opening", drawings.post_opening),),
    ("brand.colors",),
)
POST_BLEND = Output(
    "social.posts[1].image",
    "post 2, the spring blend",
    {"headline": "Spring blend", "channel": "square", "alt": "Three tea leaves above the words Spring blend."},
    (_png("post-2-blend", drawings.post_blend),),
    ("brand.colors",),
)
POST_QUOTE = Output(
    "social.posts[2].image",
    "post 3, a quiet line",
    {"headline": "Pour. Wait. Look at the sea.", "channel": "square", "alt": "A small orange sun on deep green."},
    (_png("post-3-quiet", drawings.post_quote),),
    ("brand.colors", "brand.typography"),
)
TAGLINE_PUN = Output("copy.tagline", "a first tagline", "Oolong way from ordinary")
TAGLINE_SLOW = Output("copy.tagline", "a second tagline", "Slow tea for quick days")

DESIGN = Run(
    "Brand identity",
    IDENTITY.title,
    "n8n",
    "Draws three marks, chooses a palette and sets the type.",
    (
        Step("Read the context", input={"project": PROJECT["key"]}),
        Step("Draw three marks", attempt=1, status="failed", error="The image model gave no answer within 60 s."),
        Step("Draw three marks", tuple((IDENTITY.title, o) for o in (LOGO_SUN, LOGO_LEAF, LOGO_MONOGRAM)), attempt=2),
        Step("Choose the palette", ((IDENTITY.title, COLORS),), input={"mood": ["sea", "morning", "calm"]}),
        Step("Set the type", ((IDENTITY.title, TYPOGRAPHY),)),
    ),
)
LAUNCH = Run(
    "Launch material",
    POSTS.title,
    "langgraph",
    "Makes everything the opening needs out of the approved brand.",
    (
        Step("Lay out the guidelines", ((GUIDELINES.title, GUIDELINES_PDF),)),
        Step("Lay out the business card", ((CARD.title, BUSINESS_CARD),)),
        Step("Draw the posts", tuple((POSTS.title, post) for post in (POST_OPENING, POST_BLEND, POST_QUOTE))),
        Step("Write a tagline", ((TAGLINE.title, TAGLINE_PUN),), input={"words": 6}),
    ),
)
AFTER_THE_REVIEW = Step(
    "Write another tagline", ((TAGLINE.title, TAGLINE_SLOW),), input={"words": 6, "avoid": ["puns on tea"]}
)
# The last thing that happens in the play; who finds it knows that the play is over.
LAST_STEP = Step("Draw post 2 again", status="running", input={"feedback": "Use the approved mark."})

FIRST_REVIEW = (
    Verdict(LOGO_SUN, "approve", "Reads well at the size of a stamp, and it is the harbour."),
    Verdict(
        LOGO_LEAF,
        "reject",
        "Looks like a spa, and berry is not in the palette. Keep the sea in the mark.",
        {"problems": ["off palette", "wrong association"], "keep": "the calm outline"},
    ),
    Verdict(COLORS, "approve", "Warm enough next to the sea greens."),
    Verdict(TYPOGRAPHY, "approve", "Fine in print and on the web."),
)
SECOND_REVIEW = (
    Verdict(
        POST_BLEND,
        "request_changes",
        "The three leaves were rejected as a mark. Show the approved one, and make the ingredients larger.",
        {"regions": [{"shape": "rect", "x": 0.3, "y": 0.19, "width": 0.4, "height": 0.39, "comment": "The old mark."}]},
    ),
    Verdict(TAGLINE_PUN, "reject", "A pun on tea. The brief said none."),
)
