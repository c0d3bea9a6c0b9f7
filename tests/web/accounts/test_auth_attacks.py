"""What strangers, thieves and impatient people do at the live."""

from __future__ import annotations

import logging
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from audiospective.models import Connection, User
from audiospective.models.sessions import Session
from audiospective.web import access
from audiospective.web.accounts import flows
from tests.support.clocks import Frozen
from tests.web import markup
from tests.web.conftest import LiveSite, Visitor, ending

BASE = "http://127.0.0.1:8000"


def state_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["state"][0]


def signed_in(browser: Visitor) -> bool:
    return browser.get("/dashboard").status_code == 200


def name_of(browser: Visitor) -> str:
    """Of whoever is signed in."""
    return browser.page("/settings/profile").one("input", name="name").attributes["value"]


def cookie_size(browser: Visitor) -> int:
    cookie = browser.get_cookie("audiospective", domain="127.0.0.1")
    return len(cookie.value) if cookie else 0


def test_a_callback_with_another_browsers_state_is_refused(live: LiveSite) -> None:
    mallory, victim = live.site.visitor(), live.site.visitor()
    back = live.control.consent(live.leave_for_spotify(mallory), "charlie")
    answer = ending(victim, victim.get(back.removeprefix(BASE)))
    assert answer.status_code == 400
    assert not signed_in(victim)
    assert User.select().count() == 0


@pytest.mark.parametrize("query", ["", "?code=abc", "?state=", "?state=x&code=abc", "?error=x"])
def test_a_callback_out_of_nowhere_is_refused(live: LiveSite, query: str) -> None:
    browser = live.site.visitor()
    answer = ending(browser, browser.get(f"/callback{query}"))
    assert answer.status_code == 400
    assert "sign-in has run out" in answer.text


def test_a_state_works_once(live: LiveSite, frozen: Frozen) -> None:
    browser = live.site.visitor()
    back = live.control.consent(live.leave_for_spotify(browser), "alice").removeprefix(BASE)
    before = browser.get_cookie("audiospective", domain="127.0.0.1")
    assert browser.get(back).status_code == 302
    thief = live.site.visitor()  # with a copy of the cookie from before, and the whole address
    thief.set_cookie("audiospective", before.value, domain="127.0.0.1")
    frozen.forward(seconds=61)
    assert ending(thief, thief.get(back)).status_code == 400
    assert not signed_in(thief)
    assert live.control.calls(endpoint="token.code") == 1


def test_a_state_runs_out_after_half_an_hour(live: LiveSite, frozen: Frozen) -> None:
    browser = live.site.visitor()
    address = live.leave_for_spotify(browser)
    frozen.forward(minutes=31)
    assert live.come_back(browser, address).status_code == 400
    assert not signed_in(browser)
    assert User.select().count() == 0


def test_several_tabs_may_come_back_in_any_order(live: LiveSite) -> None:
    browser = live.site.visitor()
    tabs = [live.leave_for_spotify(browser, next=f"/history?tab={tab}") for tab in range(4)]
    assert live.come_back(browser, tabs[2], allow=False).status_code == 200
    assert live.come_back(browser, tabs[0], allow=False).status_code == 200
    assert live.come_back(browser, tabs[3]).headers["Location"] == "/welcome"


def test_ten_abandoned_flows_keep_the_cookie_small(live: LiveSite) -> None:
    browser = live.site.visitor()
    way_back = "/history?" + "".join(f"{n:x}{n * 7919:x}" for n in range(40))
    tabs = [live.leave_for_spotify(browser, next=way_back[:190]) for _ in range(10)]
    assert cookie_size(browser) < 4000
    assert live.come_back(browser, tabs[-1]).status_code == 302
    with browser.session_transaction(base_url=BASE) as session:
        assert flows.KEY not in session


def test_a_flow_begun_by_bob_does_not_end_as_charlie(live: LiveSite) -> None:
    bob = live.newcomer("bob")
    address = live.leave_for_spotify(bob, intent="reconnect")
    bob.submit(bob.page("/dashboard"), "/sign-out")
    before = list(Connection.select().dicts())
    assert live.come_back(bob, address, "charlie").status_code == 400
    assert list(Connection.select().dicts()) == before
    assert not signed_in(bob)


