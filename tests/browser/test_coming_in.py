"""Coming in: by mouse, by keyboard alone and without script, with every page for everybody."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from audiospective import clock
from audiospective.accounts import (
    invitations,
    sign_in_link,
    waitlist,
    waitlist_links,
    waitlist_standing,
)
from audiospective.clients.deadline import Deadline
from audiospective.models import User
from audiospective.notices import delivery
from audiospective.policy.sessions import EMAIL
from audiospective.polling import batch, poll
from audiospective.sandbox import SandboxServer
from tests.browser.conftest import House, MakeHouse
from tests.browser.test_accessibility import look
from tests.browser.test_journeys import tab_to
from tests.factories import make_user
from tests.support.browser import Gate, OpenPage
from tests.web import markup

ANA = "ana@example.org"


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """A Spotify sandbox with people to be."""
    with SandboxServer() as server:
        server.control.make_listener("alice", display_name="Alice Marlow")
        server.control.make_listener("bob", display_name="Bob Okoń")
        server.control.burst("alice", 50)
        yield server


@pytest.fixture
def house(make_house: MakeHouse, sandbox: SandboxServer) -> House:
    """A running site that talks to it."""
    return make_house(
        spotify_accounts_url=sandbox.accounts_url,
        spotify_api_url=sandbox.api_url,
        resend_api_url=sandbox.mail_url,
        resend_api_key="re_test",
    )


def email_link(house: House, sandbox: SandboxServer, to: str) -> str:
    """Where the newest e-mail to that address leads."""
    delivery.drain(house.services, wait=lambda _: None)
    text = sandbox.control.emails(to)[-1]["text"]
    return str(re.findall(rf"{house.url}(/\S+)", text)[0])


def first_poll(house: House) -> None:
    poll.one(house.services, User.get(User.spotify_id == "alice").id, Deadline(batch.SECONDS))


@pytest.mark.parametrize("mode", ["light", "no-js"])
def test_from_the_landing_page_to_the_first_plays(
    house: House, open_page: OpenPage, mode: str
) -> None:
    page = open_page(mode, base_url=house.url)
    page.goto("/")
    page.get_by_role("link", name="Connect Spotify").first.click()
    page.get_by_text("Alice Marlow").click()
    page.get_by_role("button", name="Allow").click()
    expect(page.locator("h1")).to_have_text("You are founding member 1")
    expect(page.get_by_text("Asking Spotify for your last plays")).to_be_visible()
    first_poll(house)
    if mode == "no-js":
        page.get_by_role("link", name="Check again").click()
    expect(page.get_by_text("50 plays saved")).to_be_visible()
    page.get_by_role("button", name="Open my archive").click()
    expect(page.locator("h1")).to_have_text("Your archive is up to date")


def test_the_same_by_keyboard_alone(
    house: House, sandbox: SandboxServer, open_page: OpenPage
) -> None:
    page = open_page(base_url=house.url)
    page.goto("/")
    tab_to(page, "Connect Spotify")
    page.keyboard.press("Enter")
    page.get_by_label("Alice Marlow").focus()
    page.keyboard.press("Space")
    tab_to(page, "Allow")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("You are founding member 1")
    page.locator("#email").focus()
    page.keyboard.type("alice@example.org")
    tab_to(page, "Save")
    page.keyboard.press("Enter")
    form = page.get_by_role("region", name="Time zone and e-mails")  # it is read out elsewhere
    expect(form.get_by_text("Saved. We have sent you an e-mail")).to_be_visible()
    alice = User.get()
    assert (alice.email, alice.timezone) == (None, "Europe/Berlin")  # until it is proven
    assert email_link(house, sandbox, "alice@example.org")


def test_the_browsers_zone_is_guessed_and_kept_only_when_saved(
    house: House, open_page: OpenPage
) -> None:
    user = make_user("alice")
    page = open_page(base_url=house.url)
    page.context.add_cookies([house.cookie(user)])
    page.goto("/welcome")
    expect(page.locator("#timezone")).to_have_value("Europe/Berlin")
    assert User.get().timezone == "UTC"


def test_saying_no_leads_to_a_page_and_back_again(house: House, open_page: OpenPage) -> None:
    page = open_page(base_url=house.url)
    page.goto("/connect")
    page.get_by_role("button", name="Deny").click()
    expect(page.locator("h1")).to_have_text("You said no, and nothing was stored")
    page.get_by_role("link", name="Connect Spotify again").click()
    expect(page.get_by_role("button", name="Deny")).to_be_visible()


def test_back_and_forward_around_the_sign_in_do_no_harm(
    house: House, open_page: OpenPage, gate: Gate
) -> None:
    gate.allow(r"^400 http.*/(callback|connect/ended)")
    page = open_page(base_url=house.url)
    page.goto("/")
    page.goto("/connect")
    page.get_by_text("Alice Marlow").click()
    page.get_by_role("button", name="Allow").click()
    expect(page.locator("h1")).to_have_text("You are founding member 1")
    page.reload()
    expect(page.locator("h1")).to_have_text("You are founding member 1")
    page.go_back()
    page.go_forward()
    expect(page.locator("h1")).to_have_text("You are founding member 1")
    assert User.select().count() == 1


@pytest.mark.parametrize("mode", ["light", "no-js"])
def test_the_waitlist_by_hand(
    house: House, sandbox: SandboxServer, open_page: OpenPage, gate: Gate, mode: str
) -> None:
    gate.allow(r"^422 http.*/waitlist")
    page = open_page(mode, base_url=house.url)
    page.goto("/waitlist?why=full")
    page.get_by_label("E-mail address").fill("ana")
    page.get_by_role("button", name="Join the waitlist").click()
    expect(page.locator("[data-error-summary]")).to_be_visible()
    if mode == "light":
        expect(page.locator("[data-error-summary]")).to_be_focused()
    expect(page.get_by_label("E-mail address")).to_have_value("ana")
    page.get_by_label("E-mail address").fill(ANA)
    page.get_by_role("button", name="Join the waitlist").click()
    expect(page.get_by_role("heading", name="Check your inbox")).to_be_visible()
    if mode == "light":
        expect(page.get_by_role("heading", name="Check your inbox")).to_be_focused()
    page.goto(email_link(house, sandbox, ANA))
    page.get_by_role("button", name="Yes, put me on the list").click()
    expect(page.get_by_text("You are number 1 in line.")).to_be_visible()
    page.get_by_role("link", name="Leave the list").click()
    page.get_by_role("button", name="Leave and delete my address").click()
    expect(page.locator("h1")).to_have_text("You have left the waitlist")


def test_an_invitation_leads_in(house: House, sandbox: SandboxServer, open_page: OpenPage) -> None:
    waitlist.request(house.services, ANA)
    token = email_link(house, sandbox, ANA).rpartition("/")[2]
    waitlist_standing.confirm(house.services, waitlist_links.find(token))
    invitations.invite(house.services, 1)
    page = open_page(base_url=house.url)
    page.goto(email_link(house, sandbox, ANA))
    page.get_by_role("link", name="Connect Spotify").click()
    page.get_by_text("Bob Okoń").click()
    page.get_by_role("button", name="Allow").click()
    expect(page.locator("h1")).to_have_text("You are founding member 1")
    # It is filled in and may be changed: only pressing a link that is sent now proves it.
    expect(page.get_by_label("E-mail address")).to_have_value(ANA)


@pytest.mark.parametrize("mode", ["light", "no-js"])
def test_an_archive_without_spotify_by_email(
    house: House, sandbox: SandboxServer, open_page: OpenPage, mode: str
) -> None:
    page = open_page(mode, base_url=house.url)
    page.goto("/sign-in")
    page.get_by_label("E-mail address").fill(ANA)
    page.get_by_role("button", name="Send me a link").click()
    expect(page.locator("h1")).to_have_text("Check your inbox")
    page.goto(email_link(house, sandbox, ANA))
    page.get_by_role("button", name="Open my archive").click()
    expect(page.get_by_text("Ready for your files")).to_be_visible()


def test_an_own_app_from_the_form_to_the_first_plays(
    house: House, sandbox: SandboxServer, open_page: OpenPage, gate: Gate
) -> None:
    gate.allow(r"^422 http.*/settings/spotify-app")
    sandbox.control.make_app("own-client-id", "own-client-secret")
    user = make_user(
        "ana", spotify_account_id=None, spotify_id=None, email=ANA, email_verified_at=clock.now()
    )
    page = open_page(base_url=house.url)
    page.context.add_cookies([house.cookie(user, EMAIL)])
    page.goto("/settings/spotify-app")
    page.get_by_label("Client ID").fill("own-client-id")
    page.get_by_label("Client secret").fill("not-the-secret")
    page.get_by_role("button", name="Test and save").click()
    expect(page.locator("[data-error-summary]")).to_contain_text("does not know this pair")
    expect(page.get_by_label("Client secret")).to_have_value("")
    page.get_by_label("Client secret").fill("own-client-secret")
    page.get_by_role("button", name="Test and save").click()
    page.get_by_role("link", name="Connect through it").click()
    page.get_by_role("link", name="Continue with Spotify").click()
    page.get_by_text("Alice Marlow").click()
    page.get_by_role("button", name="Allow").click()
    expect(page.locator("h1")).to_have_text("You are founding member 1")


Prepare = Callable[[House, SandboxServer], tuple[str, User | None]]


def _link_of(ask: Callable[..., None]) -> Prepare:
    def prepare(house: House, sandbox: SandboxServer) -> tuple[str, None]:
        ask(house.services, ANA, "")
        return email_link(house, sandbox, ANA), None

    return prepare


def _on_the_list(page: str, *, invited: bool = False) -> Prepare:
    def prepare(house: House, sandbox: SandboxServer) -> tuple[str, None]:
        waitlist.request(house.services, ANA, "no_seat")
        address = email_link(house, sandbox, ANA)
        waitlist_standing.confirm(house.services, waitlist_links.find(address.rpartition("/")[2]))
        if invited:
            invitations.invite(house.services, 1)
        return address.replace("confirm", page), None

    return prepare


def _member(address: str, **facts: Any) -> Prepare:
    return lambda house, sandbox: (address, make_user("alice", **facts))


PAGES: dict[str, Prepare] = {
    "sign-in": lambda house, sandbox: ("/sign-in", None),
    "sign-in sent": lambda house, sandbox: ("/sign-in/sent", None),
    "sign-in confirm": _member("/sign-in?confirm=1"),
    "sign-in link": _link_of(sign_in_link.send),
    "sign-in link spent": lambda house, sandbox: ("/sign-in/link/x", None),
    "waitlist open": lambda house, sandbox: ("/waitlist", None),
    "waitlist full": lambda house, sandbox: ("/waitlist?why=full", None),
    "waitlist no seat": lambda house, sandbox: ("/waitlist?why=no_seat", None),
    "waitlist not listed": lambda house, sandbox: ("/waitlist?why=not_listed", None),
    "waitlist thanks": lambda house, sandbox: ("/waitlist/thanks", None),
    "waitlist confirm": _link_of(waitlist.request),
    "waitlist confirmed": _on_the_list("confirm"),
    "waitlist leave": _on_the_list("leave"),
    "waitlist place": _on_the_list("place", invited=True),
    "waitlist unknown": lambda house, sandbox: ("/waitlist/confirm/x", None),
    "start again": lambda house, sandbox: ("/callback?state=x", None),
    "welcome": _member("/welcome", founding_number=614),
    "welcome proven": _member("/welcome", email=ANA, email_verified_at=clock.EPOCH),
    "own app": _member("/settings/spotify-app"),
    "own app remove": _member("/settings/spotify-app/remove"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_before_the_sign_in_is_for_everybody(
    house: House, sandbox: SandboxServer, open_page: OpenPage, gate: Gate, name: str
) -> None:
    gate.allow(r"^(400|404|410) http.*/(callback|connect/ended|waitlist/confirm|sign-in/link)")
    address, user = PAGES[name](house, sandbox)
    page = open_page(base_url=house.url)
    if user is not None:
        page.context.add_cookies([house.cookie(user)])
    page.goto(address)
    assert page.locator("h1").count() == 1
    assert markup.faults(markup.read(page.request.get(address).text())) == []
    assert look(page, list(PAGES).index(name)) == []


ENDS: dict[str, tuple[tuple[str, dict[str, Any]], str]] = {
    "not listed": (("not_listed", {"endpoint": "me"}), "Spotify has not opened a seat"),
    "unavailable": (("status", {"endpoint": "me", "status": 503}), "Spotify does not answer"),
    "limited": (("quota", {"endpoint": "me", "retry_after": 7200}), "Spotify does not answer"),
    "bad code": (("invalid_grant", {"endpoint": "token.code"}), "Spotify did not accept"),
    "app refused": (("invalid_client", {"endpoint": "token.code"}), "Spotify refuses this app"),
    "other error": (("authorize_error", {"error": "server_error"}), "Spotify ended the sign-in"),
}


@pytest.mark.parametrize("name", ENDS)
def test_an_end_of_a_sign_in_is_for_everybody(
    house: House, sandbox: SandboxServer, open_page: OpenPage, gate: Gate, name: str
) -> None:
    gate.allow(r"^(400|403|503) http.*/(callback|connect/ended)")
    (fault, facts), title = ENDS[name]
    sandbox.control.fault(fault, **facts)
    page = open_page(base_url=house.url)
    come_back(page)
    expect(page.locator("h1")).to_contain_text(title)
    assert look(page, list(ENDS).index(name)) == []


def test_another_account_is_for_everybody(house: House, open_page: OpenPage, gate: Gate) -> None:
    gate.allow(r"^409 http.*/(callback|connect/ended)")
    page = open_page(base_url=house.url)
    come_back(page)
    page.goto("/connect?intent=reconnect")
    page.get_by_text("Bob Okoń").click()
    page.get_by_role("button", name="Allow").click()
    expect(page.locator("h1")).to_have_text("That is another Spotify account")
    assert look(page) == []


def come_back(page: Page) -> None:
    page.goto("/connect")
    page.get_by_text("Alice Marlow").click()
    page.get_by_role("button", name="Allow").click()
