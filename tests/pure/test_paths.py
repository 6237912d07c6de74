"""The grammar of paths, in Python and in Postgres."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sidecar.paths import DEEPEST, LONGEST, is_path, steps
from sidecar.provision.database import MIGRATIONS

SEGMENTS = st.from_regex(r"[A-Za-z0-9_-]{1,12}(\[(0|[1-9][0-9]{0,3})\])?", fullmatch=True)
PATHS = st.lists(SEGMENTS, min_size=1, max_size=DEEPEST).map(".".join).filter(lambda path: not path.startswith("_meta"))
# Near misses: the characters of paths in any order, and whatever else there is.
NEARLY = st.one_of(
    st.text("ab.[]0123_-m", max_size=14),
    st.text(max_size=6),
    st.lists(st.sampled_from(["a", ".", "[", "]", "0", "10", "9999", "10000", "_meta", "-", "\n"])).map("".join),
    st.integers(LONGEST - 2, LONGEST + 2).map(lambda n: "x" * n),
    st.integers(DEEPEST - 1, DEEPEST + 1).map(lambda n: ".".join("a" * n)),
)  # fmt: skip


@given(PATHS)
def test_every_path_made_by_the_grammar_is_one(path):
    assert is_path(path)


@given(PATHS)
def test_steps_lead_back_to_their_path(path):
    back = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps(path))

    assert back.removeprefix(".") == path


@given(NEARLY)
@example("a\n")
@example("_meta-x")
@example("")
def test_what_is_no_path_has_no_steps(text):
    if not is_path(text) and not text.startswith("_meta") and len(text) <= LONGEST and text.count(".") < DEEPEST:
        with pytest.raises(ValueError, match="is no path"):
            steps(text)


@pytest.fixture(scope="module")
def in_postgres(stack):
    """The constraint's own expression on any text, as the migration writes it."""
    import psycopg

    text = (MIGRATIONS / "0002_constraints.sql").read_text()
    found = re.search(r"schema_key_grammar check \((.*?)\);", text, re.DOTALL)
    assert found is not None
    expression = found[1].replace("schema_key", "(%(text)s::text)")
    with psycopg.connect(stack.databases.postgres_url(), autocommit=True) as connection:

        def holds(text: str) -> bool:
            return connection.execute(f"select {expression}", {"text": text}).fetchone()[0]

        yield holds


@given(st.one_of(PATHS, NEARLY).filter(lambda text: "\x00" not in text and text.isprintable() | ("\n" in text)))
@example("a\n")
@example("_meta")
@example("_meta-x")
@example("_metadata.x")
@example("_meta[0]")
@example("a[0].b[9999]")
@example("x" * 256)
@example("a٣")
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_python_and_postgres_agree_on_what_is_a_path(in_postgres, text):
    assert is_path(text) == in_postgres(text)
