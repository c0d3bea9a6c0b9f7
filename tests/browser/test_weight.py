"""The landing page is light, quick to show, and talks to nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import House
from tests.support.browser import OpenPage

PAINTED = "() => performance.getEntriesByName('first-contentful-paint').length > 0"
LIMIT = 40_000  # bytes over the wire, headers included


def transferred(page: Page) -> dict[str, int]:
    """Bytes by address, as the browser's network stack counts them from now on."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    names: dict[str, str] = {}
    sizes: dict[str, int] = {}

    def sent(event: dict[str, Any]) -> None:
        names[event["requestId"]] = event["request"]["url"]

    def done(event: dict[str, Any]) -> None:
        sizes[names[event["requestId"]]] = int(event["encodedDataLength"])

    session.on("Network.requestWillBeSent", sent)
    session.on("Network.loadingFinished", done)
    return sizes


def test_the_landing_page_is_under_its_limit(house: House, open_page: OpenPage) -> None:
    page = open_page(base_url=house.url)
    sizes = transferred(page)
    page.goto("/", wait_until="networkidle")
    assert len(sizes) >= 4, sizes
    assert all(address.startswith(house.url) for address in sizes)
    assert sum(sizes.values()) < LIMIT, sizes


def test_another_visit_fetches_the_page_alone(house: House, open_page: OpenPage) -> None:
    page = open_page(base_url=house.url)
    for address in ("/", "/?second"):  # the icon of the tab may come late
        page.goto(address, wait_until="networkidle")
    sizes = transferred(page)
    page.goto("/?again", wait_until="networkidle")
    fresh = [address for address, size in sizes.items() if size > 0]
    assert fresh == [f"{house.url}/?again"]


def test_the_page_is_painted_before_any_script_has_come(house: House, open_page: OpenPage) -> None:
    page = open_page(base_url=house.url)
    held: list[Any] = []
    page.route("**/*.js", lambda route: held.append(route))  # noqa: PLW0108 - a bound method cannot be wrapped
    page.goto("/", wait_until="commit")
    expect(page.get_by_role("link", name="Connect Spotify")).to_be_visible()
    page.wait_for_function(
        "() => performance.getEntriesByName('first-contentful-paint').length > 0"
    )
    assert len(held) == 2
    assert page.evaluate("typeof htmx") == "undefined"
    for route in held:
        route.continue_()
    page.wait_for_function("() => typeof htmx === 'object'")


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_pages_turn_without_motion_for_those_who_ask(
    house: House, open_page: OpenPage, motion: str
) -> None:
    page = open_page(base_url=house.url, reduced_motion=motion)
    page.add_init_script(
        "addEventListener('pagereveal', e => { window.turned = e.viewTransition !== null })"
    )
    page.goto("/")

    def turned(_: int) -> Any:
        with page.expect_navigation():
            page.get_by_role("link", name="Audiospective").click()
        page.wait_for_function("() => window.turned !== undefined")
        return page.evaluate("window.turned")

    # With motion one of several pages: a browser with much else to do leaves it out.
    assert any(map(turned, range(9))) is (motion == "no-preference")
