"""What people read in Directus' error dialog."""

from __future__ import annotations

import re

from sidecar.errors import CODES
from sidecar.provision.translations import TITLES, error_titles

from .conftest import REPOSITORY

# Directus' dialog shows "[code] sentence" and cuts the sentence here.
DIALOG_CHARACTERS = 200


def test_every_code_has_a_title() -> None:
    assert {item["key"] for item in error_titles()} == {f"errors.{code}" for code in CODES}
    assert all(item["value"] in TITLES.values() for item in error_titles())


def test_every_sentence_fits_into_the_dialog() -> None:
    assert {name: code.sentence for name, code in CODES.items() if len(code.sentence) > DIALOG_CHARACTERS} == {}


def test_every_code_of_the_extension_is_known() -> None:
    sources = "\n".join(
        path.read_text()
        for path in (REPOSITORY / "directus-extension" / "src").rglob("*.ts")
        if ".test." not in path.name
    )
    raised = {
        (code, int(status)) for status, code in re.findall(r"(?:refusal|failure)\(\s*(\d{3}),\s*'(\w+)'", sources)
    }
    assert raised <= {(code, entry.status) for code, entry in CODES.items()}
