"""Who is sent the report of a month, when, and with which figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audiospective import clock
from audiospective.history import append, sealing
from audiospective.history.catalog import polled
from audiospective.models import User
from audiospective.models.notices import Notice
from audiospective.notices import compose, kind
from audiospective.operations import monthly_report
from audiospective.services import Services
from tests.factories import make_user, track
from tests.support.clocks import Frozen

FIRST = datetime(2026, 3, 1, 8, tzinfo=UTC)


def member(name: str, *plays: tuple[str, str], **values: Any) -> User:
    """Somebody who asked for it, with (instant, title) of plays."""
    proven = {"email": f"{name}@example.org", "email_verified_at": clock.now(), "timezone": "UTC"}
    user: User = make_user(name, **(proven | values))
    kind.switch(user.id, "monthly_report", on=True)
    facts = {title: track(title, f"{title} Band") for _, title in plays}
    ids = polled.remember(list(facts.values()))
    append.polled([
        append.NewPlay(
            user.id, clock.to_ms(datetime.fromisoformat(f"{at}+00:00")),
            ids[facts[title].spotify_id], None,
        )
        for at, title in plays
    ])  # fmt: skip
    return user


def told(services: Services) -> list[dict[str, Any]]:
    return [compose.opened(services, one) for one in Notice.select().order_by(Notice.id)]


def test_a_month_is_told_once_with_the_figures_of_its_days(
    services: Services, frozen: Frozen
) -> None:
    frozen.to(FIRST)
    alice = member(
        "alice",
        ("2026-01-31T23:59:59", "Ebb"),
        ("2026-02-01T00:00:00", "Flow"),
        ("2026-02-14T10:00:00", "Ebb"),
        ("2026-02-28T23:59:59", "Flow"),
        ("2026-03-01T00:00:00", "Ebb"),
    )
    sealing.seal(alice.id, keep=1, trigger=0)
    assert [monthly_report.owe(services) for _ in range(2)] == [1, 0]
    (said,) = told(services)
    assert (said["month"], said["plays"], said["artists"]) == ("February 2026", 3, 2)
    assert said["top_artists"] == [["Flow Band", "2 plays"], ["Ebb Band", "1 play"]]
    assert said["top_tracks"][0] == ["Flow (Flow Band)", "2 plays"]
    assert said["report_url"].endswith("/reports/2026-02")
    assert said["plays_before"] is None  # of January only a part was archived
    assert said["unknown"] == "100"  # nobody ever checked here
    frozen.to(datetime(2026, 4, 2, tzinfo=UTC) + timedelta(hours=9))
    assert monthly_report.owe(services) == 1
    assert told(services)[1]["plays_before"] == 3


def test_those_who_did_not_ask_or_played_nothing_or_proved_no_address_are_left_alone(
    services: Services, frozen: Frozen
) -> None:
    frozen.to(FIRST)
    played = ("2026-02-14T10:00:00", "Ebb")
    bob = member("bob", played)
    kind.switch(bob.id, "monthly_report", on=False)
    member("charlie", ("2026-01-14T10:00:00", "Ebb"))
    member("dora", played, email_verified_at=None)
    assert monthly_report.owe(services) == 0


def test_without_derived_figures_there_is_none(services: Services, frozen: Frozen) -> None:
    frozen.to(FIRST)
    member("alice", ("2026-02-14T10:00:00", "Ebb"))
    without = replace(services, settings=replace(services.settings, derived_stats=False))
    assert monthly_report.owe(without) == 0


def test_trouble_with_one_and_a_round_that_takes_long_keep_it_from_nobody_for_good(
    services: Services, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen.to(FIRST)
    people = [member(name, ("2026-02-14T10:00:00", "Ebb")) for name in ("alice", "bob", "charlie")]
    figures = monthly_report._figures

    def fails(services: Services, user: User, *rest: Any) -> Any:
        if user.id == people[0].id:
            raise RuntimeError
        return figures(services, user, *rest)

    monkeypatch.setattr(monthly_report, "_figures", fails)
    seconds = iter((0.0, 1.0, 2.0, 99.0, 0.0, 1.0, 2.0))
    monkeypatch.setattr(clock, "monotonic", lambda: next(seconds))
    assert monthly_report.owe(services) == 1
    assert monthly_report.owe(services) == 1
    assert {one.recipient for one in Notice.select()} == {"bob@example.org", "charlie@example.org"}
