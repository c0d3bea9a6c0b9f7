"""Leaving by keyboard alone and without script, and a change of mind."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from audiospective.accounts import erasure
from audiospective.clients.deadline import Deadline
from audiospective.models import User
from audiospective.models.deletions import Deletion
from tests.browser.conftest import House, Visit
from tests.browser.states import member
from tests.browser.test_journeys import tab_to
from tests.support.browser import Gate

PAGE = "/settings/delete"


@pytest.fixture
def alice(house: House) -> User:
    return member(house)


def gone(house: House, page: Page) -> None:
    expect(page.locator("h1")).to_have_text("Your account is being deleted")
    erasure.carry_out(house.services, Deadline(60))
    assert User.select().count() == 0


def test_at_once_by_keyboard_alone(house: House, visit: Visit, alice: User) -> None:
    page = visit(PAGE, alice)
    page.locator("#when-later").focus()
    page.keyboard.press("ArrowDown")  # the second of the two
    page.keyboard.press("Tab")
    page.keyboard.type("delete")
    tab_to(page, "Delete the account")
    page.keyboard.press("Enter")
    gone(house, page)


def test_without_script_a_forgotten_word_is_asked_for_and_nothing_that_was_chosen_is_lost(
    house: House, visit: Visit, alice: User, gate: Gate
) -> None:
    gate.allow(r"^422 http.*/settings/delete")
    page = visit(PAGE, alice, "no-js")
    page.get_by_label("Now").check()
    page.get_by_role("button", name="Delete the account").click()
    expect(page.get_by_role("link", name="Type the word delete.")).to_be_visible()
    expect(page.get_by_label("Now")).to_be_checked()
    page.get_by_label("Type “delete”").fill("delete")
    page.get_by_role("button", name="Delete the account").click()
    gone(house, page)


@pytest.mark.parametrize("mode", ["light", "no-js"])
def test_in_seven_days_and_kept_after_all(
    house: House, visit: Visit, alice: User, mode: str
) -> None:
    page = visit(PAGE, alice, mode)
    page.get_by_label("Type “delete”").fill("delete")
    page.get_by_role("button", name="Delete the account").click()
    expect(page.locator("h1")).to_contain_text("To be deleted on")
    page.get_by_role("button", name="Keep my archive").click()
    expect(page.get_by_text("Your archive stays. Nothing was deleted.")).to_be_visible()
    assert Deletion.select().count() == 0
