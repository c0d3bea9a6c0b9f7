"""The pages for operators as they are seen: sizes, colours, keyboards and what axe finds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from audiospective import clock
from audiospective.incidents import alarms
from tests.browser.conftest import House
from tests.browser.test_every_page import LOOKS, problems
from tests.support.browser import OpenPage
from tests.web.ops.test_ops import busy, die, operator


def test_figures_that_have_stood_for_two_minutes_are_called_old_and_live_ones_are_not(
    house: House, open_page: OpenPage
) -> None:
    page = open_page(base_url=house.url)
    page.context.add_cookies([house.cookie(operator())])  # type: ignore[list-item]
    page.clock.install()
    page.goto("/ops")
    heading = page.locator("h1")
    page.clock.fast_forward(60_000)
    expect(heading).to_have_text("No poll was made in this time")
    page.clock.fast_forward(70_000)
    expect(heading).to_have_text("Data is old: load this page again")
    page.goto("/ops?live=1")
    alarms.begin("backup", clock.now(), "The last one failed.")
    page.clock.fast_forward(11_000)
    expect(heading).to_have_text("There is no recent backup")


@pytest.mark.parametrize("full", [False, True], ids=["empty", "busy"])
def test_the_pages_bear_every_size_and_colour(
    house: House, open_page: OpenPage, full: bool
) -> None:
    olga = operator()
    if full:
        busy(house.site)
        die(house.site)
        since = clock.now() - timedelta(hours=40)
        alarms.begin("backup", since, "The last one failed.")
    page = open_page(base_url=house.url)
    page.context.add_cookies([house.cookie(olga)])  # type: ignore[list-item]
    found = []
    for number, address in enumerate(("/ops?w=1h", "/ops/calls", "/ops/storage")):
        page.goto(address)
        found += [f"{address}: {one}" for one in problems(page, (number + 2 * full) % len(LOOKS))]
    assert not found, "\n".join(found)
