"""What review links are made of: sealed tokens, counted requests, texts that hide nothing."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.access.caller import RIGHTS_OF_ROLE, Caller
from sidecar.errors import Refusal
from sidecar.settings import Settings
from sidecar.share.limits import Limits, place_of
from sidecar.share.link import guest_label, lent
from sidecar.share.text import is_text, plain
from sidecar.share.token import FORM_SECONDS, hashed, seal_form, seal_link, unseal_form, unseal_link

SETTINGS = Settings.model_validate(
    {
        "database_url": "postgresql://nowhere",
        "directus_url": "http://directus.test",
        "directus_token": "k" * 40,
        "directus_secret": "q" * 40,
    }
)
OTHERS = SETTINGS.model_copy(update={"directus_secret": type(SETTINGS.directus_secret)("z" * 40)})
LINK = uuid.UUID(int=7)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_token_names_its_link_until_it_expires():
    token = seal_link(SETTINGS, LINK, 2000)

    assert unseal_link(SETTINGS, token, 1999.9) == LINK
    with pytest.raises(Refusal, match="review_link_expired"):
        unseal_link(SETTINGS, token, 2000)
    assert len(hashed(token)) == 32


def test_a_token_that_was_changed_or_sealed_elsewhere_is_none():
    token = seal_link(SETTINGS, LINK, 2000)
    forged = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(len(token) - 1)]

    for wrong in (*forged, "", ".", "x" * 900, token.partition(".")[0], seal_link(OTHERS, LINK, 2000)):
        with pytest.raises(Refusal, match="review_link_not_found"):
            unseal_link(SETTINGS, wrong, 0)


def test_a_form_works_for_its_link_and_its_time_only():
    form = seal_form(SETTINGS, LINK, 1000)

    assert unseal_form(SETTINGS, form, LINK, 1000 + FORM_SECONDS - 1).id
    wrong = [(form, LINK, 1000 + FORM_SECONDS), (form, LINK, 999), (form, uuid.UUID(int=8), 1001), ("x.y", LINK, 1001)]
    for text, link, now in [*wrong, (seal_link(SETTINGS, LINK, 2000), LINK, 1001)]:
        with pytest.raises(Refusal, match="review_form_expired"):
            unseal_form(SETTINGS, text, link, now)
    with pytest.raises(Refusal, match="review_link_not_found"):
        unseal_link(SETTINGS, form, 1001)
    assert seal_form(SETTINGS, LINK, 1000) != form, "each page has its own"


def test_who_comes_too_often_waits_and_nobody_else_does():
    clock = Clock()
    limits = Limits(clock=clock)
    for _ in range(3):
        limits.count("a", most=3, seconds=60)

    clock.now += 20
    with pytest.raises(Refusal) as refused:
        limits.count("a", most=3, seconds=60)
    limits.count("b", most=3, seconds=60)

    assert refused.value.code == "too_many_requests"
    assert refused.value.headers == {"Retry-After": "40"}
    clock.now += 40
    limits.count("a", most=3, seconds=60)


def test_what_is_counted_never_takes_more_than_its_room():
    limits = Limits(largest=10)
    for number in range(1000):
        limits.count(str(number), most=1, seconds=60)
        if number < 5:
            with pytest.raises(Refusal):
                limits.count("guesser", most=number, seconds=60)
    assert len(limits) == 10


def test_a_network_of_ipv6_is_one_place():
    assert place_of("2001:db8::1") == place_of("2001:db8::ffff:1") != place_of("2001:db8:0:1::1")
    assert place_of("::ffff:10.1.2.3") == place_of("10.1.2.3") != place_of("10.1.2.4")
    assert place_of(None) == place_of("nonsense")


@pytest.mark.parametrize(
    ("role", "left"),
    [("reviewer", ["view", "comment", "decide"]), ("producer", ["view", "comment"]), (None, [])],
)
def test_nobody_lends_what_they_may_not_do(role, left):
    rights = RIGHTS_OF_ROLE[role] if role else frozenset({"read"})
    maker = Caller(None, "Robin", "human", rights, "user:1")

    assert lent(["view", "comment", "decide"], maker) == left


def test_a_guest_is_called_by_their_name_and_whose_guest_they_are():
    assert guest_label("Ada", "Robin The 1.") == "Ada (guest of Robin The 1.)"
    assert len(guest_label("A" * 100, "R" * 500)) < 255


@given(st.text())
def test_a_text_shown_has_nothing_unseen_in_it(text):
    shown = plain(text)

    assert not set(shown) & set("\x00\x1b\x7f\u202e\u2066\u200b\ufeff\u061c\U000e0041")


def test_a_text_is_shown_as_it_is_otherwise():
    assert plain("Grüße\t🎨\r\nnext") == "Grüße\t🎨\nnext"
    assert plain("txt.\u202egnp") == "txt.⟨U+202E⟩gnp"


def test_what_is_text_is_known_by_its_type():
    shown = ["text/plain; charset=utf-8", "text/html", "application/json", "application/ld+json", "image/svg+xml"]
    assert all(is_text(kind) for kind in shown)
    assert not any(is_text(kind) for kind in ("image/png", "application/pdf", "application/octet-stream", "", None))
