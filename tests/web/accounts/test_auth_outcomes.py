"""Every way in which a visit to Spotify can end has a page of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from audiospective import clock
from audiospective.models import Connection, User
from audiospective.models.connections import (
    ACCESS_PLACE,
    ACTIVE,
    DISCONNECTED,
    NEEDS_REAUTH,
    PAUSED,
    REFRESH_PLACE,
)
from audiospective.policy.renewal import reauth_due
from tests.support.clocks import Frozen
from tests.web.conftest import LiveSite


def test_the_first_visit_makes_a_founding_member_and_leads_to_welcome(live: LiveSite) -> None:
    browser = live.newcomer("alice")
    user = live.user("alice")
    assert (user.founding_number, user.tier) == (1, "free")
    page = browser.page("/welcome")
    assert "founding member 1" in page.text


def test_what_the_consent_gave_is_encrypted_and_dated(live: LiveSite) -> None:
    live.newcomer("alice")
    connection, user = live.connection("alice"), live.user("alice")
    vault = live.site.services.vault
    assert len(vault.decrypt(ACCESS_PLACE, user.id, connection.access_encrypted)) > 20
    assert len(vault.decrypt(REFRESH_PLACE, user.id, connection.refresh_encrypted)) > 20
    assert connection.scope == "user-read-recently-played"
    assert connection.reauth_due_at == reauth_due(connection.authorized_at)
    assert connection.next_poll_at <= clock.now()


def test_only_one_permission_is_asked_for(live: LiveSite) -> None:
    address = live.leave_for_spotify(live.site.visitor())
    assert "scope=user-read-recently-played&" in address + "&"
    assert "code_challenge_method=S256" in address
    assert "show_dialog" not in address


def test_a_known_person_goes_straight_to_the_archive(live: LiveSite) -> None:
    live.newcomer("alice")
    answer = live.connect(live.site.visitor(), "alice")
    assert answer.headers["Location"] == "/dashboard"
    assert User.select().count() == 1


def test_a_known_person_returns_to_the_page_they_came_from(live: LiveSite) -> None:
    live.newcomer("alice")
    answer = live.connect(live.site.visitor(), "alice", next="/history?q=abc")
    assert answer.headers["Location"] == "/history?q=abc"


def test_a_signed_in_person_whose_archive_runs_is_not_sent_to_spotify(live: LiveSite) -> None:
    browser = live.newcomer("alice")
    assert browser.get("/connect").headers["Location"] == "/dashboard"


def test_saying_no_stores_nothing(live: LiveSite) -> None:
    browser = live.site.visitor()
    answer = live.come_back(browser, live.leave_for_spotify(browser), allow=False)
    assert answer.status_code == 200
    assert "nothing was stored" in answer.text
    assert User.select().count() == 0


def test_another_error_of_spotify_is_told_apart_from_a_no(live: LiveSite) -> None:
    live.control.fault("authorize_error", error="server_error")
    answer = live.connect(live.site.visitor())
    assert answer.status_code == 400
    assert "Spotify ended the sign-in" in answer.text


def test_an_account_that_is_not_on_the_apps_list_keeps_its_place(live: LiveSite) -> None:
    live.control.set_app(allow_list=["bob"])
    browser = live.site.visitor()
    answer = live.connect(browser, "alice")
    assert answer.status_code == 403
    assert "has not opened a seat" in answer.text
    assert 'action="/waitlist"' in answer.text
    assert "Your founding place is then kept for you for 90 days" in answer.text
    assert User.select().count() == 0


def test_no_founding_place_is_promised_where_all_are_taken(make_live: Any) -> None:
    live = make_live(founding_member_cap=1)
    live.newcomer("bob")
    live.control.set_app(allow_list=["bob"])
    answer = live.connect(live.site.visitor(), "alice")
    assert "has not opened a seat" in answer.text
    assert "Every founding place is taken, so none can be kept for you" in answer.text
    assert "kept for you for 90 days" not in answer.text
    # Where somebody who has a number had to be refused for want of a seat.
    page = live.site.visitor().page("/waitlist?why=no_seat")
    assert "No Spotify seat is free" in page.text
    assert "kept for you for 90 days" not in page.text


@pytest.mark.parametrize("wording", ["2021", "2024", "2026"])
def test_every_wording_of_that_refusal_is_understood(live: LiveSite, wording: str) -> None:
    live.control.fault("not_listed", endpoint="me", wording=wording)
    assert "has not opened a seat" in live.connect(live.site.visitor()).text


@pytest.mark.parametrize("endpoint", ["token.code", "me"])
@pytest.mark.parametrize(
    ("fault", "params"),
    [
        ("status", {"status": 500}),
        ("status", {"status": 503, "style": "html"}),
        ("status", {"status": 502, "style": "empty"}),
        ("empty", {"status": 200}),
        ("html", {"status": 200}),
        ("list", {"status": 200}),
        ("null", {"status": 200}),
        ("reset", {}),
        ("truncated", {}),
    ],
)
def test_a_spotify_that_does_not_answer_is_said_in_words(
    live: LiveSite, endpoint: str, fault: str, params: dict[str, object]
) -> None:
    live.control.fault(fault, endpoint=endpoint, **params)
    answer = live.connect(live.site.visitor())
    assert answer.status_code == 503
    assert "Spotify does not answer" in answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert User.select().count() == 0


def test_a_limit_is_told_with_the_time_and_silences_the_app(live: LiveSite) -> None:
    live.control.fault("rate_limit", endpoint="me", retry_after=3600)
    browser = live.site.visitor()
    answer = live.connect(browser)
    assert answer.status_code == 503
    assert "Try again after" in answer.text
    assert 3500 < int(answer.headers["Retry-After"]) <= 3600
    calls = live.control.calls()
    again = browser.get("/connect")
    assert again.status_code == 503
    assert live.control.calls() == calls


def test_a_limit_of_the_accounts_service_stops_nobody_elses_polls(live: LiveSite) -> None:
    live.control.fault("rate_limit", endpoint="token.code", retry_after=3600)
    browser = live.site.visitor()
    assert "Try again after" in live.connect(browser).text
    assert browser.get("/connect").status_code == 302


def test_a_code_that_was_used_is_explained(live: LiveSite) -> None:
    live.control.fault("invalid_grant", endpoint="token.code")
    answer = live.connect(live.site.visitor())
    assert answer.status_code == 400
    assert "did not accept the sign-in" in answer.text


def test_an_app_that_spotify_refuses_is_not_the_visitors_fault(live: LiveSite) -> None:
    live.control.set_app(client_secret="changed")
    answer = live.connect(live.site.visitor())
    assert answer.status_code == 503
    assert "Spotify refuses this app" in answer.text


def test_a_consent_without_the_permission_is_explained(live: LiveSite) -> None:
    browser = live.site.visitor()
    address = live.leave_for_spotify(browser).replace("user-read-recently-played", "")
    answer = live.come_back(browser, address)
    assert answer.status_code == 403
    assert "One permission is missing" in answer.text
    assert 'href="/connect?intent=reconnect"' in answer.text
    assert User.select().count() == 0


def test_when_every_place_is_taken_the_way_leads_to_the_waitlist(make_live) -> None:
    live = make_live(founding_member_cap=1)
    live.newcomer("alice")
    browser = live.site.visitor()
    answer = live.connect(browser, "bob")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/waitlist?why=full")
    assert "Every founding place is taken" in browser.page("/waitlist?why=full").text
    assert User.select().count() == 1


def test_when_no_seat_is_free_the_waitlist_says_so(make_live) -> None:
    live = make_live(spotify_seats=1)
    live.newcomer("alice")
    browser = live.site.visitor()
    answer = live.connect(browser, "bob")
    assert answer.headers["Location"] == "/waitlist?why=no_seat"
    assert "no Spotify seat" in browser.page("/waitlist?why=no_seat").text


def test_a_server_without_an_app_says_so(make_live) -> None:
    live = make_live(spotify_client_id="", spotify_client_secret="")
    answer = live.site.visitor().get("/connect")
    assert answer.status_code == 503
    assert "no Spotify app yet" in answer.text


def test_the_return_of_somebody_who_disconnected_only_signs_in(live: LiveSite) -> None:
    live.newcomer("alice")
    Connection.update(status=DISCONNECTED, refresh_encrypted="", access_encrypted="").execute()
    assert live.connect(live.site.visitor(), "alice").headers["Location"] == "/dashboard"
    assert (live.connection().status, live.connection().refresh_encrypted) == (DISCONNECTED, "")


def test_the_return_of_somebody_who_paused_does_not_resume(live: LiveSite) -> None:
    live.newcomer("alice")
    Connection.update(status=PAUSED).execute()
    live.connect(live.site.visitor(), "alice")
    assert live.connection().status == PAUSED


def test_reconnecting_resets_everything_that_stood_in_the_way(
    live: LiveSite, frozen: Frozen
) -> None:
    browser = live.newcomer("alice")
    before = live.connection()
    frozen.forward(days=100)
    Connection.update(
        status=NEEDS_REAUTH,
        consecutive_failures=9,
        last_failure_type="auth",
        circuit_open_until=clock.now() + timedelta(hours=4),
        next_poll_at=clock.now() + timedelta(days=9),
        lease_until=clock.now() + timedelta(minutes=1),
        unfinished_claims=2,
    ).execute()
    browser = live.site.visitor()
    address = live.leave_for_spotify(browser, intent="reconnect")
    assert "show_dialog=true" in address
    assert live.come_back(browser, address).headers["Location"] == "/dashboard"
    assert "Back on." in browser.page("/dashboard").text
    after = live.connection()
    assert after.status == ACTIVE
    assert (after.consecutive_failures, after.last_failure_type) == (0, None)
    assert after.unfinished_claims == 0
    assert max(after.circuit_open_until, after.next_poll_at, after.lease_until) <= clock.now()
    assert after.fence > before.fence
    assert after.authorized_at == clock.now()
    assert after.reauth_due_at == reauth_due(clock.now())
    assert after.refresh_encrypted != before.refresh_encrypted


def test_signing_in_does_not_pretend_to_be_a_new_consent(live: LiveSite, frozen: Frozen) -> None:
    live.newcomer("alice")
    before = live.connection()
    frozen.forward(days=30)
    live.connect(live.site.visitor(), "alice")
    after = live.connection()
    assert (after.authorized_at, after.reauth_due_at) == (
        before.authorized_at,
        before.reauth_due_at,
    )
    assert after.refresh_encrypted != before.refresh_encrypted


def test_renewing_starts_a_new_half_year(live: LiveSite, frozen: Frozen) -> None:
    browser = live.newcomer("alice")
    frozen.forward(days=30)
    live.connect(browser, "alice", intent="renew")
    assert live.connection().reauth_due_at == reauth_due(clock.now())


def test_the_first_poll_is_asked_for_at_once(live: LiveSite) -> None:
    live.newcomer("alice")
    assert live.site.services.queues.queue("interactive").count == 1


def test_a_redis_that_is_away_does_not_stop_a_sign_up(make_live) -> None:
    live = make_live(redis_url="redis://127.0.0.1:1/0")
    live.newcomer("alice")
    assert live.connection().next_poll_at <= clock.now()
