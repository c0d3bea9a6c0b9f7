"""The links that prove an address, and that bring a former one back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audiospective import clock
from audiospective.accounts import address, deletion, sessions
from audiospective.models import User
from audiospective.models.deletions import Deletion
from audiospective.models.notices import Notice
from audiospective.models.sessions import Session
from audiospective.notices import compose
from tests.factories import make_user
from tests.support.clocks import Frozen
from tests.web.conftest import Site, Visitor


def typed(site: Site, browser: Visitor, user: User, email: str) -> str:
    """Enter an address in a browser; the path of the link that is sent."""
    row = Session.select().where(Session.user == user).order_by(Session.id.desc()).get()
    assert address.propose(site.services, user, row, email)
    return f"/address/{latest(site)}"


def csrf(browser: Visitor) -> str:
    """A token for forms that the page at hand does not have."""
    found = browser.page("/waitlist").all("input", name="csrf_token")
    return str(found[0].attributes["value"])


def latest(site: Site) -> str:
    notice = Notice.select().order_by(Notice.id.desc()).get()
    return str(compose.opened(site.services, notice)["token"])


def test_an_address_is_proven_by_the_button_and_not_by_the_link(site: Site) -> None:
    bob = make_user("bob", display_name="Bob B")
    browser = site.member(bob)
    link = typed(site, browser, bob, "bob@mail.example")
    page = browser.page(link)
    assert "Bob B" in page.text  # whose archive it will be the key to
    assert "bob@mail.example" in page.text
    assert User.get_by_id(bob.id).email is None
    assert browser.submit(page, link).headers["Location"] == "/address/proven"
    assert User.get_by_id(bob.id).email == "bob@mail.example"
    assert User.get_by_id(bob.id).email_verified_at is not None
    assert "Your address is confirmed" in browser.page("/address/proven").text
    browser.page(link, 404)  # used
    browser.page("/address/x", 404)


def test_an_address_that_mallory_typed_is_not_proven_by_its_owner(site: Site) -> None:
    mallory = make_user("mallory")
    link = typed(site, site.member(mallory), mallory, "victim@mail.example")
    victim = make_user("victim")
    for browser in (site.visitor(), site.member(victim), site.member(mallory)):
        page = browser.page(link)
        assert not page.all("form", action=link)
        assert "Open this link where you entered the address" in page.text
        assert "victim@mail.example" not in page.text
        browser.post(link, data={"csrf_token": csrf(browser)})
    for row in User.select():
        assert (row.email, row.email_verified_at) == (None, None)


def test_the_e_mail_names_the_archive_and_carries_no_message_in_the_name(site: Site) -> None:
    bob = make_user("bob", display_name="See https://evil.example")
    typed(site, site.member(bob), bob, "bob@mail.example")
    data = compose.opened(site.services, Notice.get())
    assert data["archive"] == "S…"
    assert "bob@mail.example" not in data["token"]


@pytest.mark.parametrize("end", ["sign out", "sign out everywhere", "three days"])
def test_a_link_ends_with_its_session(site: Site, frozen: Frozen, end: str) -> None:
    bob = make_user("bob")
    browser = site.member(bob)
    link = typed(site, browser, bob, "bob@mail.example")
    if end == "sign out":
        browser.submit(browser.page("/dashboard"), "/sign-out")
        browser.sign_in(bob)
    elif end == "sign out everywhere":
        sessions.end_all(bob)
        browser.sign_in(bob)
    else:
        frozen.forward(days=3)
    browser.page(link, 410 if end == "three days" else 404)


def test_a_session_that_is_proven_anew_still_uses_its_link(site: Site) -> None:
    bob = make_user("bob")
    browser = site.member(bob)
    link = typed(site, browser, bob, "bob@mail.example")
    key = sessions.prove(Session.get(), "spotify")
    with browser.session_transaction(base_url="http://127.0.0.1:8000") as session:
        session["_user_id"] = key
    assert browser.submit(browser.page(link), link).status_code == 303
    assert User.get_by_id(bob.id).email == "bob@mail.example"


def test_a_former_address_is_told_and_takes_the_archive_back(site: Site) -> None:
    alice = make_user("alice", email="alice@mail.example", email_verified_at=clock.now())
    thief = site.member(alice)
    link = typed(site, thief, alice, "thief@mail.example")
    thief.submit(thief.page(link), link)
    assert User.get_by_id(alice.id).email == "thief@mail.example"
    told = Notice.get(Notice.kind == "address_changed")
    assert told.recipient == "alice@mail.example"
    back = f"/address/restore/{compose.opened(site.services, told)['token']}"
    owner = site.visitor()
    page = owner.page(back)
    assert User.get_by_id(alice.id).email == "thief@mail.example"  # opening does nothing
    assert owner.submit(page, back).headers["Location"] == "/address/restored"
    assert User.get_by_id(alice.id).email == "alice@mail.example"
    assert thief.get("/dashboard").status_code == 302
    owner.page("/address/restored")
    owner.page(back, 404)


@pytest.mark.parametrize("asked", ["before", "since"])
def test_taking_it_back_ends_a_deletion_that_was_asked_for_since(
    site: Site, frozen: Frozen, asked: str
) -> None:
    """Its e-mail, with the link to keep the archive, went to the thief."""
    alice = make_user("alice", email="alice@mail.example", email_verified_at=clock.now())
    thief = site.member(alice)
    link = typed(site, thief, alice, "thief@mail.example")
    if asked == "before":
        deletion.schedule(site.services, alice)
    frozen.forward(minutes=1)
    thief.submit(thief.page(link), link)
    if asked == "since":
        deletion.schedule(site.services, User.get_by_id(alice.id))
    told = Notice.get(Notice.kind == "address_changed")
    back = f"/address/restore/{compose.opened(site.services, told)['token']}"
    owner = site.visitor()
    page = owner.page(back)
    assert Deletion.select().count() == 1
    owner.submit(page, back)
    assert Deletion.select().count() == (asked == "before")


def test_a_former_address_can_be_taken_back_for_two_weeks(site: Site, frozen: Frozen) -> None:
    alice = make_user("alice", email="alice@mail.example", email_verified_at=clock.now())
    browser = site.member(alice)
    link = typed(site, browser, alice, "new@mail.example")
    browser.submit(browser.page(link), link)
    told = Notice.get(Notice.kind == "address_changed")
    back = f"/address/restore/{compose.opened(site.services, told)['token']}"
    frozen.forward(days=14)
    site.visitor().page(back, 404)


def test_one_session_sends_one_e_mail_a_day_to_an_address(site: Site, frozen: Frozen) -> None:
    bob = make_user("bob")
    site.member(bob)
    row = Session.get()
    for _ in range(3):
        assert address.propose(site.services, bob, row, "bob@mail.example")
        frozen.forward(hours=7)
    assert Notice.select().count() == 1
    frozen.forward(hours=4)
    assert address.propose(site.services, bob, row, "bob@mail.example")
    assert Notice.select().count() == 2
    assert timedelta(days=1) < address.PROVE_WITHIN


def test_an_older_address_outranks_the_one_of_a_thief(site: Site) -> None:
    alice = make_user("alice", email="alice@mail.example", email_verified_at=clock.now())
    thief = site.member(alice)
    for email in ("thief@mail.example", "other@mail.example"):
        link = typed(site, thief, User.get_by_id(alice.id), email)
        thief.submit(thief.page(link), link)
    told = {
        notice.recipient: f"/address/restore/{compose.opened(site.services, notice)['token']}"
        for notice in Notice.select().where(Notice.kind == "address_changed")
    }
    thief.submit(thief.page(told["thief@mail.example"]), told["thief@mail.example"])
    assert User.get_by_id(alice.id).email == "thief@mail.example"
    owner = site.visitor()
    owner.submit(owner.page(told["alice@mail.example"]), told["alice@mail.example"])
    assert User.get_by_id(alice.id).email == "alice@mail.example"
    thief.page(told["thief@mail.example"], 404)
