"""Nobody gets into an archive by a forwarded link, an old cookie or a poorer answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audiospective import clock
from audiospective.accounts import (
    invitations,
    sessions,
    sign_in_link,
    sign_up,
    waitlist,
    waitlist_standing,
)
from audiospective.accounts.outcomes import Outcome
from audiospective.models import Connection, User
from audiospective.models.notices import Notice
from audiospective.models.sessions import Session, SettledCallback
from audiospective.models.sign_in_links import SignInLink
from audiospective.models.users import SignedOutError
from audiospective.models.waitlist import WaitlistEntry
from audiospective.notices import signed_links
from audiospective.policy.sessions import EMAIL
from tests.factories import make_user
from tests.support.clocks import Frozen
from tests.web.conftest import LiveSite, Visitor
from tests.web.mailbox import inbox, link

BASE = "http://127.0.0.1:8000"
ANA = "ana@example.org"


@pytest.fixture
def live(make_live: Any, database_url: str) -> LiveSite:
    """The site on SQLite and on PostgreSQL."""
    return make_live(database_url=database_url)


def by_email(name: str, email: str = ANA) -> User:
    """A member who has no Spotify account."""
    return make_user(
        name, spotify_account_id=None, spotify_id=None, display_name=None, email=email,
        email_verified_at=clock.now(),
    )  # fmt: skip


def copy(browser: Visitor, live: LiveSite) -> Visitor:
    """Another browser with a copy of the cookie."""
    thief = live.site.visitor()
    cookie = browser.get_cookie("audiospective", domain="127.0.0.1")
    thief.set_cookie("audiospective", cookie.value, domain="127.0.0.1")
    return thief


def told_of_attaching(live: LiveSite) -> dict[str, Any]:
    """The newest e-mail about an account that was attached."""
    told = [one for one in inbox(live, ANA) if "Spotify account was connected" in one["subject"]]
    return told[-1]


def signed_in(browser: Visitor) -> bool:
    return browser.get("/dashboard").status_code == 200


# Forwarded invitation


def test_whoever_uses_a_forwarded_invitation_gets_a_place_and_not_the_address(
    live: LiveSite,
) -> None:
    waitlist.request(live.site.services, ANA)
    waitlist_standing.confirm(live.site.services, WaitlistEntry.get())
    invitations.invite(live.site.services, 1)
    mallory = live.site.visitor()
    mallory.page(link(inbox(live, ANA)[-1]))
    assert live.connect(mallory, "charlie").headers["Location"] == "/welcome"
    assert (live.user("charlie").email, live.user("charlie").email_verified_at) == (None, None)
    ana = live.site.visitor()
    ana.submit(ana.page("/sign-in"), "/sign-in", email=ANA)
    address = link(inbox(live, ANA)[-1])
    assert "Open an archive for" in ana.page(address).text  # her own, not mallory's
    ana.submit(ana.page(address), address)
    assert User.get(User.email == ANA).id != live.user("charlie").id


# Old cookie


@pytest.mark.parametrize("query", ["intent=confirm", "intent=attach", "intent=reconnect", ""])
def test_an_old_cookie_attaches_no_spotify_account(
    live: LiveSite, frozen: Frozen, query: str
) -> None:
    ana = by_email("ana")
    owner = live.site.visitor().sign_in(ana, EMAIL)
    frozen.forward(hours=2)
    thief = copy(owner, live)
    answer = thief.get(f"/connect?{query}")
    assert answer.headers["Location"].startswith("/sign-in?next=%2Fconnect")
    page = thief.page(answer.headers["Location"])
    assert page.all("form", action="/sign-in")  # the archive's own way in
    assert not page.all("a", href="/connect?next=%2Fconnect&intent=confirm")
    assert "Continue with Spotify" not in page.text
    assert User.get_by_id(ana.id).spotify_account_id is None


def test_a_cookie_that_was_proven_by_spotify_attaches_nothing(live: LiveSite) -> None:
    ana = by_email("ana")
    browser = live.site.visitor().sign_in(ana)  # fresh, but not by the archive's own way in
    assert browser.get("/connect").headers["Location"].startswith("/sign-in?")


def test_a_flow_that_only_confirms_never_attaches(live: LiveSite) -> None:
    """As when a Spotify account was taken away between leaving for Spotify and coming back."""
    live.newcomer("alice")
    alice = live.user("alice")
    browser = live.site.member(alice)
    address = live.leave_for_spotify(browser, intent="confirm")
    User.update(spotify_account_id=None, spotify_id=None).execute()
    answer = live.come_back(browser, address, "bob")
    assert answer.status_code == 409
    assert "Sign in to your archive first" in answer.text
    assert User.get_by_id(alice.id).spotify_account_id is None


def test_attaching_names_the_archive_tells_its_address_and_can_be_undone(live: LiveSite) -> None:
    ana = by_email("ana")
    browser = live.site.visitor().sign_in(ana, EMAIL)
    page = browser.page("/connect?next=/health")
    assert ANA in page.text
    target = page.one("a", href="/connect?intent=attach&next=/health")
    assert target
    answer = live.connect(browser, "charlie", intent="attach", next="/health")
    assert answer.headers["Location"] == "/health"
    assert User.get_by_id(ana.id).spotify_id == "charlie"
    thief = live.site.visitor()
    assert live.connect(thief, "charlie").headers["Location"] == "/dashboard"
    undo = link(told_of_attaching(live))
    owner = live.site.visitor()
    page = owner.page(undo)
    assert User.get_by_id(ana.id).spotify_id == "charlie"  # opening does nothing
    assert owner.submit(page, undo).headers["Location"] == "/detach/done"
    row, connection = User.get_by_id(ana.id), Connection.get()
    assert (row.spotify_account_id, row.spotify_id, row.email) == (None, None, ANA)
    assert (connection.status, connection.refresh_encrypted) == ("disconnected", "")
    assert not signed_in(thief)
    assert not signed_in(browser)
    owner.page("/detach/done")
    owner.page(undo, 410)
    again = live.connect(live.site.visitor(), "charlie")
    assert again.headers["Location"] == "/welcome"  # an archive of charlie's own
    assert User.get(User.spotify_id == "charlie").id != ana.id


def test_another_account_can_be_attached_after_one_was_taken_away(live: LiveSite) -> None:
    ana = by_email("ana")
    browser = live.site.visitor().sign_in(ana, EMAIL)
    live.connect(browser, "charlie", intent="attach")
    undo = link(told_of_attaching(live))
    browser.submit(browser.page(undo), undo)
    browser.sign_in(ana, EMAIL)
    assert live.connect(browser, "alice", intent="attach").headers["Location"] == "/welcome"
    assert User.get_by_id(ana.id).spotify_id == "alice"
    browser.page(undo, 410)  # the old link takes nothing of the new account


def test_taking_away_works_for_thirty_days(live: LiveSite, frozen: Frozen) -> None:
    ana = by_email("ana")
    live.connect(live.site.visitor().sign_in(ana, EMAIL), "charlie", intent="attach")
    undo = link(told_of_attaching(live))
    frozen.forward(days=30)
    live.site.visitor().page(undo, 410)


def test_a_reconnect_link_attaches_nothing_and_shows_no_whole_name(live: LiveSite) -> None:
    ana = by_email("ana")
    token = signed_links.sign(live.site.services.settings, signed_links.RECONNECT, ana.id)
    mallory = live.site.visitor()
    mallory.page(f"/reconnect/{token}")
    answer = live.connect(mallory, "charlie", intent="reconnect")
    assert answer.status_code == 409
    assert "Sign in to your archive first" in answer.text
    assert User.get_by_id(ana.id).spotify_account_id is None
    assert not signed_in(mallory)
    live.newcomer("alice")
    User.update(display_name="Alice Archivist").where(User.spotify_id == "alice").execute()
    token = signed_links.sign(
        live.site.services.settings, signed_links.RECONNECT, live.user("alice").id
    )
    mallory.page(f"/reconnect/{token}")
    answer = live.connect(mallory, "charlie", intent="reconnect")
    assert answer.status_code == 409
    assert "A…" in answer.text
    assert "Archivist" not in answer.text


GUARDED = (
    "/connection/disconnect",
    "/settings/spotify-app",
    "/settings/spotify-app/remove",
    "/settings/sessions",
)


@pytest.mark.parametrize("address", GUARDED)
def test_an_old_cookie_cannot_do_what_a_thief_would(
    live: LiveSite, frozen: Frozen, address: str
) -> None:
    browser = live.newcomer("alice")
    token = browser.page("/dashboard").all("input", name="csrf_token")[0].attributes["value"]
    browser.page(address)
    frozen.forward(minutes=16)
    before = (Connection.get().__data__, User.get().__data__)
    to = f"/sign-in?next={address.replace('/', '%2F')}&confirm=1"
    assert browser.get(address).headers["Location"] == to
    post = "/settings/sessions/1/end" if address == "/settings/sessions" else address
    answer = browser.post(post, data={"csrf_token": token}, headers={"Referer": f"{BASE}{address}"})
    assert answer.headers["Location"] == to
    assert (Connection.get().__data__, User.get().__data__) == before
    assert Session.select().count() == 1


# Sessions


def test_signing_out_ends_copies_of_the_cookie(live: LiveSite) -> None:
    browser = live.newcomer("alice")
    thief = copy(browser, live)
    assert signed_in(thief)
    browser.submit(browser.page("/dashboard"), "/sign-out")
    assert not signed_in(thief)
    assert Session.select().count() == 0


def test_proving_oneself_anew_ends_copies_of_the_old_cookie(live: LiveSite, frozen: Frozen) -> None:
    browser = live.newcomer("alice")
    thief = copy(browser, live)
    frozen.forward(minutes=20)
    live.connect(browser, "alice", intent="confirm", next="/settings/sessions")
    browser.page("/settings/sessions")
    assert not signed_in(thief)
    assert Session.select().count() == 1


def test_sign_in_links_end_with_signing_out_everywhere(live: LiveSite) -> None:
    alice = make_user("alice", email=ANA, email_verified_at=clock.now())
    asking = live.site.visitor()
    asking.submit(asking.page("/sign-in"), "/sign-in", email=ANA)
    address = link(inbox(live, ANA)[-1])
    browser = live.site.member(alice)
    browser.submit(browser.page("/settings/sessions"), "/sign-out/everywhere")
    assert SignInLink.select().count() == 0
    asking.page(address, 410)


def test_sessions_are_listed_and_ended_one_by_one(live: LiveSite, frozen: Frozen) -> None:
    alice, bob = make_user("alice"), make_user("bob")
    phone = live.site.member(alice)
    frozen.forward(days=1)
    desk = live.site.member(alice)
    strangers = live.site.member(bob)
    page = desk.page("/settings/sessions")
    assert page.text.count("Test browser") >= 2
    numbers = [row.id for row in sessions.of(alice)]
    theirs = sessions.of(bob)[0].id
    token = page.all("input", name="csrf_token")[0].attributes["value"]
    form = {"data": {"csrf_token": token}, "headers": {"Referer": f"{BASE}/"}}
    desk.post(f"/settings/sessions/{theirs}/end", **form)
    assert signed_in(strangers)
    desk.post(f"/settings/sessions/{numbers[1]}/end", **form)
    assert not signed_in(phone)
    assert signed_in(desk)
    answer = desk.post(f"/settings/sessions/{numbers[0]}/end", **form)
    assert answer.headers["Location"] == "/"
    assert not signed_in(desk)


def test_a_session_names_its_browser_and_when_it_was_used(live: LiveSite, frozen: Frozen) -> None:
    browser = live.site.visitor()
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    back = live.control.consent(live.leave_for_spotify(browser), "alice").removeprefix(BASE)
    browser.get(back, headers={"User-Agent": agent})
    assert Session.get().device == "Firefox on Linux"
    begun = Session.get().seen_at
    frozen.forward(minutes=59)
    browser.get("/dashboard")
    assert Session.get().seen_at == begun
    frozen.forward(minutes=1)
    browser.fragment("/ui/first-poll")  # a fragment renews no cookie, so it notes no visit
    assert Session.get().seen_at == begun
    assert "Set-Cookie" in browser.get("/dashboard").headers
    assert Session.get().seen_at == clock.now()
    assert "Set-Cookie" not in browser.get("/dashboard").headers


def test_a_member_has_fifty_sessions_at_most(live: LiveSite) -> None:
    alice = make_user("alice")
    keys = [sessions.begin(alice, EMAIL, "Test browser") for _ in range(60)]
    assert Session.select().count() == sessions.AT_MOST
    assert sessions.find(keys[-1]) is not None
    assert sessions.find(keys[0]) is None


def test_sessions_that_are_over_are_forgotten(live: LiveSite, frozen: Frozen) -> None:
    alice = make_user("alice")
    sessions.begin(alice, EMAIL, "Test browser")
    frozen.forward(days=29)
    kept = sessions.begin(alice, EMAIL, "Test browser")
    frozen.forward(days=2)
    assert sessions.drop_ended() == 1
    assert sessions.find(kept) is not None


# Repetitions of a callback


def test_a_second_click_ends_as_the_first_and_signs_nobody_out(live: LiveSite) -> None:
    browser = live.site.visitor()
    back = live.control.consent(live.leave_for_spotify(browser), "alice").removeprefix(BASE)
    twin = copy(browser, live)  # the same browser, whose first answer never came
    assert browser.get(back).headers["Location"] == "/welcome"
    again = twin.get(back)
    assert again.headers["Location"] == "/welcome"
    assert signed_in(twin)
    assert signed_in(browser)
    assert live.control.calls(endpoint="token.code") == 1
    assert User.select().count() == 1
    assert browser.get(back).headers["Location"] == "/dashboard"  # and a reload changes nothing
    assert signed_in(browser)


def test_a_second_click_signs_nobody_in_who_has_signed_out_everywhere(live: LiveSite) -> None:
    browser = live.site.visitor()
    back = live.control.consent(live.leave_for_spotify(browser), "alice").removeprefix(BASE)
    twin = copy(browser, live)
    browser.get(back)
    sessions.end_all(live.user("alice"))
    twin.get(back)
    assert not signed_in(twin)


@pytest.mark.parametrize("known", [True, False])
def test_a_sign_in_with_spotify_ends_with_a_sign_out_everywhere_that_comes_between(
    live: LiveSite, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    if known:
        live.newcomer()
    join = sign_up.join

    def joined(*given: Any) -> Outcome:
        outcome = join(*given)
        sessions.end_all(live.user("alice"))
        return outcome

    monkeypatch.setattr(sign_up, "join", joined)
    browser = live.site.visitor()
    answer = live.connect(browser)
    assert "That sign-in has run out" in answer.text
    assert not signed_in(browser)


def test_who_confirms_it_is_them_first_waits_for_a_sign_out_everywhere_and_ends_with_it(
    live: LiveSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = live.newcomer()
    (before,) = Session.select()

    def ended(*_: Any, **__: Any) -> None:
        raise SignedOutError

    monkeypatch.setattr(User, "still_signed_in", ended)
    answer = live.connect(browser, intent="confirm")
    assert "That sign-in has run out" in answer.text
    (after,) = Session.select()
    assert after.key_hash == before.key_hash


def test_a_sign_in_by_link_ends_with_a_sign_out_everywhere_that_comes_between(
    live: LiveSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = by_email("ana")
    browser = live.site.visitor()
    browser.submit(browser.page("/sign-in"), "/sign-in", email=ANA)
    address = link(inbox(live, ANA)[-1])
    use = sign_in_link.use

    def used(*given: Any) -> User | None:
        user = use(*given)
        sessions.end_all(User.get_by_id(ana.id))
        return user

    monkeypatch.setattr(sign_in_link, "use", used)
    assert browser.submit(browser.page(address), address).status_code == 410
    assert not signed_in(browser)


def test_a_click_while_the_first_is_answered_waits_and_leaves_the_cookie_alone(
    live: LiveSite,
) -> None:
    browser = live.site.visitor()
    back = live.control.consent(live.leave_for_spotify(browser), "alice").removeprefix(BASE)
    twin = copy(browser, live)
    browser.get(back)
    SettledCallback.update(user=None).execute()  # as while Spotify is being asked
    answer = twin.get(back)
    assert answer.status_code == 200
    assert answer.headers["Refresh"].startswith("1; url=/callback?state=")
    assert "code" not in answer.headers["Refresh"]
    assert "Set-Cookie" not in answer.headers
    SettledCallback.update(user=live.user("alice")).execute()
    followed = twin.get(answer.headers["Refresh"].partition("url=")[2])
    assert followed.headers["Location"] == "/welcome"
    assert signed_in(twin)


@pytest.mark.parametrize(
    "looking", [{"method": "HEAD"}, {"headers": {"Sec-Purpose": "prefetch;prerender"}}]
)
def test_looking_ahead_at_a_callback_settles_nothing(
    live: LiveSite, looking: dict[str, Any]
) -> None:
    browser = live.site.visitor()
    back = live.control.consent(live.leave_for_spotify(browser), "alice").removeprefix(BASE)
    answer = browser.open(back, **looking)
    assert answer.status_code == 204
    assert "Set-Cookie" not in answer.headers
    assert User.select().count() == 0
    assert browser.get(back).headers["Location"] == "/welcome"


@pytest.mark.parametrize("allow", [True, False])
def test_no_ending_leaves_a_code_in_the_address_bar(live: LiveSite, allow: bool) -> None:
    live.control.fault("status", endpoint="me", status=503)
    browser = live.site.visitor()
    back = live.control.consent(live.leave_for_spotify(browser), "alice", allow)
    answer = browser.get(back.removeprefix(BASE))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/connect/ended")
    page = browser.get("/connect/ended")
    assert page.status_code == (503 if allow else 200)
    assert browser.get("/connect/ended").text == page.text  # a reload says the same
    assert live.site.visitor().get("/connect/ended").headers["Location"] == "/sign-in"


# Poorer answers


@pytest.mark.parametrize("poorer", [{}, {"account_id": None}, {"account_id": ""}])
def test_an_answer_without_account_id_makes_no_second_archive(
    live: LiveSite, poorer: dict[str, Any]
) -> None:
    live.newcomer("alice")
    before = live.user("alice").__data__
    told = {"id": "alice", "display_name": "Alice", **poorer}
    live.control.fault("body", endpoint="me", listener="alice", text=json.dumps(told))
    assert live.connect(live.site.visitor(), "alice").headers["Location"] == "/dashboard"
    assert User.select().count() == 1
    assert Connection.select().count() == 1
    assert live.user("alice").__data__ == before
    told = {"id": "bob", "display_name": "Bob", **poorer}
    live.control.fault("body", endpoint="me", listener="bob", text=json.dumps(told))
    answer = live.connect(live.site.visitor(), "bob")
    assert answer.status_code == 503
    assert "did not say clearly who you are" in answer.text
    assert User.select().count() == 1


def test_a_link_asked_for_elsewhere_says_so(live: LiveSite) -> None:
    mallory, victim = live.site.visitor(), live.site.visitor()
    mallory.submit(mallory.page("/sign-in"), "/sign-in", email="mallory@example.org")
    address = link(inbox(live, "mallory@example.org")[-1])
    assert "not asked for in this browser" not in mallory.page(address).text
    page = victim.page(address)
    assert "not asked for in this browser" in page.text
    assert "mallory@example.org" in page.text


def test_the_e_mails_about_changes_cannot_be_switched_off(live: LiveSite) -> None:
    ana = by_email("ana")
    live.connect(live.site.visitor().sign_in(ana, EMAIL), "charlie", intent="attach")
    assert "List-Unsubscribe" not in told_of_attaching(live)["headers"]
    assert Notice.get(Notice.kind == "spotify_attached").recipient == ANA


def test_a_wrong_account_is_told_its_owner_by_name(live: LiveSite) -> None:
    alice = live.newcomer("alice")
    assert "Alice" in live.connect(alice, "bob", intent="reconnect").text
