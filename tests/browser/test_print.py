"""Reports on paper: nothing is cut off, and a year is a few pages, not one for each month."""

from __future__ import annotations

import re

from playwright.sync_api import Page

from audiospective import clock
from tests.browser.conftest import House, Visit
from tests.browser.members import huge

A4 = {"width": 794, "height": 1123}  # CSS pixels
MOST = 5  # pages


def test_a_year_is_printed_on_a_few_pages(house: House, visit: Visit) -> None:
    page: Page = visit(f"/reports/{clock.now().year - 1}", huge(house.services), viewport=A4)
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for gone in (".site-header", ".site-footer", ".report-nav", "#take", "#days table"):
        assert not page.locator(gone).first.is_visible(), gone
    for shown in ("#days svg", "#sittings table", "#most", "#known"):
        assert page.locator(shown).first.is_visible(), shown
    assert 1 <= len(re.findall(rb"/Type\s*/Page[^s]", page.pdf(format="A4"))) <= MOST
