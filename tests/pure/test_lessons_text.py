"""Lessons as text: whatever people wrote, it fits, is quoted, and hides nothing."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.feedback.clean import as_text, quoted, same, shortened, visible
from sidecar.feedback.paths import EVERY, paths_named
from sidecar.feedback.prompt import section

WHEN = datetime(2026, 1, 31, tzinfo=UTC)
ID = UUID(int=7)
VERSION = {"artifact_version_id": ID, "project_id": ID, "schema_key": "brand.logo", "version_number": 1}
META = {"groups_left_out": 0, "truncated": False}

TEXT = st.text(max_size=900)
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=40), lambda inner: st.lists(inner)
                    | st.dictionaries(st.text(max_size=9), inner), max_leaves=8)  # fmt: skip
REASONS = st.builds(
    lambda reason, feedback, count: {
        "reason": reason, "count": count, "rejected": count, "changes_requested": 0, "first_at": WHEN, "last_at": WHEN,
        "versions": [{**VERSION, "decided_at": WHEN}], "feedback": feedback, "approved_instead": None,
    },
    st.none() | TEXT, st.lists(JSON, max_size=2), st.integers(1, 5000),
)  # fmt: skip
APPROVED = st.builds(
    lambda reason, excerpt: {
        **VERSION, "artifact_type": "text", "approved_at": WHEN, "reason": reason, "excerpt": excerpt,
    },
    st.none() | TEXT, st.none() | TEXT,
)  # fmt: skip
COMMENTS = st.builds(
    lambda comment, feedback: {**VERSION, "comment": comment, "feedback": feedback, "date_created": WHEN},
    st.none() | TEXT, JSON,
)  # fmt: skip
CHANGES = st.builds(
    lambda op, path, before, after: {"op": op, "path": path, "before": before, "after": after},
    st.sampled_from(["add", "remove", "replace"]), st.text(max_size=300), JSON, JSON,
)  # fmt: skip
EDITS = st.builds(
    lambda reason, changes, more: {
        **VERSION, "approved_at": WHEN, "reason": reason, "edited_from": {"version_number": 1}, "changes": changes,
        "more": more, "compared": True, "other_file": False,
    },
    st.none() | TEXT, st.lists(CHANGES, max_size=8), st.integers(0, 99),
)  # fmt: skip
FOUND = st.fixed_dictionaries({
    "turned_down": st.lists(REASONS, max_size=8), "edits": st.lists(EDITS, max_size=3),
    "approved": st.lists(APPROVED, max_size=3), "comments": st.lists(COMMENTS, max_size=5),
})  # fmt: skip


@given(FOUND, st.integers(500, 6000), st.booleans())
def test_the_text_is_never_longer_than_asked_for_and_every_strange_line_is_quoted(found, most, truncated):
    text = section(found, {"groups_left_out": 3, "truncated": truncated}, "brand.logo in the project a", most)

    assert len(text) <= most
    assert text == section(found, {"groups_left_out": 3, "truncated": truncated}, "brand.logo in the project a", most)
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs") for c in text if c != "\n")
    ours = ("Lessons from", "Lines that begin", "Turned down", "Changed by", "Approved", "Comments:", "- ", "Left out")
    indented = ("  > ", "  Approved instead", "  It begins with", "  and ", "  Another file", "Nobody has said")
    for line in text.splitlines():
        assert line == "" or line.startswith((*ours, *indented)), line


def test_what_does_not_fit_is_counted_and_shorter_things_take_its_room():
    reason = {
        "count": 2, "rejected": 1, "changes_requested": 1, "first_at": WHEN, "last_at": WHEN, "feedback": [],
        "versions": [{**VERSION, "decided_at": WHEN}, {**VERSION, "version_number": 4, "decided_at": WHEN}],
        "approved_instead": {"version_number": 9},
    }  # fmt: skip
    found = {
        "turned_down": [{**reason, "reason": f"{n} " + "long " * 40} for n in range(9)], "edits": [],
        "approved": [], "comments": [{**VERSION, "comment": "Short.", "feedback": None, "date_created": WHEN}],
    }  # fmt: skip
    text = section(found, META, "brand.logo in the project a", 1000)

    assert "- 2 times, last turned down on 2026-01-31 (brand.logo, versions 1, 4):\n  > 0 long" in text
    assert "Approved instead: version 9." in text
    told = text.count("times, last")
    assert 0 < told < 9
    assert text.endswith(
        f"\n\nComments:\n- brand.logo, version 1, 2026-01-31\n  > Short.\n\nLeft out: {9 - told} reasons.\n"
    )


def test_invisible_characters_are_taken_out():
    hidden = "a\u200bb\u202ec\x07d\U000e0041e\x00"
    assert visible(hidden) == "abcde"
    assert visible("one\r\ntwo\u2028three\x0bfour\n\n") == "one\ntwo\nthree\nfour"


@given(TEXT)
def test_every_line_of_a_quotation_is_marked(text):
    assert all(line.startswith("> ") for line in quoted(text, 600).split("\n") if line)


@given(st.text(max_size=50), st.integers(2, 20))
def test_shortened_is_the_text_or_its_beginning(text, most):
    short = shortened(text, most)
    assert len(short) <= most
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


def test_the_same_reason_is_known_whatever_its_case_spaces_and_full_stop():
    assert same("Too  dark.") == same(" too\tDARK ") == same("TOO DARK!")
    assert same("Too dark") != same("Too darkish")
    assert same(None) == same(" \u200b") == ""


def test_a_value_is_one_line():
    assert as_text({"a": "b\nc"}, 50) == '{"a":"b\\nc"}'
    assert as_text("b\nc  d", 50) == "b c d"


@pytest.mark.parametrize(
    ("named", "fits", "not_these"),
    [
        ("scene[*]", ["scene[0]", "scene[12]"], ["scene", "scene[0].a", "scenes[0]"]),
        ("*.logo", ["brand.logo", "a-b.logo"], ["brand.x.logo", "brandlogo"]),
        ("a.b*[3]", ["a.bc[3]"], ["a.b[3]", "a.bc[4]", "axbc[3]"]),
    ],
)  # fmt: skip
def test_a_pattern_fits_what_a_template_s_pattern_fits(named, fits, not_these):
    paths = paths_named(named)
    assert paths.pattern
    assert paths.one is None
    for path in fits:
        assert re.search(paths.pattern, path)
        assert paths.low <= path <= paths.high
    for path in not_these:
        assert not (re.search(paths.pattern, path) and paths.low <= path <= paths.high)


def test_a_path_is_itself_and_nothing_is_every_path():
    assert paths_named("brand.logo").one == "brand.logo"
    assert paths_named(None) == EVERY
    assert EVERY.one is None
