"""The pool of connections, on a real Postgres."""

from __future__ import annotations


def test_the_connection_that_was_used_last_is_the_next_one(app):
    pool = app.extensions["artifacts"].database.pool

    with pool.connection() as last, pool.connection() as first:
        assert last is not first

    # In turn it would be the one that was given back first.
    with pool.connection() as following:
        assert following is last
