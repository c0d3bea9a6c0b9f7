"""The waitlist, from the form to the place that was held."""

from __future__ import annotations

from typing import Any

import pytest

from audiospective.accounts import invitations, seats, waitlist
from audiospective.models import User
from audiospective.models.notices import Notice
from audiospective.models.waitlist import WaitlistEntry
from tests.support.clocks import Frozen
from tests.web.conftest import LiveSite, MakeSite, Visitor
from tests.web.mailbox import inbox, link

ANA = "ana@example.org"


@pytest.fixture
def full(make_live: Any) -> LiveSite:
    """A live with one founding place, which alice has taken."""
    live = make_live(founding_member_cap=1)
    live.newcomer("alice")
    return live


def enter(browser: Visitor, email: str = ANA, **more: str) -> Any:
    return browser.submit(browser.page("/waitlist"), "/waitlist", email=email, **more)


def press(browser: Visitor, address: str) -> Any:
    return browser.submit(browser.page(address), address)


def on_the_list(live: LiveSite, email: str = ANA) -> str:
    """Somebody who has confirmed; returns the link that is theirs."""
    browser = live.site.visitor()
    enter(browser, email)
    address = link(inbox(live, email)[-1])
    press(browser, address)
    return address


def test_the_way_from_the_form_to_the_list(full: LiveSite) -> None:
    browser = full.site.visitor()
    answer = enter(browser)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/waitlist/thanks")
    assert "inbox" in browser.page("/waitlist/thanks").text
    assert WaitlistEntry.get().confirmed_at is None
    email = inbox(full, ANA)[0]
    assert "Confirm your place" in email["subject"]
    page = browser.page(link(email))
    assert "Join the waitlist?" in page.text
    assert WaitlistEntry.get().confirmed_at is None  # opening the link is not enough
    press(browser, link(email))
    assert "number 1 in line" in browser.page(link(email)).text


def test_the_position_is_true_and_only_falls(full: LiveSite, frozen: Frozen) -> None:
    links = []
    for name in ("ana", "ben", "cem"):
        links.append(on_the_list(full, f"{name}@example.org"))
        frozen.forward(seconds=20)
    browser = full.site.visitor()
    enter(browser, "unconfirmed@example.org")
    assert "number 3 in line" in browser.page(links[2]).text
    invitations.invite(full.site.services, 1)
    assert "number 2 in line" in browser.page(links[2]).text
    press(browser, links[1].replace("confirm", "leave"))
    assert "number 1 in line" in browser.page(links[2]).text


@pytest.mark.parametrize("known", ["new", "unconfirmed", "confirmed", "invited", "member"])
def test_the_answer_does_not_tell_whether_an_address_is_known(full: LiveSite, known: str) -> None:
    if known == "unconfirmed":
        enter(full.site.visitor())
    elif known != "new":
        on_the_list(full)
    if known in ("invited", "member"):
        invitations.invite(full.site.services, 1)
    if known == "member":
        WaitlistEntry.update(user=full.user("alice").id).execute()
    answer = enter(full.site.visitor(), "ANA@example.org")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/waitlist/thanks")
    assert "Set-Cookie" not in answer.headers or "ana" not in answer.headers["Set-Cookie"]
    assert WaitlistEntry.select().count() == 1


