"""What the guest of a review link sees, and what they may do: by the right of whoever made it, as far as it goes."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import pytest
import responses
import structlog
from flask.testing import FlaskClient

from sidecar import edge
from sidecar.app import create_app
from sidecar.share import shared_http
from sidecar.share.act import MOST_USES_AN_HOUR
from sidecar.share.token import FORM_SECONDS, seal_form, seal_link
from tests.conftest import DIRECTUS_URL
from tests.described import Description
from tests.given import POLICIES, code

PRODUCER = UUID(POLICIES["producer"])
ALL = ["view", "comment", "decide"]
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}
TEXT = b"<script>alert(1)</script> plain\xe2\x80\xaetxet"


@dataclass
class Guest:
    """Somebody with the address of a review link, and nothing else."""

    client: FlaskClient
    link: dict[str, Any]

    @property
    def address(self) -> str:
        return "/v1/shared/" + self.link["url"].rpartition("/")[2]

    def look(self, **kwargs: Any) -> Any:
        return self._judged("GET", self.client.get(self.address, **kwargs))

    def page(self) -> str:
        answer = self.client.get(self.address, headers=BROWSER)
        assert answer.content_type.startswith("text/html"), answer.text
        return answer.text

    def seen(self) -> dict[str, Any]:
        answer = self.look()
        assert answer.status_code == 200, answer.text
        return answer.json["data"]

    def say(self, action: str, reason: str | None = None, *, on: int = 0, form: str | None = None, **more: Any) -> Any:
        """As a program sends it, from a page that is read first unless `form` is another's token."""
        body = {
            "form_token": form or self.seen()["form_token"],
            "artifact_version_id": self.link["versions"][on]["artifact_version_id"],
            "action": action,
            "reason": reason,
        }
        return self._judged("POST", self.client.post(self.address, json=body, **more))

    def press(self, button: str, reason: str = "", *, page: str | None = None) -> Any:
        """As a browser sends the page's first form."""
        page = page or self.page()
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)">', page))
        return self.client.post(self.address, data={**fields, "reason": reason, "action": button}, headers=BROWSER)

    def _judged(self, method: str, answer: Any) -> Any:
        Description(self.client.application).judge(method, "/v1/shared/token", answer)
        return answer


@pytest.fixture
def version(given, project):
    return given.version(project)


@pytest.fixture
def invite(reviewer, client):
    """`invite(version, may=…)`: the guest of a link that a reviewer, or `by`, makes."""

    def make(*versions, may=ALL, by=reviewer, guest_name="Ada Lovelace", **fields) -> Guest:
        more = {"artifact_version_ids": [str(each) for each in versions[1:]]} if versions[1:] else {}
        answer = by.post(f"/v1/artifacts/{versions[0]}/links", {"guest_name": guest_name, "may": may, **more, **fields})
        assert answer.status_code == 201, answer.text
        return Guest(client, answer.json["data"])

    return make


