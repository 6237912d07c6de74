"""The page of one candidate in the Review desk, as a reviewer uses it."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Desk


class ReviewPage:
    def __init__(self, desk: Desk):
        self.desk = desk
        self.page: Page = desk.page

    def open(self, version: str, *, at_work: str | None = None) -> ReviewPage:
        """`at_work` is a project: the inbox is filtered by it, so that only its candidates come next."""
        query = f"?from=project_id%3D{at_work}" if at_work else ""
        self.page.goto(f"{self.desk.url}/admin/artifacts/versions/{version}{query}")
        self.panel.locator(".status").first.wait_for()
        return self

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("complementary", name="Decision")

    @property
    def reason(self) -> Locator:
        return self.page.get_by_role("textbox", name="Reason", exact=True)

    @property
    def bar(self) -> Locator:
        return self.page.get_by_role("region", name="Decisions just made")

    def button(self, name: str) -> Locator:
        return self.panel.get_by_role("button", name=re.compile(f"^{name}"))

    def press(self, key: str) -> None:
        """A shortcut, with the hands off every field."""
        self.page.evaluate("document.activeElement?.blur()")
        self.page.keyboard.press(key)

    def send(self) -> None:
        """Without waiting for the time to undo."""
        self.bar.get_by_role("button", name="Send now").first.click()

    def shows(self, version: str) -> None:
        expect(self.page).to_have_url(re.compile(f"/artifacts/versions/{version}"))
