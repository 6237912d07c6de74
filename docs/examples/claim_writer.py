"""An agent that writes a claim, is told no, and heeds what reviewers said.

    python docs/examples/claim_writer.py tea-house

No model is called: `model` is a few lines that do what a prompt asks for. SIDECAR_URL and SIDECAR_TOKEN say which
registry (`artifacts env` prints them).
"""

from __future__ import annotations

import sys

from sidecar.client import Registry, Version, current_run

registry = Registry()
BRIEF = "Write a claim for a tea house by the harbour."


def model(prompt: str) -> str:
    """What a language model would answer."""
    said = prompt.casefold()
    claim = "Tea by the sea" if "name the sea" in said else "Tea for everybody"
    return claim if "too loud" in said else f"{claim}!!!"


@registry.step("brand.claim", parameters={"prompt": BRIEF})
def claim(brief: str) -> str:
    lessons = registry.lessons(current_run().project, "brand.claim", max_characters=2000)
    prompt = f"{brief}\n\n{lessons}" if lessons else brief
    return model(prompt)


def write(project: str) -> Version:
    with registry.execution(project, "claim"):
        return claim(BRIEF)


if __name__ == "__main__":
    registry.projects.create_or_find(sys.argv[1])
    version = write(sys.argv[1])
    print(f"v{version.version_number} {version.status}: {version.value}")
