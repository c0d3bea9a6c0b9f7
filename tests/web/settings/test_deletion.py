"""Leaving, as a browser without script does it: asked, confirmed, changed in mind, carried out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from audiospective import clock
from audiospective.accounts import deletion, deletion_links, erasure
from audiospective.clients.deadline import Deadline
from audiospective.models import Connection, User
from audiospective.models.deletions import Deletion
from audiospective.models.notices import Notice
from audiospective.models.sessions import Session
from audiospective.services import Services
from audiospective.web.settings import deletion as web_deletion
from audiospective.web.throttle import Limit
from tests.factories import connected, make_user
from tests.support.clocks import Frozen
from tests.web.conftest import LiveSite, Site, Visitor
from tests.web.mailbox import inbox, link

PAGE = "/settings/delete"
ANA = "ana@example.org"


@pytest.fixture
def alice(live: LiveSite) -> User:
    """A member with a proven address and a connection."""
    found = connected(live.site.services, "alice")
    User.update(email=ANA, email_verified_at=clock.now()).execute()
    return User.get_by_id(found.user_id)


def ask(browser: Visitor, when: str, confirm: str = "delete") -> Any:
    return browser.submit(browser.page(PAGE), PAGE, when=when, confirm=confirm)


def test_the_page_says_what_goes_and_offers_an_export(live: LiveSite, alice: User) -> None:
    page = live.site.member(alice).page(PAGE)
    assert ANA in page.text
    assert "Export my archive" in page.text
    assert "here or by a link that we e-mail to you" in page.text
    bob = connected(live.site.services, "bob").user
    assert "a link that we e-mail" not in live.site.member(bob).page(PAGE).text


def test_it_needs_a_sign_in_of_the_last_minutes(
    live: LiveSite, alice: User, frozen: Frozen
) -> None:
    browser = live.site.member(alice)
    page = browser.page(PAGE)
    frozen.forward(minutes=16)
    assert "confirm=1" in browser.get(PAGE).headers["Location"]
    answer = browser.submit(page, PAGE, when="now", confirm="delete")
    assert "/sign-in" in answer.headers["Location"]
    assert Deletion.select().count() == 0


@pytest.mark.parametrize(
    ("when", "confirm", "words"),
    [
        ("later", "", "Type the word delete."),
        ("now", "yes", "Type the word delete."),
        ("", "delete", "Choose when."),
        ("tomorrow", "delete", "Choose when."),
    ],
)
def test_nothing_happens_without_the_word_and_a_choice(
    live: LiveSite, alice: User, when: str, confirm: str, words: str
) -> None:
    answer = ask(live.site.member(alice), when, confirm)
    assert answer.status_code == 422
    assert words in answer.text
    assert Deletion.select().count() == 0


def test_in_seven_days_and_kept_on_the_page(live: LiveSite, alice: User) -> None:
    browser = live.site.member(alice)
    assert ask(browser, "later", " Delete ").headers["Location"] == PAGE
    page = browser.page(PAGE)
    assert "To be deleted on" in page.text
    assert Connection.get().refresh_encrypted  # plays are saved until then
    browser.submit(page, f"{PAGE}/keep")
    assert "Nothing was deleted" in browser.page(PAGE).text
    assert Deletion.select().count() == 0


def test_every_page_about_the_archive_says_that_it_is_to_be_deleted(
    live: LiveSite, alice: User, frozen: Frozen
) -> None:
    browser = live.site.member(alice)
    ask(browser, "later")
    frozen.forward(days=2)  # keeping it takes no fresh sign-in
    for address in ("/dashboard", "/health"):
        page = browser.page(address)
        assert "To be deleted on 21 Mar 2026" in page.text
        form = page.one("form", action=f"{PAGE}/keep")
        assert form.one("input", name="next").attributes["value"] == address
    assert "to be deleted on 21 Mar 2026" in browser.page("/settings").text
    answer = browser.submit(browser.page("/dashboard"), f"{PAGE}/keep", next="/dashboard")
    assert answer.headers["Location"] == "/dashboard"
    assert "Nothing was deleted" in browser.page("/dashboard").text
    for address in ("/dashboard", "/health", "/settings"):
        assert "to be deleted" not in browser.page(address).text.casefold()


def test_an_archive_without_spotify_says_so_as_well(site: Site) -> None:
    dora = make_user("dora", spotify_account_id=None, spotify_id=None)
    deletion.schedule(site.services, dora)
    assert "To be deleted on" in site.member(dora).page("/dashboard").text
    assert "To be deleted" not in site.member(make_user("bob")).page("/dashboard").text


def test_kept_by_the_link_in_the_email_which_a_mail_scanner_may_open(
    live: LiveSite, alice: User
) -> None:
    ask(live.site.member(alice), "later")
    (told,) = inbox(live, ANA)
    anybody, address = live.site.visitor(), link(told)
    page = anybody.page(address)
    assert Deletion.select().count() == 1
    assert anybody.submit(page, address).headers["Location"] == "/keep/done"
    assert "Your archive stays" in anybody.page("/keep/done").text
    assert Deletion.select().count() == 0
    assert "invalid or has expired" in anybody.page(address, status=410).text


def test_a_link_that_is_confirmed_after_the_deletion_began_promises_nothing(
    live: LiveSite, alice: User, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(live.site.member(alice), "later")
    anybody, address = live.site.visitor(), link(inbox(live, ANA)[-1])
    page, find = anybody.page(address), deletion_links.find

    def begun_meanwhile(services: Services, token: str) -> Any:
        found = find(services, token)
        Deletion.update(begun_at=clock.now()).execute()
        return found

    monkeypatch.setattr(deletion_links, "find", begun_meanwhile)
    assert anybody.submit(page, address).status_code == 410
    assert Deletion.select().count() == 1


def test_the_link_of_an_earlier_wish_does_not_end_a_later_one(
    live: LiveSite, alice: User, frozen: Frozen
) -> None:
    browser = live.site.member(alice)
    ask(browser, "later")
    first = link(inbox(live, ANA)[-1])
    browser.submit(browser.page(PAGE), f"{PAGE}/keep")
    frozen.forward(minutes=1)
    ask(browser, "later")
    live.site.visitor().page(first, status=410)
    assert Deletion.select().count() == 1


def test_changing_ones_mind_over_and_over_sends_no_endless_e_mails(
    live: LiveSite, alice: User, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_deletion, "WISHES", Limit("deletions", 2, 24 * 3600))
    browser = live.site.member(alice)
    for _ in range(2):
        assert ask(browser, "later").status_code == 303
        browser.submit(browser.page(PAGE), f"{PAGE}/keep")
        frozen.forward(minutes=1)
    assert ask(browser, "later").status_code == 429
    assert Notice.select().where(Notice.recipient == ANA).count() == 2
    assert ask(browser, "now").headers["Location"] == "/deleted"


def test_at_once_everybody_is_signed_out_and_the_account_is_gone(
    live: LiveSite, alice: User
) -> None:
    browser, other = live.site.member(alice), live.site.member(alice)
    assert ask(browser, "now").headers["Location"] == "/deleted"
    assert "being deleted" in browser.page("/deleted").text
    for one in (browser, other):
        assert "/sign-in" in one.get("/dashboard").headers["Location"]
    assert Connection.select().count() == Session.select().count() == 0
    erasure.carry_out(live.site.services, Deadline(60))
    assert User.select().count() == 0
    (receipt,) = inbox(live, ANA)
    assert receipt["subject"] == "Your account is deleted"


def test_whoever_connects_again_meanwhile_begins_a_new_archive(live: LiveSite) -> None:
    browser = live.newcomer("alice")
    old = live.user("alice").id
    assert ask(browser, "now").headers["Location"] == "/deleted"
    live.newcomer("alice")
    assert live.user("alice").id != old
    erasure.carry_out(live.site.services, Deadline(60))
    assert live.user("alice").id != old
    assert live.connection("alice").refresh_encrypted


def test_disconnecting_offers_to_delete_as_well(live: LiveSite, alice: User) -> None:
    page = live.site.member(alice).page("/connection/disconnect")
    (offer,) = [one for one in page.all("a") if one.text == "Disconnect and delete"]
    there = live.site.member(alice).page(offer.attributes["href"])
    assert "checked" in there.one("input", id="when-now").attributes


def test_nobody_keeps_or_deletes_what_is_somebody_elses(site: Site, frozen: Frozen) -> None:
    alice, bob = make_user("alice"), make_user("bob")
    Deletion.create(user=alice, asked_at=frozen.now, due_at=frozen.now + timedelta(days=7))
    browser = site.member(bob)
    browser.submit(browser.page(PAGE), PAGE, when="later", confirm="delete")
    browser.submit(browser.page(PAGE), f"{PAGE}/keep")
    assert [row.user_id for row in Deletion.select()] == [alice.id]