def test_bob_cannot_attach_the_spotify_of_alice(live: LiveSite) -> None:
    live.newcomer("alice")
    bob = live.newcomer("bob")
    before = list(Connection.select().dicts())
    answer = live.connect(bob, "alice", intent="reconnect")
    assert answer.status_code == 409
    assert "another Spotify account" in answer.text
    assert "Alice" in answer.text
    assert "Bob" in answer.text
    assert list(Connection.select().dicts()) == before
    assert name_of(bob) == "Bob"


def test_the_session_before_sign_in_does_not_survive_it(live: LiveSite) -> None:
    browser = live.site.visitor()
    browser.get("/waitlist")  # a form was shown, so a CSRF token is in the session
    with browser.session_transaction(base_url=BASE) as session:
        session["planted"] = "by mallory"
        before = session.get("csrf_token")
    assert before
    live.connect(browser, "alice")
    with browser.session_transaction(base_url=BASE) as session:
        assert "planted" not in session
        assert session.get("csrf_token") != before


def test_the_session_names_a_random_key_and_not_the_member(live: LiveSite) -> None:
    browser = live.newcomer("alice")
    with browser.session_transaction(base_url=BASE) as session:
        key = session["_user_id"]
        assert len(key) >= 40
        assert str(live.user().id) not in session.values()
    row = Session.get()
    assert key not in row.__data__.values()
    assert key != live.user().session_key


def test_signing_out_everywhere_kills_copies_of_the_cookie(live: LiveSite) -> None:
    browser = live.newcomer("alice")
    thief = live.site.visitor()
    cookie = browser.get_cookie("audiospective", domain="127.0.0.1")
    thief.set_cookie("audiospective", cookie.value, domain="127.0.0.1")
    assert signed_in(thief)
    token = browser.page("/dashboard").all("input", name="csrf_token")[0].attributes["value"]
    browser.post(
        "/sign-out/everywhere", data={"csrf_token": token}, headers={"Referer": f"{BASE}/"}
    )
    assert not signed_in(thief)
    assert not signed_in(browser)


def test_no_session_lasts_longer_than_ninety_days(live: LiveSite, frozen: Frozen) -> None:
    browser = live.newcomer("alice")
    for _ in range(4):
        frozen.forward(days=20)
        with browser.session_transaction(base_url=BASE):
            pass  # the cookie is renewed at every visit
        assert signed_in(browser)
    frozen.forward(days=11)
    assert not signed_in(browser)


def test_a_session_that_is_not_fresh_must_prove_itself(live: LiveSite, frozen: Frozen) -> None:
    @access.freshly_signed_in
    def dangerous() -> str:
        return "done"

    live.site.app.add_url_rule("/dangerous", view_func=dangerous)
    browser = live.newcomer("alice")
    assert browser.get("/dangerous").text == "done"
    frozen.forward(minutes=16)
    answer = browser.get("/dangerous")
    assert answer.headers["Location"] == "/sign-in?next=%2Fdangerous&confirm=1"
    page = browser.page("/sign-in?next=%2Fdangerous&confirm=1")
    link = page.one("a", href="/connect?next=%2Fdangerous&intent=confirm")
    assert "Spotify" in link.text
    address = live.leave_for_spotify(browser, next="/dangerous", intent="confirm")
    assert "show_dialog=true" in address
    assert live.come_back(browser, address).headers["Location"] == "/dangerous"
    assert browser.get("/dangerous").text == "done"


def test_bob_cannot_confirm_for_alice(live: LiveSite, frozen: Frozen) -> None:
    live.newcomer("bob")
    browser = live.newcomer("alice")
    frozen.forward(minutes=16)
    answer = live.connect(browser, "bob", next="/dashboard", intent="confirm")
    assert answer.status_code == 409
    assert name_of(browser) == "Alice"
    assert browser.get("/settings/sessions").status_code == 302  # not fresh
    assert not Session.get_or_none(Session.user == live.user("bob"), Session.id > 2)


@pytest.mark.parametrize(
    "way",
    [
        "//evil.example",
        "///evil.example",
        "\\\\evil.example",
        "/\\evil.example",
        "/%5cevil.example",
        "/%5C%5Cevil.example",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "/\tevil.example",
        "/\r\nSet-Cookie: a=b",
        " /dashboard",
        "evil.example",
        "/" + "a" * 600,
    ],
)
def test_a_way_back_never_leads_elsewhere(live: LiveSite, way: str) -> None:
    live.newcomer("alice")
    answer = live.connect(live.site.visitor(), "alice", next=way)
    assert answer.headers["Location"] == "/dashboard"


def test_cookies_over_https_are_bound_to_the_host(make_live: Any) -> None:
    live = make_live(base_url="https://archive.example")
    answer = live.site.visitor().get("/connect", base_url="https://archive.example")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie


