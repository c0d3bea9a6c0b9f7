"""Sign-in by an e-mail: for archives without Spotify, and as a second key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug.routing import AnyConverter, Rule

from audiospective import clock, models
from audiospective.accounts import sessions, sign_in_link
from audiospective.models import Connection, User
from audiospective.models.notices import Notice
from audiospective.models.sign_in_links import SignInLink
from audiospective.web.accounts import sign_in as web_sign_in
from audiospective.web.throttle import Limit
from audiospective.web.waitlist import pages as web_waitlist
from tests.factories import make_user
from tests.support.clocks import Frozen
from tests.web.conftest import LiveSite, Visitor
from tests.web.mailbox import inbox, link
from tests.web.test_foreign_archives import OPEN

ANA = "ana@example.org"


def ask(browser: Visitor, email: str = ANA, query: str = "", **more: str) -> Any:
    return browser.submit(browser.page(f"/sign-in{query}"), "/sign-in", email=email, **more)


def press(browser: Visitor, address: str, **values: str) -> Any:
    return browser.submit(browser.page(address), address, **values)


def proven(name: str, email: str = ANA, **facts: Any) -> User:
    return make_user(name, email=email, email_verified_at=clock.now(), **facts)


def test_an_unknown_address_opens_an_archive_without_spotify(live: LiveSite) -> None:
    browser = live.site.visitor()
    assert ask(browser).headers["Location"] == "/sign-in/sent"
    email = inbox(live, ANA)[0]
    assert "Open your archive" in email["subject"]
    assert User.select().count() == 0
    assert "Open an archive for ana@example.org" in browser.page(link(email)).text
    assert User.select().count() == 0  # mail scanners open links
    assert press(browser, link(email)).headers["Location"] == "/welcome"
    ana = User.get()
    assert (ana.email, ana.spotify_account_id, ana.founding_number) == (ANA, None, None)
    assert "Ready for your files" in browser.page("/welcome").text
    browser.page("/dashboard")
    assert Connection.select().count() == 0


def test_a_known_address_signs_in(live: LiveSite) -> None:
    alice = proven("alice")
    browser = live.site.visitor()
    ask(browser)
    email = inbox(live, ANA)[0]
    assert "sign-in link" in email["subject"]
    assert press(browser, link(email)).headers["Location"] == "/dashboard"
    with browser.session_transaction(base_url="http://127.0.0.1:8000") as session:
        assert sessions.find(session["_user_id"]).user_id == alice.id
    assert User.select().count() == 1


def test_an_address_that_was_only_typed_opens_nobodys_archive(live: LiveSite) -> None:
    make_user("alice", email=ANA)
    browser = live.site.visitor()
    ask(browser)
    press(browser, link(inbox(live, ANA)[0]))
    assert User.select().count() == 2


def test_a_link_works_once(live: LiveSite) -> None:
    proven("alice")
    ask(live.site.visitor())
    address = link(inbox(live, ANA)[0])
    first, second = live.site.visitor(), live.site.visitor()
    page = second.page(address)
    assert press(first, address).status_code == 303
    assert second.submit(page, address).status_code == 410
    assert "invalid or has expired" in second.page(address, 410).text


def test_a_link_pressed_in_ten_windows_at_once_works_once(live: LiveSite) -> None:
    ask(live.site.visitor())
    found = sign_in_link.find(link(inbox(live, ANA)[0]).rpartition("/")[2])

    def use(_: int) -> bool:
        with models.database.connection_context():
            return sign_in_link.use(found) is not None

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(use, range(10))) == 1
    assert User.select().count() == 1


def test_a_link_runs_out_after_half_an_hour(live: LiveSite, frozen: Frozen) -> None:
    ask(live.site.visitor())
    address = link(inbox(live, ANA)[0])
    frozen.forward(minutes=30, seconds=1)
    live.site.visitor().page(address, 410)


def test_the_database_holds_no_usable_link(live: LiveSite) -> None:
    ask(live.site.visitor())
    token = link(inbox(live, ANA)[0]).rpartition("/")[2]
    assert SignInLink.get().token_hash != token
    live.site.visitor().page(f"/sign-in/link/{SignInLink.get().token_hash}", 410)


def test_a_refused_form_leaves_no_link_in_the_log(
    live: LiveSite, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    ask(live.site.visitor())
    token = link(inbox(live, ANA)[0]).rpartition("/")[2]
    assert live.site.visitor().post(f"/sign-in/link/{token}").status_code == 400
    said = [f"{record.getMessage()} {getattr(record, 'event', {})}" for record in caplog.records]
    assert any("page_refused" in line and "400" in line for line in said)
    assert not any(token in line for line in said)


def test_several_archives_of_one_address_are_offered(live: LiveSite) -> None:
    proven("alice", founding_number=3)
    bob = proven("bob")
    stranger = make_user("charlie")
    browser = live.site.visitor()
    ask(browser)
    address = link(inbox(live, ANA)[0])
    assert "founding member No. 3" in browser.page(address).text
    press(browser, address, archive=str(bob.id))
    with browser.session_transaction(base_url="http://127.0.0.1:8000") as session:
        assert sessions.find(session["_user_id"]).user_id == bob.id
    other = live.site.visitor()
    ask(other)
    press(other, link(inbox(live, ANA)[1]), archive=str(stranger.id))
    with other.session_transaction(base_url="http://127.0.0.1:8000") as session:
        assert sessions.find(session["_user_id"]).user_id not in (stranger.id, bob.id)


def test_the_email_leads_back_to_the_page_one_came_from(live: LiveSite) -> None:
    proven("alice")
    browser = live.site.visitor()
    ask(browser, query="?next=/history")
    assert press(browser, link(inbox(live, ANA)[0])).headers["Location"] == "/history"


@pytest.mark.parametrize("way", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_the_email_leads_nowhere_else(live: LiveSite, way: str) -> None:
    proven("alice")
    browser = live.site.visitor()
    ask(browser, next=way)
    assert press(browser, link(inbox(live, ANA)[0])).headers["Location"] == "/dashboard"


def test_the_answer_is_the_same_for_known_and_unknown_addresses(live: LiveSite) -> None:
    proven("alice")
    answers = [ask(live.site.visitor(), email) for email in (ANA, "nobody@example.org")]
    assert {(one.status_code, one.headers["Location"], one.text) for one in answers} == {
        (303, "/sign-in/sent", answers[0].text)
    }


def test_known_and_unknown_addresses_take_the_same_statements(
    live: LiveSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    proven("alice")
    seen: list[str] = []
    run = models.database.obj.execute_sql

    def noted(sql: str, *args: Any, **kwargs: Any) -> Any:
        seen.append(sql)
        return run(sql, *args, **kwargs)

    monkeypatch.setattr(models.database.obj, "execute_sql", noted)
    statements = []
    for email in (ANA, "nobody@example.org"):
        seen.clear()
        sign_in_link.send(live.site.services, email, "")
        statements.append(list(seen))
    assert statements[0] == statements[1]


def test_a_robot_and_a_nonsense_address_get_no_email(live: LiveSite) -> None:
    assert ask(live.site.visitor(), website="x").status_code == 303
    assert ask(live.site.visitor(), "a@b.example\r\nBcc: c@d.example").status_code == 422
    assert SignInLink.select().count() == 0


def ask_from(live: LiveSite, number: int, email: str = ANA) -> int:
    browser = live.site.visitor()
    token = browser.page("/sign-in").one("input", name="csrf_token").attributes["value"]
    answer = browser.post(
        "/sign-in",
        data={"email": email, "csrf_token": token},
        headers={"Referer": "http://127.0.0.1:8000/"},
        environ_overrides={"REMOTE_ADDR": f"198.{number}.51.100"},
    )
    return int(answer.status_code)


def test_strangers_who_ask_for_an_address_cannot_keep_its_owner_out(
    live: LiveSite, frozen: Frozen
) -> None:
    proven("alice")
    for minute in range(120):  # somebody new asks every minute, for two hours
        assert ask_from(live, minute) == 303
        if minute % 20 == 19:
            owner = live.site.visitor()
            assert ask(owner).status_code == 303
            address = link(inbox(live, ANA)[-1])
            assert press(owner, address).headers["Location"] == "/dashboard"
        frozen.forward(minutes=1)
    assert len(inbox(live, ANA)) <= 6 * 9  # nor fill the inbox


def test_an_address_that_strangers_keep_entering_gets_few_e_mails_a_day(
    live: LiveSite, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_sign_in, "TO_ONE", Limit("links to one address", 4, 24 * 3600))
    monkeypatch.setattr(web_sign_in, "TO_NONE", Limit("more links to one address", 2, 24 * 3600))
    alice = proven("alice")
    for number in range(20):  # for a hundred minutes
        assert ask_from(live, number) == ask_from(live, number, "no@example.org") == 303
        frozen.forward(minutes=5)
    assert Notice.select().where(Notice.recipient == "no@example.org").count() == 4 + 2
    assert 4 < Notice.select().where(Notice.recipient == ANA).count() < 10
    good = (SignInLink.email == alice.email) & (SignInLink.expires_at > frozen.now)
    assert SignInLink.select().where(good).exists()
    frozen.forward(days=1)
    ask_from(live, 1, "no@example.org")
    assert Notice.select().where(Notice.recipient == "no@example.org").count() == 4 + 2 + 1


def test_a_stranger_who_asks_twelve_times_keeps_nobody_from_opening_an_archive(
    live: LiveSite, frozen: Frozen
) -> None:
    for number in range(40):  # for more than three hours
        ask_from(live, number)
        frozen.forward(minutes=5 if number < 39 else 30)
    assert Notice.select().where(Notice.recipient == ANA).count() > web_sign_in.TO_ONE.count
    owner = live.site.visitor()
    assert ask(owner).status_code == 303
    assert "gets only so many" in owner.get("/sign-in/sent").text
    assert press(owner, link(inbox(live, ANA)[-1])).headers["Location"] == "/welcome"


def test_used_up_e_mails_of_all_visitors_keep_no_member_out(
    live: LiveSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = proven("alice")
    monkeypatch.setattr(web_sign_in, "ALL", Limit("link all", 3, 3600, shared=True))
    assert [ask_from(live, n, f"n{n}@example.org") for n in range(6)] == [303] * 6
    assert SignInLink.select().count() == 3  # the answers tell nothing
    assert ask_from(live, 9) == 303
    assert SignInLink.get(SignInLink.email == alice.email)


def test_bad_addresses_and_refused_visitors_spend_nothing_of_others(
    live: LiveSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_sign_in, "ALL", Limit("link all", 8, 3600, shared=True))
    monkeypatch.setattr(web_waitlist, "ALL", Limit("waitlist all", 8, 3600, shared=True))
    for page in ("/sign-in", "/waitlist"):
        mallory = live.site.visitor()
        for _ in range(20):
            mallory.submit(mallory.page(page), page, email="not an address")
    assert ask_from(live, 1) == 303
    assert SignInLink.select().count() == 1
    owner = live.site.visitor()
    token = owner.page("/waitlist").one("input", name="csrf_token").attributes["value"]
    answer = owner.post(
        "/waitlist",
        data={"email": ANA, "csrf_token": token},
        headers={"Referer": "http://127.0.0.1:8000/"},
        environ_overrides={"REMOTE_ADDR": "198.51.100.77"},
    )
    assert answer.status_code == 303


def test_pages_for_members_send_strangers_to_sign_in_and_back(live: LiveSite) -> None:
    browser = live.site.visitor()
    answer = browser.get("/settings/spotify-app?x=1")
    assert answer.headers["Location"] == "/sign-in?next=%2Fsettings%2Fspotify-app%3Fx%3D1"
    page = browser.page(answer.headers["Location"])
    assert page.one("a", href="/connect?next=%2Fsettings%2Fspotify-app%3Fx%3D1")


def test_a_fragment_sends_the_whole_page_to_sign_in(live: LiveSite) -> None:
    answer = live.site.visitor().fragment(
        "/ui/first-poll", **{"HX-Current-URL": "http://127.0.0.1:8000/welcome"}
    )
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/sign-in?next=%2Fwelcome"


def test_a_fragment_of_another_site_is_not_led_back_to(live: LiveSite) -> None:
    answer = live.site.visitor().fragment(
        "/ui/first-poll", **{"HX-Current-URL": "http://evil.example/welcome"}
    )
    assert answer.headers["HX-Redirect"] == "/sign-in?next=%2Fdashboard"


@pytest.mark.parametrize("header", ["Referer", "HX-Current-URL"])
@pytest.mark.parametrize("sent", ["http://[", "http://\u2100.example/", "//\\[::1/"])
def test_an_address_that_is_none_leads_to_the_dashboard(
    live: LiveSite, header: str, sent: str
) -> None:
    headers = {header: sent.encode().decode("latin-1")}
    answer = live.site.visitor().fragment("/ui/first-poll", **headers)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/sign-in?next=%2Fdashboard"


def one_of(rule: Rule, name: str) -> str:
    """A value of the argument: of a list of words the first, else a number."""
    converter = rule._converters[name]
    return min(converter.items) if isinstance(converter, AnyConverter) else "1"


def test_every_page_is_for_members_unless_it_is_meant_for_all(live: LiveSite) -> None:
    browser = live.site.visitor()
    open_to_all = []
    for rule in live.site.app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint in OPEN:
            continue
        values = {name: one_of(rule, name) for name in rule.arguments}
        with live.site.app.test_request_context(base_url="http://127.0.0.1:8000"):
            address = live.site.app.url_for(rule.endpoint, _external=False, **values)
        for headers in ({}, {"HX-Request": "true"}):
            answer = browser.get(address, headers=headers)
            if answer.status_code not in (302, 303, 401, 404):
                open_to_all.append((rule.endpoint, answer.status_code))
    assert open_to_all == []
