"""A member changes the address that their e-mails go to."""

from __future__ import annotations

import pytest

from audiospective import clock
from audiospective.models import User
from audiospective.models.address_proofs import AddressProof
from audiospective.models.notices import Notice
from audiospective.notices import compose
from tests.factories import make_user
from tests.support.clocks import Frozen
from tests.web.conftest import Site, Visitor

PAGE = "/settings/address"


@pytest.fixture
def alice() -> User:
    return make_user("alice", email="alice@mail.example", email_verified_at=clock.now())


def enter(browser: Visitor, email: str) -> object:
    return browser.submit(browser.page(PAGE), PAGE, email=email)


def token(site: Site, kind: str) -> str:
    notice = Notice.select().where(Notice.kind == kind).order_by(Notice.id.desc()).get()
    return str(compose.opened(site.services, notice)["token"])


def address_of(user: User) -> str | None:
    found = User.get_by_id(user.id)
    return found.email if found.email_verified_at else None


def test_a_new_address_is_proven_here_and_the_old_one_is_told_and_can_undo_it(
    site: Site, alice: User
) -> None:
    browser = site.member(alice)
    assert "alice@mail.example" in browser.page(PAGE).text
    assert enter(browser, "new@mail.example").headers["Location"] == PAGE
    waiting = browser.page(PAGE).text
    assert "We sent a link to new@mail.example" in waiting
    assert address_of(alice) == "alice@mail.example"
    link = f"/address/{token(site, 'verify_address')}"
    elsewhere = site.member(alice).page(link)
    assert "Open this link where you entered the address" in elsewhere.text
    browser.submit(browser.page(link), link)
    assert address_of(alice) == "new@mail.example"
    assert "We sent" not in browser.page(PAGE).text
    back = f"/address/restore/{token(site, 'address_changed')}"
    owner = site.visitor()
    owner.submit(owner.page(back), back)
    assert address_of(alice) == "alice@mail.example"
    assert browser.get(PAGE).status_code == 302


def test_a_sign_in_of_earlier_has_to_be_proven_anew(
    site: Site, frozen: Frozen, alice: User
) -> None:
    browser = site.member(alice)
    page = browser.page(PAGE)
    frozen.forward(minutes=16)
    for answer in (browser.get(PAGE), browser.submit(page, PAGE, email="thief@mail.example")):
        assert answer.headers["Location"].startswith("/sign-in?")
        assert "confirm=1" in answer.headers["Location"]
    assert Notice.select().count() == 0


def test_a_change_can_be_withdrawn_before_it_is_confirmed(site: Site, alice: User) -> None:
    browser = site.member(alice)
    enter(browser, "new@mail.example")
    link = f"/address/{token(site, 'verify_address')}"
    browser.submit(browser.page(PAGE), f"{PAGE}/withdraw")
    assert "Nothing was changed" in browser.page(PAGE).text
    browser.page(link, 404)
    assert AddressProof.select().count() == 0
    assert address_of(alice) == "alice@mail.example"


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("", "address"),
        ("nobody", "address"),
        ("a@b.example\r\nBcc: c@d.example", "address"),
        ("ALICE@mail.example", "This is your address already"),
    ],
)
def test_what_is_no_new_address_is_said_next_to_the_field(
    site: Site, alice: User, email: str, words: str
) -> None:
    browser = site.member(alice)
    answer = enter(browser, email)
    assert answer.status_code == 422
    assert words in answer.text
    assert Notice.select().count() == 0


def test_somebody_without_an_address_adds_one_in_the_same_way(site: Site) -> None:
    bob = make_user("bob")
    browser = site.member(bob)
    assert "No address is confirmed yet" in browser.page(PAGE).text
    enter(browser, "bob@mail.example")
    link = f"/address/{token(site, 'verify_address')}"
    browser.submit(browser.page(link), link)
    assert address_of(bob) == "bob@mail.example"


@pytest.mark.usefixtures("frozen")  # else a window of the limit may end meanwhile
def test_one_member_cannot_send_links_to_the_whole_world(site: Site, alice: User) -> None:
    browser = site.member(alice)
    codes = [enter(browser, f"n{number}@mail.example").status_code for number in range(8)]
    assert codes[:6] == [303] * 6
    assert set(codes[6:]) == {429}
    assert site.visitor().get("/sign-in").status_code == 200
