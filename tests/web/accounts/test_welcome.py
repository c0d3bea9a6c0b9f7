"""Welcome: the first plays as they come, then zone, address and e-mails."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from audiospective import clock
from audiospective.accounts import time_zone
from audiospective.clients.deadline import Deadline
from audiospective.history import sealing
from audiospective.models import Connection, Play, User
from audiospective.models.notices import Notice
from audiospective.models.waitlist import WaitlistEntry
from audiospective.notices import kind, members
from audiospective.polling import batch, poll
from audiospective.web.accounts import welcome
from tests.factories import make_user
from tests.support.archive_states import plays
from tests.support.clocks import Frozen
from tests.web.conftest import LiveSite, MakeSite, Visitor
from tests.web.mailbox import inbox, link

ALL = ["stopped", "gaps"]


def save(browser: Visitor, **values: Any) -> Any:
    page = browser.page("/welcome")
    token = page.one("form", action="/welcome").one("input", name="csrf_token")
    return browser.post(
        "/welcome",
        data={
            "csrf_token": token.attributes["value"],
            "timezone": "UTC",
            "email": "",
            "emails": ALL,
            **values,
        },
        headers={"Referer": "http://127.0.0.1:8000/"},
    )


def run_first_poll(live: LiveSite, name: str = "alice") -> None:
    poll.one(live.site.services, live.user(name).id, Deadline(batch.SECONDS))


def test_the_first_poll_is_watched_until_it_is_done(live: LiveSite) -> None:
    live.control.burst("alice", 7)
    browser = live.newcomer("alice")
    waiting = browser.fragment("/ui/first-poll")
    assert waiting.status_code == 200
    assert 'hx-trigger="every 2s"' in waiting.text
    run_first_poll(live)
    done = browser.fragment("/ui/first-poll")
    assert done.status_code == 286
    assert "7 plays saved" in done.text
    assert "hx-trigger" not in done.text
    assert "7 plays saved" in browser.page("/welcome").text


def test_welcome_counts_plays_that_were_sealed_away(live: LiveSite) -> None:
    live.newcomer("alice")
    plays(live.user(), 12)
    sealing.seal(live.user().id, keep=2, trigger=0)
    assert Play.select().count() == 2
    browser = live.site.member(live.user())
    assert "12 plays saved" in browser.page("/welcome").text


def test_a_quiet_account_is_no_error(live: LiveSite) -> None:
    browser = live.newcomer("alice")
    run_first_poll(live)
    done = browser.fragment("/ui/first-poll")
    assert (done.status_code, "no recent plays" in done.text) == (286, True)


def test_a_first_poll_that_fails_is_said(live: LiveSite) -> None:
    browser = live.newcomer("alice")
    live.control.fault("not_listed", endpoint="recently-played")
    run_first_poll(live)
    assert Connection.get().last_failure_type == "not_allowed"
    done = browser.fragment("/ui/first-poll")
    assert (done.status_code, "did not give us" in done.text) == (286, True)


def test_nobody_watches_a_poll_that_never_comes_for_ever(live: LiveSite, frozen: Frozen) -> None:
    browser = live.newcomer("alice")
    frozen.forward(minutes=2)
    done = browser.fragment("/ui/first-poll")
    assert (done.status_code, "waits for its turn" in done.text) == (286, True)


def test_opened_by_itself_the_fragment_leads_to_its_page(live: LiveSite) -> None:
    browser = live.newcomer("alice")
    assert browser.get("/ui/first-poll").headers["Location"] == "/welcome"


def test_zone_emails_and_address_are_settled_in_one_form(live: LiveSite) -> None:
    browser = live.newcomer("alice")
    answer = save(browser, timezone="Asia/Tokyo", email=" Alice@Example.org", emails=["stopped"])
    assert answer.headers["Location"] == "/welcome#saved"
    alice = live.user()
    assert (alice.timezone, alice.email) == ("Asia/Tokyo", None)  # nothing before it is proven
    field = browser.page("/welcome").one("input", name="email")
    assert field.attributes["value"] == "alice@example.org"
    off = kind.switched_off(alice)
    assert "gap_found" in off
    assert "archive_stopped" not in off
    email = inbox(live, "alice@example.org")[0]
    assert "/address/" in link(email)


def test_proving_the_address_brings_the_email_of_welcome(live: LiveSite) -> None:
    browser = live.newcomer("alice")
    save(browser, email="alice@example.org")
    address = link(inbox(live, "alice@example.org")[0])
    browser.submit(browser.page(address), address)
    assert live.user().email_verified_at is not None
    email = inbox(live, "alice@example.org")[-1]
    assert "You are founding member 1" in email["subject"]
    assert "E-mails go to" in browser.page("/welcome").text


def test_everything_may_be_left_as_it_is(live: LiveSite) -> None:
    browser = live.newcomer("alice")
    assert save(browser).status_code == 303
    assert (live.user().timezone, live.user().email) == ("UTC", None)
    assert Notice.select().count() == 0


def test_saving_keeps_the_report_of_whoever_asked_for_it_where_none_is_offered(
    make_site: MakeSite,
) -> None:
    site = make_site(derived_stats=False)
    alice = make_user("alice")
    kind.switch(alice.id, "monthly_report", on=True)
    browser = site.member(alice)
    assert save(browser, emails=["stopped"]).status_code == 303
    off = kind.switched_off(User.get_by_id(alice.id))
    assert ("monthly_report" in off, "gap_found" in off) == (False, True)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"timezone": ""}, "timezone"),
        ({"email": "alice"}, "email"),
        ({"email": "a@b.example\r\nBcc: c@d.example"}, "email"),
    ],
)
def test_what_cannot_be_is_refused_and_what_was_typed_stays(
    live: LiveSite, values: dict[str, str], field: str
) -> None:
    browser = live.newcomer("alice")
    answer = save(browser, **{"timezone": "Asia/Tokyo", **values})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert live.user().timezone == "UTC"
    assert Notice.select().count() == 0


def test_an_old_session_cannot_set_the_address(live: LiveSite, frozen: Frozen) -> None:
    browser = live.newcomer("alice")
    frozen.forward(minutes=16)
    answer = save(browser, email="thief@example.org")
    assert answer.headers["Location"].startswith("/sign-in?next=%2F")
    assert live.user().email is None


@pytest.mark.parametrize(
    ("pressed", "place"), [({"days": "30"}, "/welcome#reminder"), ({"open": "1"}, "/dashboard")]
)
def test_the_other_buttons_of_the_page_save_what_was_typed_above_them(
    live: LiveSite, pressed: dict[str, str], place: str
) -> None:
    browser = live.newcomer("alice")
    answer = save(browser, email="alice@example.org", timezone="Asia/Tokyo", **pressed)
    assert answer.headers["Location"] == place
    assert time_zone.chosen(live.user()) == "Asia/Tokyo"
    assert len(inbox(live, "alice@example.org")) == 1
    assert "We have sent you an e-mail" in browser.page(place).text
    answer = save(browser, email="alice@", **pressed)
    assert answer.status_code == 422
    assert 'value="alice@"' in answer.text


@pytest.mark.parametrize("pressed", [{"days": "30"}, {"open": "1"}])
def test_the_other_buttons_take_nothing_that_was_only_offered(
    live: LiveSite, frozen: Frozen, pressed: dict[str, str]
) -> None:
    browser = live.newcomer("alice")
    WaitlistEntry.create(
        email="alice@example.org", salt="", token_hash="", created_at=clock.now(), user=live.user()
    )
    frozen.forward(minutes=16)  # an address would have to be confirmed as theirs now
    assert save(browser, email="alice@example.org", **pressed).status_code == 303
    assert Notice.select().count() == 0
    assert time_zone.chosen(live.user()) is None
    assert "data-guess-zone" in browser.get("/welcome").text


@pytest.mark.parametrize("pressed", [{"days": "30"}, {"open": "1"}, {}])
def test_who_switched_one_kind_of_email_off_keeps_the_others(
    live: LiveSite, pressed: dict[str, str]
) -> None:
    user = make_user("alice")
    kind.switch(user.id, "back_on", on=False)
    before = kind.switched_off(User.get_by_id(user.id))
    browser = live.site.member(user)
    assert save(browser, timezone="UTC", emails=["gaps"], **pressed).status_code == 303  # as shown
    assert kind.switched_off(User.get_by_id(user.id)) == before


def test_a_proven_address_is_not_changed_in_passing(live: LiveSite) -> None:
    user = make_user("alice", email="alice@example.org", email_verified_at=clock.now())
    browser = live.site.member(user)
    save(browser, email="thief@example.org")
    assert live.user().email == "alice@example.org"


def test_an_unproven_address_gets_one_email_a_day(live: LiveSite, frozen: Frozen) -> None:
    browser = live.newcomer("alice")
    for _ in range(3):
        save(browser, email="alice@example.org")
        frozen.forward(minutes=1)
    assert len(inbox(live, "alice@example.org")) == 1


def test_the_zone_is_offered_to_be_guessed_only_while_it_is_unknown(live: LiveSite) -> None:
    browser = live.newcomer("alice")
    assert "data-guess-zone" in browser.get("/welcome").text
    save(browser, timezone="Europe/Berlin")
    assert "data-guess-zone" not in browser.get("/welcome").text


def test_every_zone_offered_can_be_used() -> None:
    from zoneinfo import ZoneInfo

    assert {"UTC", "Europe/Berlin", "America/St_Johns"} <= set(time_zone.zones())
    for name in time_zone.zones():
        ZoneInfo(name)
    assert timedelta(0) < welcome.PATIENCE


def test_e_mails_are_written_in_the_browsers_zone_before_one_is_saved(live: LiveSite) -> None:
    browser = live.newcomer("alice")
    assert "Times are UTC until you" in browser.get("/dashboard").text  # no script has told
    browser.set_cookie("zone", "Asia/Tokyo", domain="127.0.0.1")
    page = browser.get("/dashboard").text
    assert "Times are UTC" not in page
    assert members.facts(live.site.services, live.user())["timezone"] == "Asia/Tokyo"
    assert "data-guess-zone" in browser.get("/welcome").text  # still to be saved
    browser.set_cookie("zone", "../../etc/passwd", domain="127.0.0.1")
    browser.get("/dashboard")
    assert live.user().timezone == "Asia/Tokyo"
    save(browser, timezone="America/Lima")
    browser.set_cookie("zone", "Europe/Berlin", domain="127.0.0.1")
    browser.get("/dashboard")
    assert members.facts(live.site.services, live.user())["timezone"] == "America/Lima"
