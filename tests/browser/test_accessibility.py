"""Every page in every state: no violation, no sideways scrolling, nothing too small to hit."""

from __future__ import annotations

from typing import Any

import pytest
from flask import abort
from playwright.sync_api import Page

from tests.browser import axe
from tests.browser.conftest import House, MakeHouse, Visit
from tests.browser.states import STATES
from tests.support.browser import Gate, OpenPage
from tests.web import markup

WIDTHS = {"narrow": (320, 640), "wide": (1280, 800)}

# Boxes of what can be pressed; links inside running text may be as high as their line.
TARGETS = """
() => [...document.querySelectorAll('a, button, input:not([type=hidden]), select, summary')]
  .filter(e => !e.closest('p, dd, li:not(.play):not(.site-nav li)') || e.matches('.button'))
  .filter(e => !e.closest('.trap, .skip') && !e.matches('.skip'))
  .map(e => ({name: e.outerHTML.slice(0, 80), box: e.getBoundingClientRect().toJSON()}))
  .filter(({box}) => box.width && (box.height < 24 || box.width < 24))
  .map(({name, box}) => `${name} ${box.width}x${box.height}`)
"""
PRIMARY = """
() => [...document.querySelectorAll('.button, .input')]
  .map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect().height])
  .filter(([, height]) => height && height < 44).map(String)
"""


@pytest.fixture
def house(make_house: MakeHouse) -> House:
    """A running site that also fails when it is told to."""
    house = make_house()
    house.site.app.add_url_rule("/fail/<int:code>", "fail", abort)
    return house


LIGHT: dict[str, Any] = {"color_scheme": "light", "forced_colors": "none"}
DARK: dict[str, Any] = {"color_scheme": "dark", "forced_colors": "none"}
PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def look(page: Page, number: int | None = None) -> list[str]:
    """Problems of the page as it stands; `test_every_page` looks with forced colours as well.

    With a `number`, axe looks at it in full in one width alone, by turns: states of one page
    follow one another.
    """
    thorough = WIDTHS if number is None else [list(WIDTHS)[number % len(WIDTHS)]]
    found: list[str] = []
    page.emulate_media(reduced_motion="reduce", **DARK)
    page.evaluate(PAINTED)
    found += [f"dark: {line}" for line in axe.violations(page, of=axe.CONTRAST)]
    page.emulate_media(reduced_motion="reduce", **LIGHT)
    for name, (width, height) in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(PAINTED)
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if overflow > 0:
            found.append(f"{name}: {overflow} px stick out")
        found += [f"{name}: too small: {line}" for line in page.evaluate(TARGETS)]
        found += [f"{name}: under 44 px: {line}" for line in page.evaluate(PRIMARY)]
        if name in thorough:
            found += [f"{name}: {line}" for line in axe.violations(page)]
    return found


@pytest.mark.parametrize("state", STATES)
def test_a_page_is_for_everybody(house: House, visit: Visit, gate: Gate, state: str) -> None:
    gate.allow(r"^(401|404|410|500) http.*/(fail|nowhere|keep|tracks/999)")
    gate.allow(r"^422 http.*/history\?from=soon")
    address, user = STATES[state](house)
    page = visit(address, user)
    assert page.locator("h1").count() == 1
    assert markup.faults(markup.read(page.request.get(address).text())) == []
    assert look(page, list(STATES).index(state)) == []


def test_the_components_are_for_everybody(make_house: MakeHouse, open_page: OpenPage) -> None:
    house = make_house(spotify_api_url="http://127.0.0.1:9999/v1")
    page = open_page(base_url=house.url)
    page.goto("/_components")
    assert look(page) == []


def test_text_of_double_size_still_fits(house: House, visit: Visit) -> None:
    address, user = STATES["dashboard"](house)
    page = visit(address, user, viewport={"width": 640, "height": 800})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    sticks_out = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert sticks_out <= 0
