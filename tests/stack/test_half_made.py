"""A database in which Directus' first bootstrap was interrupted: begun anew where nothing can be lost."""

from __future__ import annotations

import psycopg
import pytest

from sidecar.stack import up
from sidecar.stack.stack import Stack


@pytest.fixture
def half_made(given_stack) -> Stack:
    """PostgreSQL with our database and the first of Directus' tables."""
    stack = given_stack()
    stack.prepare_folder()
    stack.start("postgres")
    up._prepare(stack)
    execute(stack, "create table directus_collections (collection text)")
    execute(stack, "create table directus_users (id int)")
    stack.save(database_created=True)
    return stack


def test_without_users_it_is_begun_anew(half_made):
    up._remove_half_bootstrapped(half_made)

    assert not up._has_tables(half_made)
    assert up._roles_log_in(half_made)


def test_with_a_user_it_is_kept(half_made):
    execute(half_made, "insert into directus_users values (1)")

    up._remove_half_bootstrapped(half_made)

    assert up._has_tables(half_made)


def test_a_database_that_was_there_before_us_is_kept(half_made):
    half_made.save(database_created=None)

    up._remove_half_bootstrapped(half_made)

    assert up._has_tables(half_made)


def execute(stack: Stack, statement: str) -> None:
    with psycopg.connect(stack.databases.admin_url(), autocommit=True) as connection:
        connection.execute(statement)