def test_known_and_new_addresses_take_the_same_statements(
    full: LiveSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    from audiospective import models

    on_the_list(full)
    seen: list[str] = []
    run = models.database.obj.execute_sql

    def noted(sql: str, *args: Any, **kwargs: Any) -> Any:
        seen.append(sql)
        return run(sql, *args, **kwargs)

    monkeypatch.setattr(models.database.obj, "execute_sql", noted)
    statements = []
    for email in (ANA, "new@example.org"):
        seen.clear()
        waitlist.request(full.site.services, email)
        statements.append(list(seen))
    assert statements[0] == statements[1]


def test_somebody_elses_address_gets_three_emails_at_most(full: LiveSite, frozen: Frozen) -> None:
    for _ in range(8):
        enter(full.site.visitor())
        frozen.forward(hours=2)
    assert len(inbox(full, ANA)) == 3


def test_every_email_carries_the_same_link(full: LiveSite) -> None:
    for _ in range(2):
        enter(full.site.visitor())
    first, second = inbox(full, ANA)
    assert link(first) == link(second)


@pytest.mark.parametrize(
    "typed",
    ["", "ana", "ana@example.org\r\nBcc: bob@example.org", "a@b.example, c@d.example", "x" * 5000],
)
def test_what_is_no_address_is_refused_in_words(full: LiveSite, typed: str) -> None:
    browser = full.site.visitor()
    answer = enter(browser, typed)
    assert answer.status_code == 422
    assert 'aria-describedby="email-error"' in answer.text
    assert 'href="#email"' in answer.text
    assert WaitlistEntry.select().count() == Notice.select().count() == 0


def test_a_robot_gets_the_same_answer_and_no_email(full: LiveSite) -> None:
    answer = enter(full.site.visitor(), website="https://pills.example")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/waitlist/thanks")
    assert WaitlistEntry.select().count() == 0


def test_htmx_gets_the_thanks_in_place_of_the_form(full: LiveSite) -> None:
    browser = full.site.visitor()
    token = browser.page("/waitlist").one("input", name="csrf_token").attributes["value"]
    answer = browser.post(
        "/waitlist",
        data={"email": ANA, "csrf_token": token},
        headers={"HX-Request": "true", "Referer": "http://127.0.0.1:8000/"},
    )
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<div id="waitlist-form"')
    assert "<html" not in answer.text


def test_leaving_deletes_the_address(full: LiveSite) -> None:
    address = on_the_list(full).replace("confirm", "leave")
    browser = full.site.visitor()
    assert "Leave the waitlist?" in browser.page(address).text
    assert WaitlistEntry.select().count() == 1
    answer = press(browser, address)
    assert "You have left" in browser.page(answer.headers["Location"]).text
    assert WaitlistEntry.select().count() == 0
    assert "invalid or has expired" in browser.page(address, 404).text


def test_a_mail_program_can_leave_for_its_person(full: LiveSite) -> None:
    on_the_list(full)
    invitations.invite(full.site.services, 1)
    email = inbox(full, ANA)[-1]
    target = email["headers"]["List-Unsubscribe"].strip("<>")
    answer = full.site.visitor().post(
        target.removeprefix("http://127.0.0.1:8000"), data={"List-Unsubscribe": "One-Click"}
    )
    assert answer.status_code == 200
    assert WaitlistEntry.select().count() == 0


@pytest.mark.parametrize("why", ["left", "joined"])
def test_an_invitation_that_waits_in_the_outbox_is_not_sent_to_whoever_left_or_came_in(
    full: LiveSite, frozen: Frozen, why: str
) -> None:
    on_the_list(full)
    sent = len(inbox(full, ANA))
    entry = WaitlistEntry.get()
    waitlist.request(full.site.services, ANA)
    invitations.invite(full.site.services, 1)
    if why == "left":
        waitlist.remove(entry)
    else:
        WaitlistEntry.update(user=full.user("alice").id).execute()
    subjects = [email["subject"] for email in inbox(full, ANA)[sent:]]
    assert subjects == ([] if why == "left" else ["You are on the waitlist for Audiospective"])


def test_an_address_nobody_confirmed_is_forgotten_after_a_week(
    full: LiveSite, frozen: Frozen
) -> None:
    enter(full.site.visitor())
    frozen.forward(days=8)
    enter(full.site.visitor(), "ben@example.org")
    assert [entry.email for entry in WaitlistEntry.select()] == ["ben@example.org"]


@pytest.mark.parametrize("page", ["confirm", "leave", "place"])
def test_links_that_nobody_was_sent_lead_nowhere(full: LiveSite, page: str) -> None:
    on_the_list(full)
    full.site.visitor().page(f"/waitlist/{page}/{'a' * 64}", 404)
    stored = WaitlistEntry.get()
    for leaked in (stored.token_hash, stored.salt, stored.email):
        full.site.visitor().page(f"/waitlist/{page}/{leaked}", 404)


def test_an_invited_person_comes_in_although_every_place_is_taken(make_live: Any) -> None:
    live = make_live(founding_member_cap=2, spotify_seats=1)
    live.newcomer("alice")
    on_the_list(live)
    assert invitations.invite(live.site.services, 5) == [ANA]
    email = inbox(live, ANA)[-1]
    assert "founding place is held" in email["subject"]
    stranger = live.connect(live.site.visitor(), "charlie")
    assert stranger.headers["Location"] == "/waitlist?why=full"  # the last one is held
    browser = live.site.visitor()
    assert "You’re invited" in browser.page(link(email)).text
    assert live.connect(browser, "bob").headers["Location"] == "/welcome"
    bob = live.user("bob")
    assert (bob.founding_number, bob.email) == (2, None)  # offered, not taken for his
    assert browser.page("/welcome").one("input", name="email").attributes["value"] == ANA
    assert "used" in live.site.visitor().page(link(email)).text
    token = browser.page("/welcome").one("form", action="/welcome").one("input", name="csrf_token")
    browser.post(
        "/welcome",
        data={"csrf_token": token.attributes["value"], "timezone": "UTC", "email": ANA},
        headers={"Referer": "http://127.0.0.1:8000/"},
    )
    address = link(inbox(live, ANA)[-1])
    browser.submit(browser.page(address), address)
    assert live.user("bob").email == ANA
    assert "founding member 2" in inbox(live, ANA)[-1]["subject"]


def test_a_place_that_nobody_took_goes_back_after_seven_days(
    make_live: Any, frozen: Frozen
) -> None:
    live = make_live(founding_member_cap=1)
    on_the_list(live)
    invitations.invite(live.site.services, 1)
    address = link(inbox(live, ANA)[-1])
    assert seats.places(live.site.services).left == 0
    frozen.forward(days=7, seconds=1)
    assert seats.places(live.site.services).left == 1
    late = live.site.visitor()
    assert "has run out" in late.page(address).text
    assert live.newcomer("bob")
    assert live.connect(late, "charlie").headers["Location"] == "/waitlist?why=full"
    press(late, address.replace("place", "confirm"))  # and queue again
    assert "number 1 in line" in late.page(address.replace("place", "confirm")).text


def test_without_a_seat_a_founding_place_is_kept(make_live: Any, frozen: Frozen) -> None:
    live = make_live(founding_member_cap=3, spotify_seats=1)
    live.newcomer("alice")
    address = on_the_list(live)
    assert "A founding place is kept for you" in live.site.visitor().page(address).text
    assert seats.places(live.site.services).left == 1
    frozen.forward(days=91)
    assert seats.places(live.site.services).left == 2


def test_somebody_spotify_does_not_list_keeps_the_place_and_may_try_again(make_live: Any) -> None:
    live = make_live(founding_member_cap=1)
    live.control.set_app(allow_list=["charlie"])
    browser = live.site.visitor()
    refused = live.connect(browser, "bob")
    assert refused.status_code == 403
    enter(browser)
    press(browser, link(inbox(live, ANA)[-1]))
    assert live.connect(live.site.visitor(), "charlie").headers["Location"] == "/waitlist?why=full"
    live.control.set_app(allow_list=["bob", "charlie"])
    assert live.connect(browser, "bob").headers["Location"] == "/welcome"
    assert live.user("bob").founding_number == 1


def test_no_address_or_token_is_in_the_outbox_in_clear(full: LiveSite) -> None:
    enter(full.site.visitor())
    notice = Notice.get()
    entry = WaitlistEntry.get()
    email = inbox(full, ANA)[0]
    token = link(email).rpartition("/")[2]
    assert token not in notice.data_encrypted
    assert token not in (entry.token_hash, entry.salt)


def test_members_leave_nothing_on_the_list_when_their_account_goes(full: LiveSite) -> None:
    on_the_list(full)
    WaitlistEntry.update(user=full.user("alice").id).execute()
    User.delete().execute()
    assert WaitlistEntry.select().count() == 0


def test_nothing_is_said_of_an_account_to_whom_brought_none(make_site: MakeSite) -> None:
    browser = make_site(spotify_seats=0).visitor()
    assert "was stored" not in browser.page("/waitlist").text
    assert "Nothing of your Spotify account was stored" in browser.page("/waitlist?why=full").text