def test_a_forged_host_changes_no_redirect_uri(live: LiveSite) -> None:
    answer = live.site.visitor().get("/connect", base_url="http://evil.example")
    assert answer.status_code == 400
    address = live.leave_for_spotify(live.site.visitor())
    assert "redirect_uri=http%3A%2F%2F127.0.0.1%3A8000%2Fcallback" in address


FORMS = (
    "/sign-in",
    "/sign-out",
    "/sign-out/everywhere",
    "/waitlist",
    "/waitlist/confirm/token",
    "/sign-in/link/token",
    "/welcome",
    "/settings/spotify-app",
    "/settings/spotify-app/remove",
)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("token", [None, "forged"])
def test_no_form_works_without_its_token(live: LiveSite, form: str, token: str | None) -> None:
    browser = live.newcomer("alice")
    answer = browser.post(form, data={"csrf_token": token} if token else {})
    assert answer.status_code == 400
    assert "open too long" in answer.text


@pytest.mark.parametrize("form", ["/sign-in", "/waitlist"])
def test_an_oversized_form_is_refused_unread(live: LiveSite, form: str) -> None:
    answer = live.site.visitor().post(form, data={"email": "a" * 300_000})
    assert answer.status_code == 413


NAMES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'};alert(1);//",
    "{{ 7 * 7 }}",
    "\u202eevil\u202c",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_with_script_in_it_is_text_everywhere(live: LiveSite, name: str) -> None:
    live.control.set_listener("alice", display_name=name)
    browser = live.newcomer("alice")
    wrong = live.connect(browser, "bob", intent="reconnect")
    assert wrong.status_code == 409
    for text in (wrong.text, browser.get("/welcome").text, browser.get("/dashboard").text):
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        # As a number in the words: two digits stand in the forms' random tokens now and then.
        assert not re.search(r"(?<!:)\b49\b", markup.read(text).text) or "{{" not in name


def test_failed_sign_ins_are_limited_but_good_ones_are_not(live: LiveSite, frozen: Frozen) -> None:
    browser = live.site.visitor()
    answers = [browser.get("/callback?state=x&code=y").status_code for _ in range(70)]
    assert answers[:60] == [303] * 60
    assert set(answers[60:]) == {429}
    assert live.connect(live.site.visitor(), "alice").headers["Location"] == "/welcome"
    frozen.forward(seconds=61)
    assert browser.get("/callback?state=x&code=y").status_code == 303


def test_bad_codes_cost_few_calls_to_spotify(live: LiveSite, frozen: Frozen) -> None:
    codes = []
    for _ in range(90):
        browser = live.site.visitor()
        state = state_of(live.leave_for_spotify(browser))
        codes.append(browser.get(f"/callback?state={state}&code=guess").status_code)
    assert codes == [303] * 30 + [429] * 60
    assert live.control.calls(endpoint="token.code") == 30


def test_good_sign_ins_of_a_whole_school_are_not_limited(live: LiveSite, frozen: Frozen) -> None:
    for _ in range(40):
        browser = live.site.visitor()
        assert live.connect(browser, "alice").status_code == 302
        assert signed_in(browser)


def test_no_token_secret_or_code_is_in_logs_or_pages(
    live: LiveSite, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    texts = []
    for fault in ("none", "invalid_grant", "status", "rate_limit"):
        if fault != "none":
            live.control.fault(fault, endpoint="me" if fault == "rate_limit" else "token.code")
        browser = live.site.visitor()
        back = live.control.consent(live.leave_for_spotify(browser), "alice")
        texts += [parse_qs(urlsplit(back).query)["code"][0]]
        answer = ending(browser, browser.get(back.removeprefix(BASE)))
        assert texts[-1] not in answer.text
        assert "sandbox-secret" not in answer.text
    vault, connection = live.site.services.vault, live.connection()
    texts += [
        vault.decrypt("connections.access", connection.user_id, connection.access_encrypted),
        vault.decrypt("connections.refresh", connection.user_id, connection.refresh_encrypted),
        "sandbox-secret",
    ]
    said = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    for secret in texts:
        assert secret not in said
    dump = "".join(str(row) for row in Connection.select().dicts())
    assert not any(secret in dump for secret in texts)
    redis = live.site.services.redis
    kept = b"".join(redis.dump(key) or b"" for key in redis.keys("*"))
    assert not any(secret.encode() in kept for secret in texts)
