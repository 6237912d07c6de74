"""The documents say what the code does: nothing is missing, nothing leads nowhere, nothing generated is stale."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from docs import generate
from sidecar.cli import main as artifacts
from sidecar.errors import CODES
from sidecar.provision.schema import read_collections
from sidecar.settings import Settings, variable

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
REFERENCE = {path.stem: path.read_text() for path in (DOCS / "reference").glob("*.md")}
LINK = re.compile(r"\]\(([^)\s]+)\)")
EXTENSION_SETTINGS = REPOSITORY / "directus-extension" / "src" / "registry" / "settings.ts"
EXAMPLE_HOSTS = ("127.0.0.1", "localhost", "0.0.0.0", "host.docker.internal", "example", "your-company.com", "my-host")


def test_what_is_generated_is_up_to_date() -> None:
    stale = [path.name for path, fresh in generate.pages() if path.read_text() != fresh]
    assert not stale, "run: python docs/generate.py"


def test_generating_twice_changes_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_in_the_reference_with_its_default(name: str) -> None:
    row = next(line for line in REFERENCE["settings"].splitlines() if f"`{variable(name)}`" in line)
    field = Settings.model_fields[name]
    if field.is_required():
        assert row.endswith("| required |")
    elif field.default:
        default = str(field.default).lower() if isinstance(field.default, bool) else field.default
        assert f"| `{default}` |" in row


def test_every_setting_of_the_extension_is_in_the_reference() -> None:
    names = set(re.findall(r"env\['(\w+)'\]", EXTENSION_SETTINGS.read_text()))
    assert names
    assert all(f"`{name}`" in REFERENCE["settings"] for name in names)


def test_every_variable_of_make_up_is_in_the_reference() -> None:
    source = (REPOSITORY / "sidecar" / "stack" / "commands.py").read_text()
    names = set(re.findall(r"environ\.get\(\"(\w+)\"", source)) | set(re.findall(r"envvar=\"(\w+)\"", source))
    assert names
    assert all(f"`{name}`" in REFERENCE["commands"] for name in names)


@pytest.mark.parametrize("code", CODES)
def test_every_error_code_is_in_the_reference(code: str) -> None:
    assert f"| `{code}` | {CODES[code].status} |" in REFERENCE["errors"]


def test_every_command_is_in_the_reference() -> None:
    for path, _ in generate.every_command(artifacts, ("artifacts",)):
        assert f"## `{' '.join(path)}`" in REFERENCE["commands"]


def test_every_operation_is_in_the_reference() -> None:
    for method, address, _ in generate.operations():
        assert f"| `{method}` | `{address}` |" in REFERENCE["api"]


def test_every_collection_and_field_is_in_the_reference() -> None:
    for name, spec in read_collections(REPOSITORY / "directus-schema" / "collections").items():
        if spec.get("folder"):
            continue
        section = REFERENCE["schema"].partition(f"## `{name}`\n")[2].partition("\n## ")[0]
        for field, about in spec["fields"].items():
            assert {"detail", "buttons", "shows"} & about.keys() or f"| `{field}` |" in section, f"{name}.{field}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        found = (page.parent / target).resolve() if target else page
        assert found.exists(), link
        if anchor:
            assert anchor in anchors(found), link


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_a_page_names_no_place_on_one_machine(page: Path) -> None:
    text = page.read_text()
    assert not re.findall(r"/(?:home|Users|work|root)/\w+", text)
    hosts = {host for host in re.findall(r"https?://([\w.-]+\.\w+)", text) if not any(h in host for h in EXAMPLE_HOSTS)}
    assert hosts <= {"keepachangelog.com", "openlineage.io", "semver.org", "www.w3.org"}


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen, waiting = set(), [REPOSITORY / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in seen and page.suffix == ".md" and page.exists():
            seen.add(page)
            links = (link.partition("#")[0] for link in LINK.findall(page.read_text()) if ":" not in link)
            waiting += [(page.parent / link).resolve() for link in links if link]
    assert set(DOCS.rglob("*.md")) <= seen


def test_every_picture_is_used_and_not_too_large() -> None:
    text = "\n".join(page.read_text() for page in PAGES)
    for picture in (DOCS / "images").iterdir():
        assert picture.name in text
        assert picture.stat().st_size < 400_000


def test_the_versions_named_are_the_ones_used() -> None:
    readme = (REPOSITORY / "README.md").read_text()
    active = [yaml.safe_load(path.read_text())["name"] for path in (REPOSITORY / "flows").glob("*.yaml")]
    collections = [
        c for c in read_collections(REPOSITORY / "directus-schema" / "collections").values() if "fields" in c
    ]
    assert f"{len(collections)} of 25 collections, {len(active)} of 5 active flows" in readme
