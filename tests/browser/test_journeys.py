"""The same errands by mouse, by keyboard alone and without script."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from audiospective.models import Connection, User
from tests.browser.conftest import House, Visit
from tests.browser.states import STATES, member
from tests.support.browser import Gate

FOCUS = """() => {
  const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
  return {
    name: (e.textContent || e.value || '').replace(/\\s+/g, ' ').trim(),
    tag: e.tagName, top: box.top + scrollY, width: box.width,
    ring: style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth),
  };
}"""
REACHABLE = """() => [
    ...document.querySelectorAll('a[href], button, input:not([type=hidden]), summary')
  ].filter(e => e.tabIndex >= 0 && e.checkVisibility()).length"""


@pytest.fixture
def alice(house: House) -> User:
    return member(house)


def tab_through(page: Page) -> list[dict[str, Any]]:
    """Where the focus goes, one Tab after the other, until it leaves the page."""
    stops: list[dict[str, Any]] = []
    for _ in range(400):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if stop["tag"] == "BODY":
            return stops
        stops.append(stop)
    raise AssertionError("the focus is caught")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the control of that name has the focus."""
    for _ in range(400):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUS)["name"].startswith(name):
            return
    raise AssertionError(f"Tab never reaches {name!r}")


@pytest.mark.races
@pytest.mark.parametrize("state", ["landing", "landing when full", "dashboard", "disconnect"])
def test_tab_reaches_everything_in_reading_order(house: House, visit: Visit, state: str) -> None:
    address, user = STATES[state](house)
    page = visit(address, user, viewport={"width": 400, "height": 800})
    stops = tab_through(page)
    assert stops[0]["name"] == "Skip to the content"
    assert len(stops) == page.evaluate(REACHABLE)
    rows = [stop["top"] for stop in stops[1:]]
    for above, below in pairwise(rows):
        assert below > above - 40  # beside one another counts as one row
    for stop in stops:
        assert stop["ring"] >= 2, stop


@pytest.mark.races
def test_the_skip_link_skips(visit: Visit, alice: User) -> None:
    page = visit("/dashboard", alice)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS)["name"] == "Check now"


@pytest.mark.races
def test_questions_open_with_the_keyboard(visit: Visit) -> None:
    page = visit("/")
    tab_to(page, "What does it cost?")
    page.keyboard.press("Enter")
    expect(page.get_by_text("free of charge, for life. Each of them")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.get_by_text("free of charge, for life. Each of them")).not_to_be_visible()


@pytest.mark.races
@pytest.mark.parametrize("mode", ["light", "no-js"])
def test_pausing_resuming_and_disconnecting_by_keyboard(
    visit: Visit, alice: User, mode: str
) -> None:
    page = visit("/settings/connection", alice, mode)
    tab_to(page, "Pause")
    page.keyboard.press("Enter")
    expect(page.locator(".lead")).to_contain_text("Paused by you")
    tab_to(page, "Resume")
    page.keyboard.press("Space")
    expect(page.locator(".lead")).to_contain_text("Your archive is up to date")
    tab_to(page, "Disconnect")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Disconnect from Spotify")
    tab_to(page, "Disconnect")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Disconnected")
    assert Connection.get().status == "disconnected"


@pytest.mark.races
def test_without_script_the_check_is_a_form(visit: Visit, alice: User) -> None:
    page = visit("/dashboard", alice, "no-js")
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_text("The check is on its way")).to_be_visible()
    assert page.url.endswith("/dashboard")
    page.reload()
    expect(page.get_by_text("The check is on its way")).not_to_be_visible()


@pytest.mark.races
def test_without_script_everything_is_there(house: House, visit: Visit, alice: User) -> None:
    landing = visit("/", None, "no-js")
    expect(landing.get_by_role("link", name="Connect Spotify")).to_be_visible()
    expect(landing.locator("meter").first).to_be_visible()
    dashboard = visit("/dashboard", alice, "no-js")
    expect(dashboard.locator("#plays li")).to_have_count(12)


