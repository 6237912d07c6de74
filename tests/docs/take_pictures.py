"""Takes the pictures of docs/images from a running stack whose demo was played, as its reviewer.

python -m tests.docs.take_pictures [FOLDER OF THE STACK]
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from sidecar.demo.registry import Registry
from sidecar.stack.install import INSTALLED
from sidecar.stack.stack import Stack

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
SIZE = {"width": 1600, "height": 1000}
BROWSER = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def main(folder: Path) -> None:
    environment = Stack(folder).environment()
    registry = Registry(environment["SIDECAR_URL"], environment["SIDECAR_TOKEN"])
    project = registry.get("/v1/projects/tidewell")["data"]
    logos = registry.get("/v1/artifacts", project_id=project["id"], schema_key="brand.logo", status="pending")["data"]
    admin = environment["DIRECTUS_URL"] + "/admin/content"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=BROWSER)
        page = browser.new_context(viewport=SIZE).new_page()
        log_in(page, environment)
        open_page(page, f"{admin}/artifact_versions")
        page.screenshot(path=IMAGES / "versions.png")
        take_review(browser.new_context(viewport=SIZE).new_page(), environment, logos[0]["id"])
        open_page(page, f"{admin}/projects/{project['id']}")
        page.get_by_text("Context", exact=True).first.evaluate("title => title.scrollIntoView({block: 'start'})")
        page.wait_for_timeout(600)
        page.screenshot(path=IMAGES / "context.png")
        browser.close()


def take_review(page: Page, environment: Mapping[str, str], version: str) -> None:
    """The dialog of the Review button, which stands in the bar on the right."""
    log_in(page, environment, sidebar=True)
    open_page(page, f"{environment['DIRECTUS_URL']}/admin/content/artifact_versions/{version}")
    page.get_by_text("Flows", exact=True).click()
    page.locator("button:visible").filter(has_text=re.compile(r"Review\s*$")).first.click()
    page.locator("#dialog-outlet").get_by_text("Decision").first.wait_for()
    page.wait_for_timeout(600)
    page.screenshot(path=IMAGES / "review.png")


def log_in(page: Page, environment: Mapping[str, str], *, sidebar: bool = False) -> None:
    who = {"email": environment["DIRECTUS_REVIEWER_EMAIL"], "password": environment["DIRECTUS_REVIEWER_PASSWORD"]}
    page.request.post(f"{environment['DIRECTUS_URL']}/auth/login", data={**who, "mode": "session"})
    # The bar on the right holds nothing to look at.
    closed = json.dumps({"sidebar-collapsed": json.dumps(not sidebar), "nav-bar-size": "265"})
    page.add_init_script(f"for (const [k, v] of Object.entries({closed})) localStorage.setItem(k, v)")


def open_page(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1200)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else INSTALLED / "stack")
