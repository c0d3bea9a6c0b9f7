"""Spotify answers a byte a second: every check ends in time, and nothing is left behind."""

from __future__ import annotations

import threading

import pytest

from audiospective import clock
from audiospective.clients import deadline
from audiospective.clients.deadline import Deadline
from audiospective.models import Connection
from audiospective.polling import batch


@pytest.fixture(autouse=True)
def little_grace(monkeypatch):
    for module in (deadline, batch):
        monkeypatch.setattr(module, "GRACE", 0.4)
    monkeypatch.setattr(deadline, "LANDING", 0.2)


@pytest.mark.parametrize("endpoint", ["token.refresh", "recently-played", "me"])
def test_a_check_ends_in_time_though_spotify_drips(alice, endpoint):
    alice.plays(1)
    alice.poll()
    Connection.update(access_expires_at=clock.EPOCH, empty_pages=1).execute()
    alice.control.fault("drip", endpoint=endpoint, seconds=0.1)
    if endpoint == "me":
        alice.control.fault("body", endpoint="recently-played", text='{"items": []}')
    began = clock.monotonic()
    report = batch.now(alice.services, alice.row.user_id, deadline=Deadline(1.5))
    assert report.outcomes in ({"failed:network": 1}, {"failed:silent": 1})
    assert clock.monotonic() - began < 15  # whole answers would take longer
    for thread in threading.enumerate():
        if thread.name.startswith("fetch"):
            thread.join(60)
            assert not thread.is_alive()
