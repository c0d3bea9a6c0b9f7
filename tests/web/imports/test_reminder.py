"""The reminder of Spotify's file, as it is asked for on pages."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from audiospective import clock
from audiospective.models import User
from audiospective.notices import kind
from audiospective.notices.kinds import file_reminder
from tests.factories import make_user
from tests.support.clocks import Frozen
from tests.web.conftest import MakeSite, Site, Visitor


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    """A site that sends e-mails."""
    return make_site(resend_api_key="re_test")


def press(browser: Visitor, path: str, days: str) -> TestResponse:
    """Press a button of the reminder: a form of /imports, and part of the one form of /welcome."""
    page = browser.page(path)
    if path == "/imports":
        return browser.submit(page, "/imports/reminder", days=days)
    form = page.one("form", action="/welcome").attributes["id"]
    pressed = page.by_id("reminder").one("button", name="days", value=days)
    assert pressed.attributes["form"] == form
    return browser.submit(page, "/welcome", timezone="UTC", days=days)


@pytest.mark.parametrize("path", ["/imports", "/welcome"])
def test_it_is_asked_for_where_the_file_is_explained_and_taken_back(
    site: Site, frozen: Frozen, path: str
) -> None:
    alice = make_user("alice", timezone="UTC")
    browser = site.member(alice)
    assert "once you have confirmed an e-mail address" in browser.page(path).text
    answer = press(browser, path, "30")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{path}#reminder")
    page = browser.page(path)
    assert "We e-mail you on 13 Apr 2026" in page.by_id("reminder").text
    assert "we need your e-mail address" in page.by_id("reminder").text
    assert "we remind you" not in browser.page("/dashboard").text  # not before it is confirmed
    press(browser, path, "0")
    assert "Remind me in 10 days" in browser.page(path).text
    assert file_reminder.asked(User.get_by_id(alice.id)) is None


def test_with_a_proven_address_nothing_else_is_needed(site: Site, frozen: Frozen) -> None:
    proven = {"email": "alice@example.org", "email_verified_at": clock.now()}
    browser = site.member(make_user("alice", **proven))
    assert "confirmed an e-mail address" not in browser.page("/imports").text
    browser.submit(browser.page("/imports"), "/imports/reminder", days="10")
    assert "we need your e-mail address" not in browser.page("/imports").text
    assert "Import earlier years we remind you on 24 Mar 2026" in browser.page("/dashboard").text
    frozen.forward(days=10)
    assert "Remind me in 10 days" in browser.page("/imports").text


def test_nobody_is_promised_what_they_switched_off_meanwhile(site: Site) -> None:
    alice = make_user("alice", email="alice@example.org", email_verified_at=clock.now())
    browser = site.member(alice)
    browser.submit(browser.page("/imports"), "/imports/reminder", days="10")
    kind.switch(alice.id, "file_reminder", on=False)
    assert "Remind me in 10 days" in browser.page("/imports").text
    assert "we remind you" not in browser.page("/dashboard").text
    browser.submit(browser.page("/imports"), "/imports/reminder", days="10")
    assert "We e-mail you on" in browser.page("/imports").text


@pytest.mark.parametrize("lacking", ["resend_api_key", "mail_from"])
def test_nothing_is_offered_where_no_emails_are_sent(make_site: MakeSite, lacking: str) -> None:
    site = make_site(**{"resend_api_key": "re_test", lacking: ""})
    alice = make_user("alice", email="alice@example.org", email_verified_at=clock.now())
    browser = site.member(alice)
    for days in (0, 10):
        file_reminder.ask(alice.id, days)
        for path in ("/imports", "/welcome"):
            assert browser.page(path).by_id("reminder") is None
        assert "we remind you" not in browser.page("/dashboard").text


@pytest.mark.parametrize("days", ["11", "-1", "ten", "", "99999999999999999999"])
def test_days_that_are_not_offered_change_nothing(site: Site, days: str) -> None:
    alice = make_user("alice")
    browser = site.member(alice)
    answer = browser.submit(browser.page("/imports"), "/imports/reminder", days=days)
    assert answer.status_code == 303
    assert file_reminder.asked(User.get_by_id(alice.id)) is None
