"""A scene becomes a picture in eleven steps, and every step's output can be reviewed, edited, locked and made again.

    python docs/examples/story_pipeline.py harbour --text "Robin waits. ..."

No model is called: what each step "generates" is worked out by a few lines, so that the same scene gives the same page.
SIDECAR_URL and SIDECAR_TOKEN say which registry (`artifacts env` prints them).
"""

from __future__ import annotations

import argparse
import io
import os
import re
import signal
from typing import Any

from PIL import Image, ImageDraw

from sidecar.client import Output, OutputRejected, Registry, Version, current_run

SCENE = "Robin waits at the pier. Fog hides the boat. 'Who goes there?' calls Robin. A lantern answers."
SIZE = 600

registry = Registry()
crash_in: str | None = None


@registry.step("scene_intent")
def scene_intent(text: str) -> Any:
    """Mood, pacing and key beats of the scene."""
    beats = [beat.strip() for beat in re.split(r"(?<=[.?!])'?\s+", text) if beat.strip()]
    mood = "uneasy" if "fog" in text.lower() else "calm"
    return {"mood": mood, "pacing": "slow" if len(beats) > 3 else "quick", "beats": beats}


@registry.step("visual_plan")
def visual_plan(text: str) -> Any:
    """Who is to be seen."""
    names = sorted(set(re.findall(r"\b[A-Z][a-z]+(?= (?:waits|calls))", text)))
    return {"characters": [{"name": name, "coat": "#8C2F4B"} for name in names]}


@registry.step("dialogue_suggestions")
def dialogue_suggestions(text: str) -> Any:
    """Who says what."""
    found = re.findall(r"'([^']+)' calls (\w+)", text)
    return {"lines": [{"speaker": who, "line": line, "emotion": "wary"} for line, who in found]}


@registry.step("panel_plan", parameters={"grammar": 1})
def panel_plan(intent: Version) -> Any:
    """A panel for each beat."""
    grammar = ["establishing", "detail", "reaction", "reveal"]
    panels = [
        {"grammar_id": grammar[n % 4], "weight": 2 if n == 0 else 1, "must_show": beat}
        for n, beat in enumerate(intent.value["beats"])
    ]
    return {"panels": panels}


@registry.step("panel_plan_normalized")
def panel_plan_normalized(plan: Version) -> Any:
    """Weights that add up to one."""
    panels = plan.value["panels"]
    whole = sum(panel["weight"] for panel in panels)
    return {"panels": [{**panel, "weight": round(panel["weight"] / whole, 3)} for panel in panels]}


@registry.step("layout_template")
def layout_template(plan: Version) -> Any:
    """Where each panel stands, in parts of the page. What reviewers did not like last time is heeded."""
    asked = " ".join(version.rejection_reason or "" for version in rejected("layout_template"))
    gutter = 0.03 if "gutter" in asked else 0.0
    top, boxes = 0.0, []
    for panel in plan.value["panels"]:
        box = {"x": gutter, "y": top + gutter / 2, "w": 1 - 2 * gutter, "h": panel["weight"] - gutter}
        boxes.append({side: round(length, 3) for side, length in box.items()})
        top += panel["weight"]
    return {"panels": boxes, "gutter": gutter}


@registry.step("panel_semantics")
def panel_semantics(plan: Version, visual: Version, dialogue: Version) -> Any:
    """What each panel shows, and who speaks in it."""
    return {
        "panels": [
            {
                "shows": panel["must_show"],
                "characters": [c for c in visual.value["characters"] if c["name"] in panel["must_show"]],
                "dialogue": [line for line in dialogue.value["lines"] if line["line"] in panel["must_show"]],
            }
            for panel in plan.value["panels"]
        ]
    }


@registry.step("render_spec", parameters={"style": "flat"})
def render_spec(semantics: Version, layout: Version, mood: str) -> Any:
    """Everything a renderer needs."""
    pairs = zip(layout.value["panels"], semantics.value["panels"], strict=True)
    ground = "#9FB4B2" if mood == "uneasy" else "#F6EFE3"
    return {"ground": ground, "panels": [{**box, "coats": [c["coat"] for c in p["characters"]]} for box, p in pairs]}


@registry.step("render_result")
def render_result(spec: Version) -> Any:
    """The page: a PNG, and how it was made."""
    page = Image.new("RGB", (SIZE, SIZE), "white")
    draw = ImageDraw.Draw(page)
    for panel in spec.value["panels"]:
        x, y, w, h = (round(panel[side] * SIZE) for side in "xywh")
        draw.rectangle((x, y, x + w - 1, y + h - 1), fill=spec.value["ground"], outline="black")
        for n, coat in enumerate(panel["coats"]):
            draw.ellipse((x + 20 + 40 * n, y + h // 2 - 15, x + 50 + 40 * n, y + h // 2 + 15), fill=coat)
    if crash_in == "render_result":
        os.kill(os.getpid(), signal.SIGKILL)
    png = io.BytesIO()
    page.save(png, "PNG")
    return Output({"width": SIZE, "height": SIZE}, files=[("page.png", png.getvalue())])


@registry.step("qc_report")
def qc_report(result: Version, layout: Version) -> Any:
    """What a machine can find wrong."""
    issues = [] if layout.value["gutter"] else ["panels touch"]
    return {"width": result.files[0].width, "issues": issues, "passed": not issues}


@registry.step("blind_test_report")
def blind_test_report(semantics: Version, intent: Version) -> Any:
    """Whether a reader who sees the panels only would find the beats."""
    seen = [panel["shows"] for panel in semantics.value["panels"]]
    found = [beat for beat in intent.value["beats"] if beat in seen]
    return {"clarity": round(len(found) / len(intent.value["beats"]), 2)}


def rejected(path: str) -> list[Version]:
    return list(registry.versions.rejected(current_run().project, path))


def play(text: str) -> None:
    """The whole pipeline, written as if every step always ran."""
    intent = scene_intent(text)
    visual, dialogue = visual_plan(text), dialogue_suggestions(text)
    plan = panel_plan_normalized(panel_plan(intent))
    layout = layout_template(plan)
    semantics = panel_semantics(plan, visual, dialogue)
    # A value instead of a version: another intent with the same mood is no reason to render again.
    result = render_result(render_spec(semantics, layout, intent.value["mood"]))
    qc_report(result, layout)
    blind_test_report(semantics, intent)


def main() -> None:
    global crash_in
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", help="the scene's key")
    parser.add_argument("--text", default=SCENE)
    parser.add_argument("--lease", type=float, default=30, help="seconds of silence after which a run counts as dead")
    parser.add_argument("--crash-in", help="be killed in this step, to see what happens then")
    arguments = parser.parse_args()
    crash_in = arguments.crash_in

    registry.projects.create_or_find(arguments.project, kind="scene")
    run = registry.execution(arguments.project, "story", lease=arguments.lease)
    try:
        with run:
            play(arguments.text)
    except OutputRejected as error:
        print(error.sentence)
        raise SystemExit(1) from None
    finally:
        for done in run.done:
            print(f"{done.how:7} {done.step_name:22} v{done.version.version_number} {done.version.status}")


if __name__ == "__main__":
    main()
