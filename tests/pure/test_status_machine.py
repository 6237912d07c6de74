"""The status machine: what the guard allows is what the operations and the page about them say."""

from __future__ import annotations

import re

from sidecar.provision.database import MIGRATIONS
from sidecar.review.allowed import _REVIEWER
from tests.guards.test_guards import ARROWS, STATUSES

GUARD = (MIGRATIONS / "guards" / "version_status_one_way.sql").read_text()
LEADS_TO = {"approve": "approved", "reject": "rejected", "archive": "archived"}


def test_the_guards_table_is_the_status_machine():
    table = GUARD[GUARD.index("not in (") : GUARD.index("then\n        raise")]

    assert set(re.findall(r"\('(\w+)', '(\w+)'\)", table)) == ARROWS


def test_statuses_only_move_forward():
    order = {"intermediate": 0, "pending": 1, "approved": 2, "rejected": 2, "superseded": 3, "archived": 4}

    assert set(order) == set(STATUSES)
    assert all(order[before] < order[after] for before, after in ARROWS)


def test_every_offered_action_follows_an_arrow():
    for status, actions in _REVIEWER.items():
        for action in actions:
            if action in LEADS_TO:
                assert (status, LEADS_TO[action]) in ARROWS
