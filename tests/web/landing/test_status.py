"""The public page of status, and the way to it."""

from __future__ import annotations

from datetime import timedelta

from audiospective import clock
from audiospective.models import Connection, SpotifyApp
from audiospective.models.counters import Counter
from audiospective.operations import service_status
from audiospective.policy.service_status import ServiceState
from tests.factories import connected


def test_anybody_sees_that_checks_are_made_and_nothing_about_anybody(site) -> None:
    connected(site.services, "alice", last_polled_at=clock.now(), next_poll_at=clock.now())
    Counter.add({"polls:ok": 118, "polls:network": 2, "plays": 400}, clock.now())
    visitor = site.visitor()
    page = visitor.page("/status")
    assert page.one("h1").text == "Everything is running"
    assert "120, of which Spotify answered 118" in page.text
    assert "lice" not in page.text
    assert [a.text for a in visitor.page("/").all("a", href="/status")] == ["Status"]


def test_a_check_that_waits_for_us_is_late_and_one_that_waits_for_spotify_is_not(site) -> None:
    late = clock.now() - timedelta(hours=2)
    connected(site.services, "alice", next_poll_at=late)
    assert site.visitor().page("/status").one("h1").text == "Checks are late"
    Connection.update(circuit_open_until=clock.now() + timedelta(hours=1)).execute()
    assert service_status.look(site.services).state is ServiceState.RUNNING
    Connection.update(circuit_open_until=late).execute()
    SpotifyApp.update(blocked_until=clock.now() + timedelta(hours=3)).execute()
    page = site.visitor().page("/status")
    assert page.one("h1").text == "Spotify asked us to wait"
    assert "has us wait until" in page.text


def test_on_both_databases_an_empty_server_runs(services) -> None:
    found = service_status.look(services)
    assert (found.state, found.checks, found.last_check_at) == (ServiceState.RUNNING, 0, None)
    connected(services, "alice", next_poll_at=clock.now() - timedelta(hours=1))
    assert service_status.look(services).state is ServiceState.LATE
