"""What moves by itself: plays that arrive, checks that are watched, and what stops both."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Request, Route, expect

from audiospective import clock
from audiospective.models import Connection, User
from audiospective.models.founding import FoundingRegister
from audiospective.models.poll_log import PollLog
from tests.browser.conftest import House, Visit
from tests.browser.states import member, pictures, save
from tests.support.browser import Gate

HIDE = "Object.defineProperty(document, 'hidden', {get: () => window.tucked === true})"


@pytest.fixture
def alice(house: House) -> User:
    return member(house)


def standing_still(visit: Visit, address: str, user: User | None = None) -> Page:
    """The page with its timers in the hands of the test."""
    page = visit("/healthz", user)
    page.add_init_script(HIDE)
    page.clock.install()
    page.goto(address)
    return page


def asked(page: Page, part: str) -> list[str]:
    """Addresses with `part` in them that the page asks for from now on."""
    found: list[str] = []

    def note(request: Request) -> None:
        if part in request.url:
            found.append(request.url)

    page.on("request", note)
    return found


@pytest.mark.races
def test_a_new_play_appears_without_reloading(visit: Visit, alice: User) -> None:
    page = standing_still(visit, "/dashboard", alice)
    rows = page.locator("#plays li")
    expect(rows).to_have_count(12)
    before = rows.first.inner_text()
    save(alice, 1, newest=timedelta(minutes=1))
    with page.expect_response("**/ui/dashboard*"):
        page.clock.run_for(31_000)
    expect(rows.first).not_to_have_text(before)
    expect(rows).to_have_count(12)  # the oldest made room
    expect(page.locator("#status")).to_have_text("")  # plays are no announcement


@pytest.mark.races
def test_nothing_is_asked_while_the_tab_is_hidden(visit: Visit, alice: User) -> None:
    page = standing_still(visit, "/dashboard", alice)
    requests = asked(page, "/ui/")
    page.evaluate("window.tucked = true")
    page.clock.run_for(200_000)
    assert requests == []
    page.evaluate("window.tucked = false")
    with page.expect_response("**/ui/dashboard*"):
        page.clock.run_for(31_000)
    assert requests


@pytest.mark.races
def test_a_change_of_state_is_announced_in_the_same_node(
    house: House, visit: Visit, alice: User
) -> None:
    page = standing_still(visit, "/dashboard", alice)
    status = page.query_selector("#status")
    assert status
    for sentence, values in (("Reconnect needed", {"status": "needs_reauth"}), ("Paused", {})):
        Connection.update(**(values or {"status": "paused"})).execute()
        with page.expect_response("**/ui/dashboard*"):
            page.clock.run_for(31_000)
        expect(page.locator("h1")).to_contain_text(sentence)
        expect(page.locator("#status")).to_contain_text(sentence)
        expect(page).to_have_title(re.compile(sentence))
        assert status.evaluate(
            "node => node.isConnected && node === document.getElementById('status')"
        )


@pytest.mark.races
def test_every_part_of_the_page_changes_at_the_same_moment(visit: Visit, alice: User) -> None:
    page = standing_still(visit, "/dashboard", alice)
    expect(page.get_by_role("button", name="Check now")).to_be_visible()
    Connection.update(status="needs_reauth").execute()
    save(alice, 1, newest=timedelta(minutes=1))
    with page.expect_response("**/ui/dashboard*"):
        page.clock.run_for(31_000)
    expect(page.locator("h1")).to_have_text("Reconnect needed")
    expect(page.get_by_role("link", name="Reconnect Spotify")).to_be_visible()
    expect(page.get_by_role("button", name="Check now")).to_have_count(0)
    expect(page.get_by_text("Access expires")).to_have_count(0)
    expect(page.locator("#plays li")).to_have_count(13)


@pytest.mark.races
def test_check_now_is_watched_to_its_end_and_keeps_the_focus(
    house: House, visit: Visit, alice: User
) -> None:
    page = standing_still(visit, "/dashboard", alice)
    button = page.get_by_role("button", name="Check now")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#check-answer")).to_contain_text("Asking Spotify")
    now = clock.now()
    save(alice, 1, newest=timedelta(minutes=1))
    Connection.update(last_polled_at=now, last_success_at=now).execute()
    PollLog.create(user=alice, at=now, outcome="ok", offered=50, added=1)
    with page.expect_response("**/ui/check*"):
        page.clock.run_for(3_000)
    expect(page.locator("#check-answer")).to_contain_text("1 new play.")
    expect(page.locator("#status")).to_contain_text("1 new play.")
    expect(page.locator("#plays li")).to_have_count(12)
    expect(button).to_be_focused()
    requests = asked(page, "/ui/check")
    page.clock.run_for(30_000)
    assert requests == []  # watching has ended


@pytest.mark.races
def test_a_double_click_asks_once(house: House, visit: Visit, alice: User) -> None:
    page = visit("/dashboard", alice)
    posts = asked(page, "/connection/check")
    held: list[Route] = []
    page.route("**/connection/check", lambda route: held.append(route))  # noqa: PLW0108
    with page.expect_request("**/connection/check"):
        page.get_by_role("button", name="Check now").dblclick()
    page.evaluate("new Promise(requestAnimationFrame)")  # both clicks have been dealt with
    assert len(held) == 1  # the first answer is still on its way, and nobody asked again
    held[0].continue_()
    expect(page.locator("#check-answer")).to_contain_text("Asking Spotify")
    assert len(posts) == 1


@pytest.mark.races
def test_a_failure_is_told_in_plain_words_and_taken_back(
    visit: Visit, alice: User, gate: Gate
) -> None:
    gate.allow(r"^500 http.*/ui/dashboard")
    gate.allow(r"console error: Response Status Error Code 500")
    page = standing_still(visit, "/dashboard", alice)
    before = page.locator("#plays").inner_html()
    page.route(
        "**/ui/dashboard*", lambda route: route.fulfill(status=500, body="<h1>traceback</h1>")
    )
    with page.expect_response("**/ui/dashboard*"):
        page.clock.run_for(31_000)
    expect(page.locator("#alert")).to_contain_text("Something went wrong on our side")
    assert page.locator("#plays").inner_html() == before
    page.unroute("**/ui/dashboard*")
    with page.expect_response("**/ui/dashboard*"):
        page.clock.run_for(31_000)
    expect(page.locator("#alert")).to_be_empty()


@pytest.mark.races
def test_being_offline_is_told_and_ends(visit: Visit, alice: User, gate: Gate) -> None:
    gate.allow(r"ERR_INTERNET_DISCONNECTED")
    gate.allow(r"console error: htmx:(sendError|afterRequest)")
    page = standing_still(visit, "/dashboard", alice)
    page.context.set_offline(True)
    page.clock.run_for(31_000)
    expect(page.locator("#alert")).to_contain_text("No answer from the server")
    page.context.set_offline(False)
    with page.expect_response("**/ui/dashboard*"):
        page.clock.run_for(31_000)
    expect(page.locator("#alert")).to_be_empty()


@pytest.mark.races
def test_a_stale_success_does_not_outlive_a_failure(visit: Visit, alice: User, gate: Gate) -> None:
    gate.allow(r"^503 http.*/connection/check")
    gate.allow(r"console error: Response Status Error Code 503")
    page = visit("/dashboard", alice)
    button = page.get_by_role("button", name="Check now")
    Connection.update(last_polled_at=clock.now()).execute()
    button.click()
    expect(page.locator("#check-answer")).to_contain_text("You can check again at")
    line = {"status": 503, "content_type": "text/plain", "body": "Not now. Try later. (0badcafe)"}
    page.route("**/connection/check", lambda route: route.fulfill(**line))
    button.click()
    expect(page.locator("#alert")).to_have_text("Not now. Try later. (0badcafe)")
    expect(page.locator("#check-answer")).to_be_empty()


@pytest.mark.races
def test_a_session_that_ended_moves_the_whole_page(
    house: House, visit: Visit, alice: User, gate: Gate
) -> None:
    gate.allow(r"^401 http")
    gate.allow(r"console error: Response Status Error Code 401")
    page = standing_still(visit, "/dashboard", alice)
    page.context.clear_cookies()
    with page.expect_navigation():
        page.clock.run_for(31_000)
    assert page.locator("#plays").count() == 0
    assert "/ui/" not in page.url


@pytest.mark.races
def test_the_counter_goes_on_and_stops_when_it_is_full(house: House, visit: Visit) -> None:
    FoundingRegister.locked()
    FoundingRegister.update(last_number=999).execute()
    page = standing_still(visit, "/")
    expect(page.locator("#places")).to_contain_text("1 left")
    FoundingRegister.update(last_number=1000).execute()
    house.site.app.extensions["audiospective.places"]._read_at = None
    button = page.locator("#offer-action a").first
    button.focus()
    with page.expect_response("**/ui/places*"):
        page.clock.run_for(61_000)
    expect(page.locator("#places")).to_contain_text("All 1,000 founding places are taken")
    expect(button).to_have_text("Join the waitlist")
    requests = asked(page, "/ui/places")
    page.clock.run_for(300_000)
    assert requests == []


@pytest.mark.races
def test_covers_load_whole_from_spotify_and_say_nothing_about_us(
    visit: Visit, alice: User, gate: Gate
) -> None:
    gate.allow(r"^foreign request: https://i\.scdn\.co/")
    pictures()
    page = visit("/healthz", alice)
    seen: list[dict[str, str]] = []
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64">'
        '<rect width="64" height="64" fill="#456"/></svg>'
    )

    def cover(route: object) -> None:
        seen.append(route.request.headers)  # type: ignore[attr-defined]
        route.fulfill(content_type="image/svg+xml", body=drawing)  # type: ignore[attr-defined]

    page.route("https://i.scdn.co/**", cover)
    page.goto("/dashboard")
    image = page.locator("img.cover").first
    expect(image).to_be_visible()
    page.wait_for_function("() => document.querySelector('img.cover').naturalWidth === 64")
    assert all("referer" not in headers and "cookie" not in headers for headers in seen)
    box = image.bounding_box()
    assert box
    assert box["width"] == box["height"] == 36
    style = image.evaluate("e => [getComputedStyle(e).filter, getComputedStyle(e).objectFit]")
    assert style == ["none", "contain"]
