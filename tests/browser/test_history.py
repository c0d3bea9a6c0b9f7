"""The history by mouse, by keyboard, without script, and on a narrow screen."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from audiospective import clock, history
from audiospective.models import Play, User
from tests.browser.conftest import House, Visit
from tests.browser.states import member, save


@pytest.fixture
def alice(house: House) -> User:
    """120 plays of five tracks, half an hour apart."""
    return member(house, plays=120)


def oldest(page: Page) -> str:
    return page.locator(".play-row time").last.get_attribute("datetime") or ""


def test_typing_finds_and_the_way_back_restores_what_was_typed(visit: Visit, alice: User) -> None:
    page = visit("/dashboard", alice)
    page.goto("/history")
    page.get_by_label("Track, artist or album").press_sequentially("paper lan")
    expect(page.locator(".result-count")).to_have_text("24 plays match")
    expect(page.locator("#status")).to_have_text("24 plays match")
    expect(page).to_have_url(re.compile(r"/history\?q=paper(\+|%20)lan$"))
    expect(page).to_have_title(re.compile("^paper lan in your history"))
    expect(page.get_by_label("Track, artist or album")).to_be_focused()
    page.get_by_text("More filters").click()
    page.get_by_label("How we know").select_option("Told by a file or a player")
    expect(page.get_by_role("heading", name="No plays match")).to_be_visible()
    page.go_back()
    expect(page.locator(".result-count")).to_have_text("24 plays match")
    expect(page.get_by_label("Track, artist or album")).to_have_value("paper lan")
    page.get_by_role("link", name="Paper Lanterns").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Paper Lanterns")
    page.go_back()
    expect(page.get_by_label("Track, artist or album")).to_have_value("paper lan")
    page.go_back()
    expect(page).to_have_url(re.compile("/dashboard$"))  # typing left no steps of its own
    page.go_forward()
    expect(page.get_by_label("Track, artist or album")).to_have_value("paper lan")


def test_older_plays_are_added_below_and_the_focus_goes_to_the_first(
    visit: Visit, alice: User
) -> None:
    page = visit("/history", alice)
    expect(page.locator(".play-row")).to_have_count(50)
    before = oldest(page)
    page.get_by_role("link", name="Load older plays").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".play-row")).to_have_count(100)
    focused = page.locator(":focus time").first
    expect(focused).to_be_visible()
    assert (focused.get_attribute("datetime") or before) < before
    page.get_by_role("link", name="Load older plays").click()
    expect(page.locator(".play-row")).to_have_count(120)
    expect(page.get_by_text("That is all.")).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="Newer plays")).to_be_visible()
    expect(page.locator(".play-row")).to_have_count(20)


def test_all_of_it_works_without_script(visit: Visit, alice: User) -> None:
    page = visit("/history", alice, "no-js")
    page.get_by_label("Track, artist or album").fill("海")
    page.get_by_role("button", name="Search").click()
    expect(page).to_have_url(re.compile(r"/history\?q=%E6%B5%B7$"))
    expect(page.locator(".play-row")).to_have_count(24)
    page.get_by_role("link", name="Without Search: 海").click()
    page.get_by_role("link", name="Load older plays").click()
    page.get_by_role("link", name="Load older plays").click()
    expect(page.locator(".play-row")).to_have_count(20)
    page.locator(".play-row-time").first.click()
    page.get_by_role("button", name="Delete this play").click()
    expect(page.get_by_text("The play is deleted")).to_be_visible()
    assert history.total(alice.id) == 119
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The play is back where it was.")).to_be_visible()
    assert history.total(alice.id) == 120


def test_a_play_is_deleted_and_brought_back_by_keyboard(visit: Visit, alice: User) -> None:
    play = Play.select().where(Play.user == alice).get()
    page = visit(f"/history/plays/{play.played_at}-{play.track}", alice)
    page.get_by_role("button", name="Delete this play").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The play is back where it was.")).to_be_visible()
    assert history.total(alice.id) == 120


def test_a_month_is_one_step_away_on_a_narrow_screen(visit: Visit, alice: User) -> None:
    # In the middle of a month, so that all three are of one month in every zone.
    long_ago = (clock.now() - timedelta(days=400)).replace(day=15, hour=12)
    save(alice, 3, newest=clock.now() - long_ago)
    page = visit("/history", alice, "narrow")
    page.get_by_text("Jump to month").last.click()
    page.get_by_role("link", name=f"{long_ago:%B %Y}, 3 plays").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{long_ago:%B %Y}")
    expect(page.locator(".play-row")).to_have_count(3)
    page.get_by_label("Go to a day").last.is_hidden()
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0


def test_two_tracks_become_one_recording_and_two_again(visit: Visit, alice: User) -> None:
    page = visit("/history", alice)
    page.get_by_role("link", name="Paper Lanterns").first.click()
    page.get_by_role("link", name="Count it as another recording").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ids of Paper Lanterns")
    page.goto("/settings/recordings")
    expect(page.get_by_role("heading", name="Nothing is merged by you")).to_be_visible()
