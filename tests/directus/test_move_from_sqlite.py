"""An older system on SQLite moves to PostgreSQL by the commands of the how-to page; its API shows what came of it."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from hashlib import sha256
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg import sql

from sidecar.cli import main as artifacts
from sidecar.provision.database import url_for
from sidecar.stack.stack import Stack
from tests.directus.on_sqlite import (
    ADMIN_TOKEN,
    EDITOR_EMAIL,
    EDITOR_PASSWORD,
    EMAIL,
    MANY,
    PASSWORD,
    PICTURE,
    ZONE,
    Installation,
    furnish,
    recorded,
    seen,
)
from tests.directus.people import Person
from tests.rows import Rows

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "how-to" / "move-from-sqlite.md"
COMMAND = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.xdist_group("move-from-sqlite")


@dataclass
class Old:
    """The older system, stopped: what its API showed, and the commands of the page by their order."""

    installation: Installation
    environment: dict[str, str]
    shown: dict[str, Any]
    recorded: dict[str, dict[int, Any]]
    digest: str
    printed: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.environment["DIRECTUS_DATABASE_URL"]


@pytest.fixture(scope="module")
def old(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Old:
    folder = tmp_path_factory.mktemp("old")
    installation = Installation(folder / "directus")
    installation.make()
    with installation.running():
        furnish(installation)
        with closing(installation.person(ADMIN_TOKEN)) as administrator:
            shown, records = seen(administrator), recorded(administrator)
    (folder / "work").mkdir()
    environment = _environment(stack, installation, folder / "work")
    return Old(installation, environment, shown, records, _digest(installation.database))


def _environment(stack: Stack, installation: Installation, work: Path) -> dict[str, str]:
    """What the page asks its reader to say. The roles are the whole server's, so their passwords stay the stack's."""
    given, database = stack.environment(), f"moved_{uuid.uuid4().hex}"
    return installation.environment() | {
        "DIRECTUS": str(installation.folder),
        "SQLITE": str(installation.database),
        "UPLOADS": str(installation.uploads),
        "OLD_TIMEZONE": ZONE,
        "WORK": str(work),
        "DB_HOST": "127.0.0.1",
        "DB_PORT": str(stack.port("postgres")),
        "DB_DATABASE": database,
        "DATABASE_ADMIN_URL": url_for(given["DATABASE_ADMIN_URL"], database=database),
        "DIRECTUS_DATABASE_PASSWORD": stack.secrets["directus_password"],
        "SIDECAR_DATABASE_PASSWORD": stack.secrets["sidecar_password"],
        "DIRECTUS_DATABASE_URL": url_for(given["DIRECTUS_DATABASE_URL"], database=database),
    }


@pytest.fixture(scope="module")
def moved(old: Old, stack: Stack) -> Iterator[Old]:
    """Every command of the page up to the start of the new Directus; the way back is for the test that goes it."""
    database = old.environment["DB_DATABASE"]
    try:
        for command in COMMAND.findall(PAGE.read_text())[:-1]:
            old.printed.append(_run(command, old.environment))
            if "schema apply" in command:
                _administer(stack, "create database {} template {}", _prepared(old), database)
        yield old
    finally:
        for name in (_prepared(old), database):
            _administer(stack, "drop database if exists {} with (force)", name)


@pytest.fixture(scope="module")
def new(moved: Old) -> Iterator[Installation]:
    """The same Directus, on PostgreSQL now."""
    with moved.installation.running():
        yield moved.installation


@pytest.fixture
def administrator(new: Installation) -> Iterator[Person]:
    with closing(new.person(ADMIN_TOKEN)) as person:
        yield person


@pytest.fixture
def there(moved: Old) -> Iterator[Rows]:
    """What was moved."""
    with closing(Rows.connect(moved.url).connection) as connection:
        yield Rows(connection)


@pytest.fixture
def empty(moved: Old, stack: Stack) -> Iterator[Rows]:
    """Another database, as `directus schema apply` leaves it."""
    name = f"empty_{uuid.uuid4().hex}"
    _administer(stack, "create database {} template {}", name, _prepared(moved))
    with closing(Rows.connect(url_for(moved.url, database=name)).connection) as connection:
        yield Rows(connection)
    _administer(stack, "drop database if exists {} with (force)", name)


@pytest.fixture
def run(moved: Old, empty: Rows) -> Callable[..., Result]:
    """`run("rows", …)` from the old file, or another, into the empty database."""

    def invoke(command: str, *more: str, sqlite: Path | None = None, zone: str = ZONE, url: str = "") -> Result:
        into = url or url_for(moved.url, database=empty.value("select current_database()"))
        options = ["--sqlite", str(sqlite or moved.installation.database), "--timezone", zone, *more]
        given = {"DIRECTUS_DATABASE_URL": into}
        return CliRunner().invoke(artifacts, ["move-from-sqlite", command, *options], env=given)

    return invoke


@pytest.fixture
def copy(moved: Old, tmp_path: Path) -> Callable[[str], Path]:
    """A copy of the old file with a change to it."""

    def make(change: str) -> Path:
        path = tmp_path / "copy.db"
        shutil.copyfile(moved.installation.database, path)
        with closing(sqlite3.connect(path)) as rows, rows:
            rows.executescript(change)
        return path

    return make


def test_the_api_shows_what_it_showed(moved: Old, administrator: Person) -> None:
    now = seen(administrator)

    assert {path for path in now if now[path] != moved.shown[path]} == set()
    assert len(now["/items/artifact_versions"]) > MANY


def test_activity_and_revisions_are_kept(moved: Old, administrator: Person) -> None:
    assert all(moved.recorded.values())
    assert recorded(administrator, {path: max(rows) for path, rows in moved.recorded.items()}) == moved.recorded


@pytest.mark.parametrize(("email", "password"), [(EMAIL, PASSWORD), (EDITOR_EMAIL, EDITOR_PASSWORD)])
def test_people_log_in_with_their_old_passwords(new: Installation, email: str, password: str) -> None:
    with closing(new.logged_in(email, password)) as person:
        assert person.get("/users/me").data["email"] == email
        assert {story["slug"] for story in person.get("/items/stories").data} >= {"empty", "emoji 🧪"}


def test_another_password_is_refused(new: Installation) -> None:
    with closing(new.person(None)) as person:
        assert person.post("/auth/login", {"email": EMAIL, "password": PASSWORD + "!"}).status == 401


def test_files_are_downloaded_as_they_were(administrator: Person) -> None:
    (file,) = administrator.get("/files").data

    assert administrator.get(f"/assets/{file['id']}").body == PICTURE


def test_flows_run(administrator: Person) -> None:
    (flow,) = administrator.get("/flows").data

    assert administrator.get(f"/flows/trigger/{flow['id']}").body == {"promoted": "yes"}


def test_a_new_row_gets_the_id_that_sqlite_would_have_given(administrator: Person) -> None:
    kept = administrator.get("/items/documents", filter='{"title": {"_eq": "kept"}}').data[0]["id"]
    made = administrator.post("/items/documents", {"title": "new"}).data["id"]
    assert administrator.delete(f"/items/documents/{made}").status == 204

    assert made > kept + 1, "the id of the deleted row was given again"


def test_values_have_the_types_of_postgresql(there: Rows) -> None:
    project = there.one("select * from projects")
    stories = {row["slug"]: row for row in there.all("select * from stories")}

    assert project["kickoff"] == date(2025, 7, 16)
    assert project["meets"] == datetime(2025, 10, 26, 10, 30)  # noqa: DTZ001  a wall clock, as it was
    assert (project["active"], project["score"], project["budget"]) == (False, 0.1234567890123, 12345678.1234)
    assert project["standup"] == time(9, 15)
    assert stories["emoji 🧪"]["told_at"] == datetime(2025, 10, 16, 10, 30, 0, 123000, UTC)
    assert stories["utc text"]["told_at"] == datetime(2025, 10, 16, 10, 30, tzinfo=UTC)
    assert stories["before 1970"]["told_at"] == datetime(1969, 12, 31, 23, 59, 59, 999000, UTC)
    assert stories["emoji 🧪"]["views"] == 2**53 - 1
    assert stories["utc text"]["size"] == 2**40
    assert len(stories["emoji 🧪"]["image_url"]) == 500
    assert there.value("select value::text from artifact_versions where schema_key = 'odd.number'") == "5"
    assert there.value("select value::text from artifact_versions where schema_key = 'odd.text'") == '"no json at all"'


def test_references_are_kept_by_the_database_as_before(there: Rows) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        there.run("insert into tasks (project_id) values (gen_random_uuid())")
    assert there.value("select count(*) from pg_constraint where contype = 'f' and condeferrable") == 0
    assert there.value("select data_type from information_schema.columns where table_name = 'tasks'"
                       " and column_name = 'project_id'") == "uuid"  # fmt: skip


def test_the_old_file_was_only_read(moved: Old) -> None:
    assert _digest(moved.installation.database) == moved.digest
    assert _digest(Path(moved.environment["WORK"]) / "before-the-move.db") == moved.digest


def test_the_page_says_what_no_snapshot_carries(moved: Old) -> None:
    (said,) = (printed for printed in moved.printed if "fields changed" in printed)

    assert "tasks.project_id: uuid instead of string, like projects.id, to which it refers" in said
    assert "stories.image_url: text instead of string, because it holds 500 characters" in said
    assert "stories.size: bigInteger instead of integer, because it holds larger numbers" in said
    assert "CREATE UNIQUE INDEX idx_one_approved_per_path" in said


def test_the_way_back_is_open(moved: Old, tmp_path: Path) -> None:
    back = Installation(tmp_path / "directus")
    shutil.copytree(moved.installation.folder, back.folder)
    work = shutil.copytree(moved.environment["WORK"], tmp_path / "work")
    kept = work / "sqlite.env"
    kept.write_text(
        kept.read_text()
        .replace(str(moved.installation.folder), str(back.folder))
        .replace(str(moved.installation.port), str(back.port))
    )

    _run(COMMAND.findall(PAGE.read_text())[-1], moved.environment | {"DIRECTUS": str(back.folder), "WORK": str(work)})

    with back.running(), closing(back.person(ADMIN_TOKEN)) as administrator:
        assert seen(administrator) == moved.shown


def test_a_rehearsal_writes_nothing(run: Callable[..., Result], empty: Rows) -> None:
    before = _everything(empty)

    rehearsed = run("rows", "--dry-run")

    assert rehearsed.exit_code == 0, rehearsed.output
    assert "would be copied; nothing was written" in rehearsed.output
    assert _everything(empty) == before


def test_rows_that_are_there_are_not_replaced(run: Callable[..., Result], moved: Old, there: Rows) -> None:
    before = _everything(there)

    again = run("rows", url=moved.url)

    assert again.exit_code == 1
    assert "artifact_files" in again.output
    assert "they would be lost" in again.output
    assert _everything(there) == before


def test_rows_are_not_moved_beside_the_registry(run: Callable[..., Result], moved: Old, empty: Rows) -> None:
    name = empty.value("select current_database()")
    with psycopg.connect(url_for(moved.environment["DATABASE_ADMIN_URL"], database=name)) as connection:
        connection.execute("create schema sidecar")

    assert "has the registry in it already" in run("rows").output


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("update tasks set parent = 4711", "tasks.parent refers 2 times to rows of tasks that are not there"),
        ("update artifact_versions set version_number = 'many' where version_number = 7",
         "artifact_versions.version_number where id is "),
        ("update stories set text = 'a' || char(0) || 'b' where slug = 'empty'",
         "stories.text where slug is empty: the text has a zero character"),
        ("update stories set told_at = 'yesterday' where slug = 'empty'", "'yesterday' is no time"),
        ("update stories set text = cast(x'ff41' as text) where slug = 'empty'", "these bytes are no UTF-8 text"),
        ("update stories set published = 2 where slug = 'empty'", "2 is no boolean"),
        ("update directus_files set filename_disk = printf('%300s', 'x')", "300 characters, and the column takes 255"),
        ("delete from directus_migrations where version = (select max(version) from directus_migrations)",
         "different versions of Directus (1 migrations differ"),
        ("drop table directus_migrations", "is no Directus' database"),
        ("create table notes (x)", "PostgreSQL has no table notes"),
        ("alter table stories add column more text", "PostgreSQL has no column stories.more"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("more", [["--dry-run"], []], ids=["rehearsed", "moved"])
def test_what_cannot_move_is_named_and_nothing_is_written(
    run: Callable[..., Result], copy: Callable[[str], Path], empty: Rows, change: str, sentence: str, more: list[str]
) -> None:
    before = _everything(empty)

    refused = run("rows", *more, sqlite=copy(change))

    assert refused.exit_code == 1
    assert sentence in refused.output
    assert _everything(empty) == before


def test_a_time_zone_in_which_no_day_begins_is_noticed(run: Callable[..., Result]) -> None:
    refused = run("rows", zone="Asia/Kolkata")

    assert refused.exit_code == 1
    assert "Most dates in projects.kickoff do not begin at midnight in Asia/Kolkata" in refused.output


def test_what_postgresql_refuses_in_the_middle_leaves_nothing(run: Callable[..., Result], empty: Rows) -> None:
    empty.run("alter table stories add constraint sad check (slug not like 'emoji%%')")
    before = _everything(empty)

    refused = run("rows")

    assert refused.exit_code == 1
    assert 'violates check constraint "sad"' in refused.output
    assert _everything(empty) == before
    assert empty.value("select count(*) from pg_constraint where contype = 'f' and condeferrable") == 0


def test_a_table_may_stay_behind(run: Callable[..., Result], copy: Callable[[str], Path], empty: Rows) -> None:
    moved = run("rows", "--leave", "notes", "--leave", "directus_revisions", sqlite=copy("create table notes (x)"))

    assert moved.exit_code == 0, moved.output
    assert empty.value("select count(*) from directus_revisions") == 0
    assert empty.value("select count(*) from artifact_versions") > MANY


def test_a_row_that_changed_since_is_found(run: Callable[..., Result], empty: Rows) -> None:
    assert run("rows").exit_code == 0
    same = run("compare")
    empty.run("update stories set told_at = told_at + interval '1 millisecond' where slug = 'utc text'")
    other = run("compare")

    assert (same.exit_code, other.exit_code) == (0, 1)
    assert [line.split()[1] for line in other.output.splitlines() if line.startswith("differ ")] == ["stories"]


def test_a_file_that_is_not_there_is_named(run: Callable[..., Result], moved: Old, tmp_path: Path) -> None:
    (name,) = (path.name for path in moved.installation.uploads.iterdir() if "__" not in path.name)
    missing = run("rows", "--dry-run", "--uploads", str(tmp_path))
    (tmp_path / name).write_bytes(PICTURE[:-1])
    shorter = run("rows", "--dry-run", "--uploads", str(tmp_path))
    complete = run("rows", "--dry-run", "--uploads", str(moved.installation.uploads))

    assert f"{name} is not in" in missing.output
    assert f"{name} has {len(PICTURE) - 1:,} bytes, and {len(PICTURE):,} are recorded" in shorter.output
    assert name not in complete.output


def test_a_snapshot_of_another_database_is_refused(moved: Old, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"vendor": "postgres"}')
    options = ["--sqlite", str(moved.installation.database), str(tmp_path / "other.json"), str(tmp_path / "fit.json")]

    refused = CliRunner().invoke(artifacts, ["move-from-sqlite", "schema", *options])

    assert refused.exit_code == 1
    assert "no schema snapshot of a Directus on SQLite" in refused.output
    assert not (tmp_path / "fit.json").exists()


def _everything(rows: Rows) -> dict[str, Any]:
    """Tables with rows, by number and content; floats by their type, too, because a move widens them."""
    tables = rows.column("select tablename::text from pg_tables where schemaname = 'public'")
    content = "select count(*), md5(string_agg(t::text, '' order by t::text)) from {} t"
    narrow = "select count(*) from information_schema.columns where table_schema = 'public' and udt_name = 'float4'"
    found = {name: rows.one(sql.SQL(content).format(sql.Identifier(name))) for name in tables}  # type: ignore[arg-type]
    return found | {"float4": rows.value(narrow)}


def _prepared(old: Old) -> str:
    return f"{old.environment['DB_DATABASE']}_prepared"


def _administer(stack: Stack, statement: LiteralString, *names: str) -> None:
    with psycopg.connect(stack.databases.postgres_url(), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _run(command: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
    return done.stdout