@pytest.mark.races
@pytest.mark.parametrize("mode", ["light", "no-js"])
def test_the_theme_is_chosen_and_kept(visit: Visit, alice: User, mode: str) -> None:
    page = visit("/dashboard", alice, mode)
    ground = "getComputedStyle(document.body).backgroundColor"
    page.get_by_role("button", name="Dark", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    if mode == "light":
        assert page.evaluate(ground) == "rgb(18, 20, 23)"
    page.get_by_role("button", name="System", exact=True).click()
    expect(page.locator("html:not([data-theme])")).to_have_count(1)


@pytest.mark.races
def test_a_form_of_a_session_that_ended_says_so_and_leads_back(
    visit: Visit, alice: User, gate: Gate
) -> None:
    gate.allow(r"^40[01] http")
    page = visit("/dashboard", alice, "no-js")
    page.context.clear_cookies()
    page.get_by_role("button", name="Check now").click()
    expect(page.locator("h1")).to_have_text("Sign in")
    expect(page.get_by_text("You were signed out meanwhile")).to_be_visible()
    assert Connection.get().status == "active"
    assert page.url.endswith("/sign-in?next=%2Fdashboard")


@pytest.mark.races
@pytest.mark.parametrize("mode", ["light", "no-js"])
def test_back_and_forward_show_whole_pages(visit: Visit, alice: User, mode: str) -> None:
    page = visit("/", alice, mode)
    page.get_by_role("link", name="Go to your archive").click()
    expect(page.locator("h1")).to_have_text("Your archive is up to date")
    if mode == "light":
        page.get_by_role("button", name="Check now").click()
        expect(page.locator("#check-answer")).not_to_be_empty()
    page.get_by_role("link", name="Health", exact=True).click()
    expect(page.locator("h1")).to_have_text("Health of your archive")
    for go, headline in (
        (page.go_back, "Your archive is up to date"),
        (page.go_back, "Spotify remembers fifty plays. Keep them all."),
        (page.go_forward, "Your archive is up to date"),
        (page.go_forward, "Health of your archive"),
        (page.reload, "Health of your archive"),
        (page.go_back, "Your archive is up to date"),
    ):
        go()
        expect(page.locator("h1")).to_have_text(headline)
        assert page.locator("header.site-header, main, footer").count() == 3
        assert page.title().endswith("· Audiospective")


@pytest.mark.races
def test_no_personal_page_stays_in_the_browsers_storage(visit: Visit, alice: User) -> None:
    page = visit("/dashboard", alice)
    page.get_by_role("button", name="Check now").click()
    expect(page.locator("#check-answer")).not_to_be_empty()
    kept = page.evaluate("({...localStorage, ...sessionStorage})")
    assert kept == {"htmx-current-path-for-history": "/dashboard"}  # an address, no content


@pytest.mark.races
@pytest.mark.parametrize(("mode", "zone"), [("light", "Europe/Berlin"), ("no-js", "UTC")])
def test_the_zone_is_suggested_from_the_computer(
    house: House, visit: Visit, alice: User, mode: str, zone: str
) -> None:
    User.update(timezone="UTC").execute()
    page = visit("/welcome", alice, mode)
    expect(page.get_by_label("Your time zone")).to_have_value(zone)


@pytest.mark.parametrize("mode", ["light", "no-js"])
def test_saving_leaves_the_page_where_its_button_is(visit: Visit, alice: User, mode: str) -> None:
    page = visit("/welcome", alice, mode)
    page.get_by_role("button", name="Save").click()
    form = page.get_by_role("region", name="Time zone and e-mails")  # it is read out elsewhere
    expect(form.get_by_text("Saved.", exact=True)).to_be_in_viewport()
    expect(page.get_by_role("button", name="Save")).to_be_in_viewport()


def test_times_are_the_browsers_before_a_zone_is_saved(visit: Visit, alice: User) -> None:
    User.update(timezone="UTC").execute()
    page = visit("/", alice)  # the script writes the zone down wherever somebody comes first
    page.goto("/dashboard")
    ended = page.locator("#plays time").first
    there = page.evaluate(
        "text => new Date(text).toLocaleTimeString('en-GB', {hour: '2-digit', minute: '2-digit'})",
        ended.get_attribute("datetime"),
    )
    expect(ended).to_have_text(there)
    expect(page.locator("main")).not_to_contain_text("UTC")


def test_times_are_labelled_while_the_zone_is_unknown(visit: Visit, alice: User) -> None:
    User.update(timezone="UTC").execute()
    page = visit("/dashboard", alice, "no-js")
    expect(page.locator("#live")).to_contain_text("UTC")
    expect(page.get_by_role("contentinfo")).to_contain_text("Times are UTC")


def test_buttons_are_as_wide_as_their_words(visit: Visit, alice: User) -> None:
    for address in ("/settings/spotify-app/remove", "/waitlist/thanks", "/sign-in", "/dashboard"):
        page = visit(address, alice if "settings" in address or "dash" in address else None)
        widths = page.evaluate(
            "[...document.querySelectorAll('.button')].map(b => b.getBoundingClientRect().width)"
        )
        assert all(width < 400 for width in widths), (address, widths)
