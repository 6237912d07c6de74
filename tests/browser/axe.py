"""axe-core in the page: what a person who does not see or does not use a mouse would stumble over."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "directus-extension" / "node_modules" / "axe-core" / "axe.min.js"


def accessible(page: Page, within: str = "main", *, but: tuple[str, ...] = ()) -> list[str]:
    """What axe finds within a selector, a line for each: rule, element, what is wrong. `but` are parts of Directus.

    The colours of Directus' own primary button are its theme's.
    """
    if not page.evaluate("() => 'axe' in window"):
        # Not as a script of the page: Directus' policy lets none in.
        page.evaluate(AXE.read_text(encoding="utf-8"))
    context = {"include": [[within]], "exclude": [[each] for each in (*but, ".v-button .button.normal")]}
    found = page.evaluate("context => axe.run(context, {resultTypes: ['violations']})", context)
    return [
        f"{rule['id']}: {node['target'][-1]}: {node['failureSummary'].splitlines()[-1].strip()}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