@pytest.fixture
def storage():
    """Directus, as far as it hands out the beginnings of files."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as directus:
        directus.add("GET", re.compile(re.escape(f"{DIRECTUS_URL}/assets/") + ".*"), body=TEXT)
        yield directus


def attributes(page: str) -> set[str]:
    """The names of all attributes, as a browser reads them."""
    found: set[str] = set()

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.update(name for name, _ in attrs)

    Reader().feed(page)
    return found


# Looking


def test_a_guest_sees_what_is_shared_and_nothing_else(given, project, invite):
    shown = given.version(project, "brand.logo", {"colour": "green"}, files=(given.file(),))
    given.version(project, "brand.secret", {"colour": "secret red"})
    guest = invite(shown, note="Is the green right?")

    data = guest.seen()

    assert (data["guest_name"], data["note"], data["may"]) == ("Ada Lovelace", "Is the green right?", ALL)
    (only,) = data["versions"]
    assert (only["schema_key"], only["version_number"], only["value"]) == ("brand.logo", 1, {"colour": "green"})
    assert only["allowed_actions"] == ["approve", "reject", "request_changes", "comment"]
    assert [(file["name"], file["type"]) for file in only["files"]] == [("logo.png", "image/png")]
    page = guest.page()
    assert "brand.logo, version 1" in page
    assert "Is the green right?" in page
    assert "secret" not in page + str(data)


def test_files_are_given_by_sealed_links_without_a_token(given, project, invite, client, storage, settings):
    guest = invite(given.version(project, files=(given.file(),)))

    (file,) = guest.seen()["versions"][0]["files"]
    (source,) = re.findall(r'<img src="\.\./(downloads/[^"]+)"', guest.page())

    for address in (file["url"].removeprefix(settings.address), f"/v1/{source}"):
        answer = client.get(address)
        assert (answer.status_code, answer.data) == (200, TEXT)
        assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_page_runs_nothing_loads_nothing_and_is_kept_nowhere(invite, version):
    guest = invite(version)
    answer = guest.client.get(guest.address, headers=BROWSER)

    headers = answer.headers
    policy = dict(part.partition(" ")[::2] for part in headers["Content-Security-Policy"].split("; "))
    assert policy.pop("style-src").startswith("'sha256-")
    assert policy == {
        "default-src": "'none'", "img-src": "'self'", "media-src": "'self'", "form-action": "'self'",
        "base-uri": "'none'", "frame-ancestors": "'none'",
    }  # fmt: skip
    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert "noindex" in headers["X-Robots-Tag"]
    assert headers["X-Frame-Options"] == "DENY"
    assert "Set-Cookie" not in headers
    assert "<script" not in answer.text
    assert not re.findall(r'(?:src|href|action)="(?!\.\./downloads/)', answer.text)
    as_json = guest.look().headers
    assert (as_json["Referrer-Policy"], as_json["Cache-Control"]) == ("no-referrer", "no-store")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [(BROWSER["Accept"], "text/html"), ("*/*", "application/json"), (None, "application/json"),
     ("application/json", "application/json"), ("text/html", "text/html"),
     ("application/json, text/html;q=0.5", "application/json")],
)  # fmt: skip
def test_who_asks_for_a_page_gets_one_and_programs_get_json(invite, version, accept, kind):
    guest = invite(version)
    headers = {} if accept is None else {"Accept": accept}
    for address, status in ((guest.address, 200), ("/v1/shared/none", 404)):
        answer = guest.client.get(address, headers=headers)
        assert (answer.status_code, answer.mimetype) == (status, kind)


def test_whatever_follows_links_changes_nothing(invite, version, database):
    guest = invite(version)
    form = guest.seen()["form_token"]
    everything = "select (select jsonb_agg(l) from sidecar.review_links l) || to_jsonb((select count(*) from %s))"
    before = database.all(everything % "sidecar.review_link_uses")
    query = f"?action=approve&form_token={form}&artifact_version_id={version}&reason=x"

    with database.unchanged():
        for method in ("GET", "HEAD"):
            for headers in ({}, BROWSER, {"User-Agent": "BarracudaCentral", "Sec-Purpose": "prefetch"}):
                answer = guest.client.open(guest.address + query, method=method, headers=headers)
                assert answer.status_code == 200
        for method in ("PUT", "PATCH", "DELETE"):
            assert guest.client.open(guest.address + query, method=method).status_code == 405
        # Nor what a scanner posts that has read no page.
        assert guest.client.post(guest.address + query).status_code == 422
        assert guest.client.post(guest.address, data={"action": "approve"}).status_code == 422

    assert database.all(everything % "sidecar.review_link_uses") == before


def test_hostile_content_is_only_text(given, project, invite, storage):
    value = {"</pre><script>alert(1)</script>": '"><img src=x onerror=alert(1)>', "evil": "\u202etxt"}
    page_file = given.file("text/html", '"><svg onload=alert(1)>.html')
    drawing = given.file("image/svg+xml", "logo.svg")
    shown = given.version(project, value=value, files=(page_file, drawing), source_url="javascript:alert(1)")
    guest = invite(shown, note="<b>bold</b> & more", guest_name="<i>Ada</i>")

    page = guest.page()

    assert not re.findall(r"<(script|svg|iframe|object|embed|b|i)\b", page)
    assert {"src", "aria-label"} <= attributes(page)
    assert not [name for name in attributes(page) if name.startswith("on")]
    assert "javascript:" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; plain⟨U+202E⟩txet" in page, "the file's own text"
    assert "⟨U+202E⟩txt" in page
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; more" in page
    (tag,) = re.findall(r"<img [^>]+>", page)
    assert 'alt="Picture logo.svg"' in tag, "a drawing is shown as a picture, which runs nothing"


def test_a_value_that_is_large_is_shown_by_its_beginning(given, project, invite):
    guest = invite(given.version(project, value=["word " * 50] * 1000))

    (version,) = guest.seen()["versions"]

    assert version["value"] is None
    assert version["value_start"].startswith('["word word')
    assert len(guest.page()) < 300_000


def test_a_text_that_cannot_be_read_is_still_there_to_download(given, project, invite):
    files = tuple(given.file("text/plain", name) for name in ("notes.txt", "more.txt"))
    guest = invite(given.version(project, files=files))
    for status, asked in ((404, 2), (503, 1)):
        with responses.RequestsMock() as directus:
            directus.add("GET", re.compile(".*"), status=status)
            page = guest.page()
            assert len(directus.calls) == asked, "who does not answer is not asked again for the same page"
        assert "notes.txt" in page
        assert page.count('href="../downloads/') == 2


def test_what_was_erased_is_said_to_be(given, project, invite, reviewer):
    version = given.version(project, value={"name": "somebody"})
    guest = invite(version)
    erased = given.person("admin").post(f"/v1/artifacts/{version}/erase", {"reason": "Request 17.", "confirm": True})
    assert erased.status_code == 200, erased.text

    assert guest.seen()["versions"][0]["gone"] == "erased"
    assert "has been erased" in guest.page()
    assert "somebody" not in guest.page()


# Deciding


def test_a_guest_approves_by_the_right_of_whoever_invited_them(invite, version, project, reviewer, database):
    guest = invite(version)

    answer = guest.say("approve", "Lovely.")

    assert answer.status_code == 200, answer.text
    assert (answer.json["data"]["status"], answer.json["data"]["repeated"]) == ("approved", False)
    row = database.version(version)
    assert (row["status"], row["approved_by"]) == ("approved", reviewer.id)
    assert database.context(project)["brand"]["logo"]["artifact_version_id"] == str(version)
    records = {record["action"]: record for record in database.approvals(version)[1:]}
    label = f"Ada Lovelace (guest of {guest.link['made_by_label']})"
    for action, reason in (("approve", "Lovely."), ("share", "Ada Lovelace approved by review link.")):
        record = records[action]
        assert (record["actor_label"], record["actor_type"], record["actor_id"]) == (label, "human", reviewer.id)
        assert record["reason"] == reason
    assert records["share"]["feedback"]["review_link"]["event"] == "used"
    (link,) = reviewer.get("/v1/links").json["data"]
    assert link["last_used_at"]


@pytest.mark.parametrize(
    ("button", "reason", "status", "review_state"),
    [("approve", "", "approved", None), ("reject", "Too dark.", "rejected", None),
     ("request_changes", "Darker.", "pending", "changes_requested"), ("comment", "Hm.", "pending", None)],
)  # fmt: skip
def test_each_button_of_the_page_does_what_it_says(invite, version, database, button, reason, status, review_state):
    guest = invite(version)

    answer = guest.press(button, reason)

    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"] == f"{guest.address.rpartition('/')[2]}#v-{version}"
    row = database.version(version)
    assert (row["status"], row["review_state"]) == (status, review_state)
    assert [r["reason"] for r in database.approvals(version) if r["action"] == button] == [reason or None]
    page = guest.page()
    assert "What you said" in page
    assert reason in page


def test_a_form_sent_twice_counts_once(invite, version, database):
    guest = invite(version)
    page = guest.page()
    for _ in range(3):
        assert guest.press("comment", "Hm.", page=page).status_code == 303
    form = guest.seen()["form_token"]
    answers = [guest.say("comment", "Other.", form=form).json["data"]["repeated"] for _ in range(2)]

    assert answers == [False, True]
    assert [r["reason"] for r in database.approvals(version) if r["action"] == "comment"] == ["Hm.", "Other."]
    assert guest.press("comment", "Hm.").status_code == 303
    assert database.actions(version).count("comment") == 3, "from another page it is said again"


def test_the_second_use_shows_the_outcome_and_decides_nothing(invite, version, database):
    guest = invite(version)
    page = guest.page()
    assert guest.press("approve", page=page).status_code == 303

    with database.unchanged():
        assert guest.say("approve").json["data"]["repeated"] is True
        assert code(guest.say("reject", "No.")) == "already_decided"
        refused = guest.press("reject", "No, wait.", page=page)

    assert refused.status_code == 409
    assert "is approved already" in refused.text
    (seen,) = guest.seen()["versions"]
    assert (seen["status"], seen["allowed_actions"]) == ("approved", ["comment"])
    assert 'value="approve"' not in guest.page()


@pytest.mark.parametrize("status", ["rejected", "superseded", "archived", "intermediate"])
def test_what_is_not_up_for_a_decision_is_shown_and_not_decided(given, project, invite, database, status):
    version = given.version(project, status=status)
    guest = invite(version)

    assert not {"approve", "reject", "request_changes"} & set(guest.seen()["versions"][0]["allowed_actions"])
    with database.unchanged():
        assert code(guest.say("approve")) in ("already_decided", "not_submitted")
    assert 'value="approve"' not in guest.page()


def test_a_link_lets_its_guest_do_no_more_than_it_says(given, project, invite, version, database):
    looking, commenting, deciding = (
        invite(version, may=may) for may in (["view"], ["view", "comment"], ["view", "decide"])
    )

    with database.unchanged():
        for guest, action in (
            (looking, "comment"),
            (looking, "approve"),
            (commenting, "reject"),
            (deciding, "comment"),
        ):
            answer = guest.say(action, "x")
            assert (answer.status_code, code(answer)) == (403, "review_link_narrow")
        for action in ("withdraw", "archive", "submit"):
            assert code(deciding.say(action)) == "invalid_value"
    assert "<form" not in looking.page()


def test_a_guest_decides_about_nothing_that_was_not_shared(given, project, invite, version, database):
    guest = invite(version)
    guest.link["versions"].append({"artifact_version_id": str(given.version(project, "other"))})

    with database.unchanged():
        assert code(guest.say("approve", on=1)) == "artifact_not_found"


def test_one_of_several_versions_is_decided_by_itself(given, project, invite, database):
    first, second = given.version(project, "a"), given.version(project, "b")
    guest = invite(first, second)

    assert guest.say("approve", on=1).status_code == 200

    assert (database.status(first), database.status(second)) == ("pending", "approved")
    assert [each["status"] for each in guest.seen()["versions"]] == ["pending", "approved"]


def test_changes_are_asked_for_with_words(invite, version):
    guest = invite(version)
    assert code(guest.say("request_changes")) == "reason_required"
    refused = guest.press("comment", "   ")
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text


def test_what_was_typed_stays_on_the_page_when_it_is_refused(invite, version, settings):
    guest = invite(version)
    page = guest.page()
    old = seal_form(settings, UUID(guest.link["id"]), time.time() - FORM_SECONDS)
    page = re.sub(r'(name="form_token" value=")[^"]+', rf"\g<1>{old}", page)

    refused = guest.press("request_changes", "Darker, <please>.", page=page)

    assert refused.status_code == 403
    assert "so nothing was sent" in refused.text
    assert "Darker, &lt;please&gt;." in refused.text
    assert guest.press("request_changes", "Darker, <please>.", page=refused.text).status_code == 303


def test_the_form_of_one_link_does_not_serve_another(invite, version, database):
    ours, theirs = invite(version), invite(version, guest_name="Bo")
    with database.unchanged():
        assert code(ours.say("approve", form=theirs.seen()["form_token"])) == "review_form_expired"


def test_a_broken_request_is_refused(invite, version, client):
    guest = invite(version)
    assert client.post(guest.address, data="{", content_type="application/json").status_code == 400
    assert client.post(guest.address, data="x", content_type="text/plain").status_code == 415
    assert client.post(guest.address, json=[]).status_code == 422
    assert code(client.post(guest.address, json={"form_token": "\x00"})) == "invalid_text"
    page = client.post(guest.address, data={"form_token": "\x00", "action": "approve"}, headers=BROWSER)
    assert (page.status_code, page.mimetype) == (400, "text/html")


def test_under_an_idempotency_key_a_guest_gets_the_first_answer(invite, version, database):
    guest = invite(version)
    form = guest.seen()["form_token"]
    first, again = (guest.say("comment", "Hm.", form=form, headers={"Idempotency-Key": "k"}) for _ in range(2))

    assert (first.status_code, first.data) == (200, again.data)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert guest.link["url"].rpartition("/")[2] not in str(database.all("select * from sidecar.idempotency_keys"))


def test_two_who_send_at_once_decide_once(invite, version, database):
    guest = invite(version)
    form, barrier, answers = guest.seen()["form_token"], threading.Barrier(4), []

    def send(action):
        body = {"form_token": form, "artifact_version_id": str(version), "action": action, "reason": "x"}
        barrier.wait()
        answers.append(guest.client.application.test_client().post(guest.address, json=body))

    threads = [threading.Thread(target=send, args=(action,)) for action in ("approve", "approve", "reject", "reject")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answer.status_code for answer in answers) == [200, 200, 409, 409]
    actions = database.actions(version)
    assert actions.count("approve") + actions.count("reject") == 1


# Rules of the template


def test_a_guest_may_not_approve_the_work_of_whoever_invited_them(given, database, invite):
    rules = given.template({"brand.logo": {"producer_may_approve": False}})
    project, maker = given.project(template_id=rules), given.person("reviewer")
    version = maker.submit(project).json["data"]["id"]

    guest, another = invite(version, by=maker), invite(version)

    with database.unchanged():
        assert code(guest.say("approve")) == "own_work"
    assert another.say("approve").json["data"]["status"] == "approved"


def test_a_person_and_their_guests_are_one_vote(given, database, invite, reviewer):
    rules = given.template({"brand.logo": {"approvals_required": 2}})
    version = given.version(given.project(template_id=rules))
    first, second = invite(version), invite(version, guest_name="Bo")

    votes = [guest.say("approve").json["data"]["votes"] for guest in (first, second)]
    votes.append(reviewer.approve(version).json["data"]["decisions"][0]["votes"])

    assert votes == [{"given": 1, "required": 2}] * 3
    assert database.status(version) == "pending"
    assert "Others must approve it, too." in first.page()
    colleague = given.person("reviewer")
    answer = invite(version, by=colleague, guest_name="Cy").say("approve").json["data"]
    assert (answer["status"], answer["votes"]) == ("approved", {"given": 2, "required": 2})
    assert database.actions(version).count("approve") == 2


def test_guests_of_a_program_are_no_votes_where_several_people_must_approve(given, database, invite):
    rules = given.template({"brand.logo": {"approvals_required": 2}})
    project, program = given.project(template_id=rules), given.token("reviewer")
    version, plain = given.version(project), given.version(project, "brand.claim")
    guest, other = invite(version, by=program), invite(plain, by=program)

    with database.unchanged():
        assert code(guest.say("approve")) == "review_link_narrow"
    assert guest.say("reject", "No.").json["data"]["status"] == "rejected"
    assert other.say("approve").json["data"]["status"] == "approved"


def test_what_does_not_fit_the_template_is_not_approved_by_a_guest(given, invite):
    rules = given.template({"brand.logo": {"schema": {"type": "string"}}})
    version = given.version(given.project(template_id=rules), value={"no": "string"})
    guest = invite(version)

    assert code(guest.say("approve")) == "template_violation"
    refused = guest.press("approve")
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text


# When it ends


def test_an_expired_link_shows_nothing(invite, version, database, settings):
    guest = invite(version, note="Between us")
    database.run("update sidecar.review_links set expires_at = now() - interval '1 second'")
    in_token = Guest(guest.client, {**guest.link, "url": f"x/{seal_link(settings, UUID(guest.link['id']), 1000)}"})

    for one in (guest, in_token):
        with database.unchanged():
            assert (one.look().status_code, code(one.look())) == (410, "review_link_expired")
            assert code(one.say("approve", form="x")) == "review_link_expired"
            page = one.page()
            assert "has expired" in page
            assert "Between us" not in page
            assert "brand.logo" not in page
            assert one.press("approve", page="").status_code == 410


def test_a_seal_alone_is_no_link(invite, version, client, settings):
    guest, later = invite(version), int(time.time()) + 10**6
    for token in (seal_link(settings, UUID(guest.link["id"]), later), seal_link(settings, UUID(int=7), later)):
        assert code(client.get(f"/v1/shared/{token}")) == "review_link_not_found"


def test_a_revoked_link_shows_nothing_from_then_on(invite, version, database, reviewer):
    guest = invite(version)
    page = guest.page()
    assert reviewer.call("DELETE", f"/v1/links/{guest.link['id']}").status_code == 200

    with database.unchanged():
        assert (guest.look().status_code, code(guest.look())) == (410, "review_link_revoked")
        refused = guest.press("approve", page=page)
    assert refused.status_code == 410
    assert "was revoked" in refused.text
    assert "brand.logo" not in refused.text


def test_a_link_stops_when_its_makers_rights_do(given, invite, version, database):
    maker = given.person("reviewer")
    guest = invite(version, by=maker)
    page = guest.page()

    policies = database.all('select * from directus_access where "user" = %s', maker.id)
    database.run('delete from directus_access where "user" = %s', maker.id)
    with database.unchanged():
        assert (guest.look().status_code, code(guest.look())) == (403, "review_link_stopped")
        assert guest.press("approve", page=page).status_code == 403
    given.grant(maker.id, policies[0]["policy"])
    assert guest.look().status_code == 200

    database.run("update directus_users set status = 'suspended' where id = %s", maker.id)
    assert code(guest.look()) == "review_link_stopped"
    database.run("delete from directus_users where id = %s", maker.id)
    assert code(guest.look()) == "review_link_stopped"


def test_a_link_decides_no_longer_when_its_maker_may_not(given, invite, version, database):
    maker = given.person("reviewer")
    guest = invite(version, by=maker)
    page = guest.page()
    database.run('delete from directus_access where "user" = %s', maker.id)
    given.grant(maker.id, PRODUCER)

    assert guest.seen()["may"] == ["view", "comment"]
    with database.unchanged():
        assert guest.press("approve", page=page).status_code == 403
    assert guest.say("comment", "Hm.").status_code == 200


def test_a_programs_link_stops_with_its_token(given, invite, version, database):
    guest = invite(version, by=given.token("reviewer"))
    assert guest.look().status_code == 200

    database.run("update sidecar.service_tokens set revoked_at = now()")

    assert code(guest.look()) == "review_link_stopped"


def test_a_right_that_holds_at_one_address_is_not_lent_to_another(given, invite, version, database):
    maker = given.person(None)
    given.grant(maker.id, PRODUCER)
    guest = invite(version, by=maker, may=["view"])
    database.run("update directus_policies set ip_access = '10.1.0.0/16' where id = %s", PRODUCER)

    assert code(guest.look()) == "review_link_stopped"
    assert guest.look(environ_base={"REMOTE_ADDR": "10.1.2.3"}).status_code == 200


def test_who_uses_a_link_while_it_is_revoked_comes_before_or_after(invite, version, database, reviewer, connect):
    guest = invite(version)
    form = guest.seen()["form_token"]
    other = connect("sidecar").connection
    with other.transaction():
        other.execute("update sidecar.review_links set revoked_at = now()")
        thread_answer: list[Any] = []
        thread = threading.Thread(
            target=lambda: thread_answer.append(
                guest.client.application.test_client().post(
                    guest.address,
                    json={"form_token": form, "artifact_version_id": str(version), "action": "approve"},
                )
            )
        )
        thread.start()
        _until(lambda: database.value("select count(*) from pg_stat_activity where wait_event_type = 'Lock'") > 0)
    thread.join()

    assert code(thread_answer[0]) == "review_link_revoked"
    assert database.status(version) == "pending"


def _until(true):
    ends = time.monotonic() + 10
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_switched_off_no_link_works(invite, version, settings):
    guest = invite(version)
    app = create_app(settings.model_copy(update={"review_link_days": 0}))
    try:
        assert code(app.test_client().get(guest.address)) == "review_links_off"
    finally:
        app.extensions["artifacts"].database.close()


# Guessing and flooding


def test_who_guesses_is_slowed_down_and_others_are_not(invite, version, client, settings):
    guest = invite(version)
    here = {"environ_base": {"REMOTE_ADDR": "203.0.113.7"}}
    answers = [client.get(f"/v1/shared/guess{number}", **here) for number in range(30)]

    assert [answer.status_code for answer in answers] == [404] * shared_http.WRONG_TOKENS + [429] * 10
    assert 0 < int(answers[-1].headers["Retry-After"]) <= shared_http.WRONG_SECONDS
    page = client.get("/v1/shared/x", headers=BROWSER, **here)
    assert (page.status_code, page.mimetype, bool(page.headers["Retry-After"])) == (429, "text/html", True)
    assert client.get("/v1/shared/x", environ_base={"REMOTE_ADDR": "203.0.113.8"}).status_code == 404
    # Who has a link is let in from there, too: an office has one address, and nobody guesses a seal.
    assert guest.look(**here).status_code == 200


def test_a_guess_is_not_asked_of_the_database(client, app):
    app.extensions["artifacts"].database.pool.close()

    assert code(client.get("/v1/shared/guess")) == "review_link_not_found"


def test_an_address_and_a_link_are_read_so_often_a_minute(invite, version, monkeypatch):
    monkeypatch.setattr(shared_http, "FROM_AN_ADDRESS", 5)
    monkeypatch.setattr(shared_http, "THROUGH_A_LINK", 3)
    guest = invite(version)

    statuses = [guest.look(environ_base={"REMOTE_ADDR": f"192.0.2.{n}"}).status_code for n in range(4)]
    assert statuses == [200, 200, 200, 429]
    for _ in range(2):
        invite(version, guest_name="Bo").look()
    fresh = [invite(version, guest_name="Bo").look().status_code for _ in range(4)]
    assert fresh == [200, 200, 200, 429]


def test_a_link_is_used_so_often_an_hour_whichever_process_it_asks(invite, version, database, settings):
    guest = invite(version)
    form = guest.seen()["form_token"]
    database.run(
        "insert into sidecar.review_link_uses (link_id, form, artifact_version_id, action, said, used_at)"
        " select %s, n::text, %s, 'comment', '', now() - interval '50 minutes' from generate_series(1, %s) n",
        guest.link["id"], version, MOST_USES_AN_HOUR,
    )  # fmt: skip
    app = create_app(settings)
    try:
        refused = Guest(app.test_client(), guest.link).say("comment", "x", form=form)
    finally:
        app.extensions["artifacts"].database.close()

    assert (refused.status_code, code(refused)) == (429, "too_many_requests")
    assert 500 < int(refused.headers["Retry-After"]) <= 600
    database.run("update sidecar.review_link_uses set used_at = now() - interval '61 minutes'")
    assert guest.say("comment", "x").status_code == 200


def test_behind_proxies_the_guests_own_address_counts(settings):
    app = create_app(settings.model_copy(update={"proxies": 1}))
    client = app.test_client()
    try:
        for number in range(30):
            client.get("/v1/shared/x", headers={"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.7"})
        assert client.get("/v1/shared/x", headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 429
        assert client.get("/v1/shared/x", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 404
    finally:
        app.extensions["artifacts"].database.close()


class Log:
    """Keeps what the edge says, with what is bound to the request."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def info(self, event: str, **fields: Any) -> None:
        self.lines.append({"event": event, **structlog.contextvars.get_contextvars(), **fields})

    debug = error = info


def test_no_token_stands_in_the_log(invite, version, client, monkeypatch):
    log = Log()
    monkeypatch.setattr(edge, "log", log)
    guest = invite(version)
    guest.say("comment", "x")
    guest.page()
    client.get("/v1/shared/guess")

    assert {line["path"] for line in log.lines if "shared" in line["path"]} == {"/v1/shared/…"}
    assert f"link:{guest.link['id']}" in [line.get("caller") for line in log.lines]
    assert guest.address.rpartition("/")[2] not in str(log.lines)
    assert "guess" not in str(log.lines)
