"""The dashboard and reports as people meet them: what is in sight, where the focus goes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from audiospective import clock
from tests.browser.axe import violations
from tests.browser.conftest import House, Visit
from tests.browser.states import member
from tests.factories import make_user
from tests.history.making import at, play
from tests.web.music.test_music import of, told

DAY = timedelta(days=1)


@pytest.mark.races
def test_the_first_play_is_in_sight_also_under_a_warning(house: House, visit: Visit) -> None:
    user = member(house, plays=30, status="needs_reauth", last_success_at=clock.now() - DAY)
    page = visit("/dashboard", user)
    first = page.locator("#plays .play-row:not(.play-gap)").first.bounding_box()
    assert first
    assert first["y"] + first["height"] <= 800
    assert first["height"] == pytest.approx(48, abs=1)


@pytest.mark.races
def test_another_period_swaps_the_card_and_keeps_the_focus(house: House, visit: Visit) -> None:
    page = visit("/dashboard", member(house, plays=30))
    page.get_by_role("link", name="Year", exact=True).click()
    current = page.locator("#tops .tabs [aria-current]")
    expect(current).to_have_text("Year")
    expect(current).to_be_focused()
    assert "period=year" in page.url
    page.go_back()
    expect(current).to_have_text("Month")


@pytest.mark.races
@pytest.mark.parametrize("mode", ["light", "narrow", "forced-colors"])
def test_reports_can_be_read_by_everybody(house: House, visit: Visit, mode: str) -> None:
    user = member(house, plays=60)
    for address in ("/reports", f"/reports/{clock.now().year}"):
        page = visit(address, user, mode)
        assert violations(page) == []
        width, room = page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert width <= room, address


def test_what_was_skipped_is_said_where_a_row_has_room(house: House, visit: Visit) -> None:
    user, song = make_user(), told("Slow Harbour, Remastered in the Year of the Long Rain")
    for minute in (1, 9):
        play(user.id, at(minute), song, source=2, reason_end="fwdbtn", flags=0b00100010)
    page = visit(of("artists", song), user)
    note = page.locator("#tracks ~ ol .part-note")
    expect(note).to_have_text("100 % skipped")
    for width, shown in ((320, False), (480, True), (700, True), (1280, True)):
        page.set_viewport_size({"width": width, "height": 800})
        expect(note).to_be_visible(visible=shown)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
