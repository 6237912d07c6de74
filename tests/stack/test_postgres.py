"""The shipped PostgreSQL, and one that the user brings."""

from __future__ import annotations

import os

import psycopg
import pytest

from sidecar.stack import ports
from sidecar.stack.databases import Databases
from sidecar.stack.progress import Failure, explain


def test_the_server_takes_a_password_and_nothing_else(given_server):
    server, port = given_server("pg"), ports.choose(set())
    server.create("right")
    server.start(port)

    with psycopg.connect(f"postgresql://postgres:right@127.0.0.1:{port}/postgres") as connection:
        assert connection.execute("show server_version_num").fetchone()[0].startswith("18")
        assert connection.execute("show server_encoding").fetchone()[0] == "UTF8"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://postgres:wrong@127.0.0.1:{port}/postgres")


def test_the_password_is_left_in_no_file(given_server, folder):
    given_server("pg").create("long-and-unmistakable")

    assert not [path for path in folder.rglob("*") if path.is_file() and b"long-and-unmistakable" in path.read_bytes()]


def test_a_half_made_data_folder_is_made_anew(given_server):
    server = given_server("pg")
    server.data.mkdir()
    (server.data / "PG_VERSION").write_text("18\n")

    assert not server.exists()
    server.create("right")
    assert server.exists()


def test_the_server_starts_after_a_crash_that_left_a_strangers_pid(given_server):
    server, port = given_server("pg"), ports.choose(set())
    server.create("right")
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n1\n{port}\n\n127.0.0.1\n\nready\n")

    assert server.pid() is None
    server.start(port)
    assert server.pid() is not None


def test_a_server_that_cannot_start_names_its_log(given_server):
    server, port = given_server("pg"), ports.choose(set())
    server.create("right")
    (server.data / "postgresql.conf").write_text("work_mem = nonsense\n")

    with pytest.raises(Failure, match="pg_ctl ended with code") as caught:
        server.start(port)

    assert caught.value.log == server.log
    assert "work_mem" in explain(caught.value)


def test_a_killed_server_comes_back_with_its_data(given_stack):
    stack = given_stack()
    stack.prepare_folder()
    stack.start("postgres")
    url = stack.databases.maintenance_url()
    with psycopg.connect(url) as connection:
        connection.execute("create table kept as select 1 as n")
    stack.kill("postgres")

    assert [part.state for part in stack.status() if part.part == "postgres"] == ["stopped"]
    assert stack.start("postgres")
    assert not stack.start("postgres")
    with psycopg.connect(url) as connection:
        assert connection.execute("select n from kept").fetchone() == (1,)


def test_the_users_own_postgres_is_remembered_and_never_started(given_stack, given_server):
    server, port = given_server("theirs"), ports.choose(set())
    server.create("s3cret:/@")
    server.start(port)
    url = f"postgresql://postgres:s3cret%3A%2F%40@127.0.0.1:{port}"
    stack = given_stack(postgres_url=url)
    stack.prepare_folder()
    later = given_stack()

    assert not later.start("postgres")
    assert not (later.directory / "postgres").exists()
    assert later.environment()["DATABASE_ADMIN_URL"] == f"{url}/artifacts"
    [status] = [part for part in later.status() if part.part == "postgres"]
    assert (status.state, status.address) == ("running", f"127.0.0.1:{port}/artifacts")
    later.down()
    assert server.pid() is not None


def test_an_own_postgres_that_does_not_answer_is_named(given_stack):
    port = ports.choose(set())
    stack = given_stack(postgres_url=f"postgresql://postgres:hidden@127.0.0.1:{port}/postgres")
    stack.prepare_folder()

    with pytest.raises(Failure, match="PostgreSQL cannot be reached") as caught:
        stack.start("postgres")

    assert "hidden" not in explain(caught.value)


def test_reset_says_so_if_the_users_own_postgres_does_not_answer(given_stack):
    stack = given_stack(postgres_url=f"postgresql://postgres:x@127.0.0.1:{ports.choose(set())}")
    stack.prepare_folder()
    stack.save(database_created=True)

    with pytest.raises(Failure, match="PostgreSQL cannot be reached"):
        stack.reset()

    assert stack.exists
    stack.save(database_created=None)


def test_a_stack_with_a_postgres_of_its_own_cannot_change_to_another(given_stack):
    stack = given_stack()
    stack.prepare_folder()
    stack.start("postgres")

    with pytest.raises(Failure, match="has a PostgreSQL of its own") as caught:
        given_stack(postgres_url="postgresql://postgres:x@127.0.0.1:1/postgres").prepare_folder()

    assert "make reset" in caught.value.remedy


@pytest.mark.parametrize("url", ["artifacts", "mysql://u:p@host/db", "postgresql:///db"])
def test_an_address_that_is_none_is_refused(given_stack, url):
    with pytest.raises(Failure, match="ARTIFACTS_POSTGRES_URL is no PostgreSQL address"):
        given_stack(postgres_url=url).prepare_folder()


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("postgresql://u:p@h", "artifacts"),
        ("postgresql://u:p@h/", "artifacts"),
        ("postgresql://u:p@h/postgres", "artifacts"),
        ("postgresql://u:p@h:6432/review%20desk?sslmode=require", "review desk"),
    ],
)
def test_the_database_is_the_one_in_the_address_unless_it_names_none(url, database):
    assert Databases(url).database == database
    assert psycopg.conninfo.conninfo_to_dict(Databases(url).admin_url())["dbname"] == database
    assert psycopg.conninfo.conninfo_to_dict(Databases(url).role_url("r", "p/@"))["password"] == "p/@"


def test_directus_encrypts_where_the_address_asks_for_it():
    plain = Databases("postgresql://u:p@h/d").directus_settings("x")
    checked = Databases("postgresql://u:p@h/d?sslmode=verify-full").directus_settings("x")

    assert "DB_SSL__REJECT_UNAUTHORIZED" not in plain
    assert checked["DB_SSL__REJECT_UNAUTHORIZED"] == "true"
