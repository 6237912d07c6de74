"""Gives every refusal a title in Directus' admin UI.

The UI shows `errors.<code>` as the title of its dialog, word for word where no translation has that key, and below it
"[code] sentence" (200 characters). So the title says what kind of refusal it is and leaves the sentence to the body.
"""

from __future__ import annotations

from sidecar.directus import Directus
from sidecar.errors import CODES
from sidecar.provision.items import Item, patch_item, read_items

LANGUAGE = "en-US"

TITLES = {
    400: "Please check what was sent",
    401: "Please log in again",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    409: "Not possible now",
    410: "No longer there",
    413: "Too large",
    415: "Not this kind of content",
    422: "Please check what was entered",
    423: "Locked",
    500: "The artifact registry failed",
    502: "The artifact registry failed",
    503: "Please try again in a moment",
}


def error_titles() -> list[Item]:
    """A row of directus_translations for each code, those of the Directus extension among them."""
    return [
        {"language": LANGUAGE, "key": f"errors.{name}", "value": title(code.status)} for name, code in CODES.items()
    ]


def title(status: int) -> str:
    """What kind of refusal a status is, in words."""
    return TITLES.get(status) or TITLES[500 if status >= 500 else 400]


def apply_translations(directus: Directus, translations: list[Item]) -> bool:
    """Adds what is missing and corrects what differs; True if anything was written."""
    found = read_items(directus, "/translations", {"language": {"_eq": LANGUAGE}, "key": {"_starts_with": "errors."}})
    present = {item["key"]: item for item in found}
    missing = [item for item in translations if item["key"] not in present]
    if missing:
        directus.post("/translations", json=missing)
    kept = [(present[item["key"]], item) for item in translations if item["key"] in present]
    corrected = [patch_item(directus, f"/translations/{each['id']}", each, item) for each, item in kept]
    return bool(missing) or any(corrected)
