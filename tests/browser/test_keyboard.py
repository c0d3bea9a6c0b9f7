"""Settings, reports and shared links by keyboard alone: Tab, letters, arrows, Space and Enter."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from audiospective import clock
from audiospective.models import User
from audiospective.models.shared_links import SharedLink
from tests.browser.conftest import House, Visit
from tests.browser.members import huge


@pytest.fixture
def page(house: House, visit: Visit) -> Page:
    """Alice's settings, with fifteen years of everything."""
    opened: Page = visit("/settings", huge(house.services), "reduced-motion")
    return opened


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until what has the focus fits a selector."""
    for _ in range(400):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            assert page.evaluate("document.activeElement.checkVisibility()")
            return
    raise AssertionError(f"Tab never reaches {selector}")


def _profile(page: Page) -> None:
    tab_to(page, "main input[name=name]")
    page.keyboard.press("Control+A")
    page.keyboard.type("Alice of the Keys")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Saved")
    assert User.get().display_name == "Alice of the Keys"


def _counting(page: Page) -> None:
    tab_to(page, "main input[type=radio]")
    before = page.evaluate("document.activeElement.value")
    page.keyboard.press("ArrowDown")
    after = page.evaluate("document.activeElement.value")
    assert after != before
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Saved")
    expect(page.locator(f"main input[type=radio][value='{after}']")).to_be_checked()


def _emails(page: Page) -> None:
    tab_to(page, "main input[type=checkbox]")
    name = page.evaluate("document.activeElement.name + '|' + document.activeElement.value")
    before = page.evaluate("document.activeElement.checked")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Saved")
    field, _, value = name.partition("|")
    box = page.locator(f"main input[name='{field}'][value='{value}']")
    assert box.is_checked() != before


def _hidden(page: Page) -> None:
    tab_to(page, "main input[name=q]")
    page.keyboard.type("nora")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Hide Nora Feld")).to_be_visible()
    tab_to(page, "main button[aria-label='Hide Nora Feld']")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Count again: Nora Feld")).to_be_visible()


def _sessions(page: Page) -> None:
    tab_to(page, "main button[aria-label^='Sign out']")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Connect Spotify").first).to_be_visible()


def _shares(page: Page) -> None:
    tab_to(page, "main input[type=radio]")
    page.keyboard.press("ArrowDown")
    tab_to(page, "main form button")
    page.keyboard.press("Enter")
    expect(page.locator("main input[value*='/shared/']")).to_be_visible()
    assert SharedLink.select().count() == 1
    tab_to(page, "form[action$='/end'] button")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("opens nothing any more")
    assert SharedLink.select().count() == 0


def _reports(page: Page) -> None:
    year = clock.now().year
    tab_to(page, f"main a[href='/reports/{year - 1}']")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(str(year - 1))
    tab_to(page, f"main a[rel=next][href='/reports/{year}']")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(str(year))
    tab_to(page, "#week-hours summary")
    page.keyboard.press("Space")
    expect(page.locator("#week-hours table")).to_be_visible()
    tab_to(page, f"main a[href='/reports/{year}/text']")
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_contain_text("These figures know")


def _range(page: Page) -> None:
    year = clock.now().year - 1
    for name in ("from", "to"):
        tab_to(page, f"main input[name={name}]")
        page.keyboard.type(f"1111{year}")  # the same in every order of day and month
    page.keyboard.press("Enter")
    expect(page.locator(".report-nav")).to_be_visible()
    assert page.url.endswith(f"/reports/{year}-11-11..{year}-11-11")


JOURNEYS: dict[str, Callable[[Page], None]] = {
    "/settings/profile": _profile,
    "/settings/counting": _counting,
    "/settings/emails": _emails,
    "/settings/hidden": _hidden,
    "/settings/shares/new?report=all": _shares,
    "/reports": _reports,
    "/reports?": _range,
    "/settings/sessions": _sessions,
}


def test_every_form_is_filled_in_and_sent(page: Page) -> None:
    """One browser goes through all of them, each page reached by its address."""
    for address, journey in JOURNEYS.items():
        page.goto(address)
        journey(page)


def test_the_settings_lead_everywhere(page: Page) -> None:
    links = page.locator("main a[href^='/settings/'], main a[href^='/connection/']")
    wanted = {link.get_attribute("href") for link in links.all()}
    reached = set()
    for _ in range(200):
        page.keyboard.press("Tab")
        href = page.evaluate("document.activeElement.getAttribute('href')")
        if href in reached and len(reached) >= len(wanted):
            break
        reached.add(href)
        if wanted <= reached:
            break
    assert wanted <= reached
