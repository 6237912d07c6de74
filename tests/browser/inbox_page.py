"""The Review desk's list of what waits, as a reviewer uses it."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

from tests.browser.conftest import Desk


class InboxPage:
    def __init__(self, desk: Desk):
        self.desk = desk
        self.page: Page = desk.page

    def open(self, project: str | None = None) -> InboxPage:
        """Of one project, or of all."""
        query = f"?project_id={project}" if project else ""
        self.page.goto(f"{self.desk.url}/admin/artifacts{query}")
        self.list.wait_for()
        return self

    @property
    def list(self) -> Locator:
        return self.page.get_by_role("treegrid", name="What waits for a decision")

    def row(self, path: str) -> Locator:
        return self.list.get_by_role("row").filter(has=self.page.get_by_role("link", name=path))

    @property
    def selection(self) -> Locator:
        return self.page.get_by_role("toolbar", name="Decision on the selection")

    @property
    def refusal(self) -> Locator:
        return self.page.get_by_role("region", name="Decision on the selection")

    @property
    def bar(self) -> Locator:
        return self.page.get_by_role("region", name="Decisions just made")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def send(self) -> None:
        """Without waiting for the time to undo."""
        self.bar.get_by_role("button", name="Send now").first.click()
