"""Who is sent the report of a month, when, and with which figures."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audiospective import clock
from audiospective.history import append, sealing
from audiospective.history.catalog import polled
from audiospective.models import User, base
from audiospective.models.notices import SENT, Notice
from audiospective.notices import compose, kind
from audiospective.operations import monthly_report
from audiospective.policy import monthly_report as rule
from audiospective.policy.periods import Period
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


def test_a_machine_whose_clock_is_ahead_tells_of_no_month_that_is_not_over(
    services: Services, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen.to(FIRST)
    member("alice", ("2026-02-14T10:00:00", "Ebb"))
    with monkeypatch.context() as behind:
        behind.setattr(base, "read_clock", lambda: FIRST - timedelta(days=2))
        assert monthly_report.owe(services) == 0
    assert monthly_report.owe(services) == 1


def test_of_two_archives_that_share_an_address_each_has_its_report(
    services: Services, frozen: Frozen
) -> None:
    frozen.to(FIRST)
    both = [
        member(name, ("2026-02-14T10:00:00", "Ebb"), email="both@example.org")
        for name in ("alice", "bob")
    ]
    assert [monthly_report.owe(services) for _ in range(2)] == [2, 0]
    assert {one.user_id for one in Notice.select()} == {one.id for one in both}


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


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whose figures were made, in this order; those of "mallory" never can be."""
    tried: list[str] = []

    def figures(_services: Services, user: User, _month: Period) -> dict[str, Any] | None:
        tried.append(user.email.partition("@")[0])
        if tried[-1] == "mallory":
            raise RuntimeError
        return None if tried[-1] == "nobody" else {"month": "February 2026"}

    monkeypatch.setattr(monthly_report, "_figures", figures)
    return tried


def test_trouble_with_one_and_a_round_that_takes_long_keep_it_from_nobody(
    services: Services, frozen: Frozen, monkeypatch: pytest.MonkeyPatch, turns: list[str]
) -> None:
    frozen.to(FIRST)
    for name in ("mallory", "nobody", "alice", "bob"):
        member(name, ("2026-02-14T10:00:00", "Ebb"))
    seconds = itertools.cycle((0.0, 1.0, 99.0))  # each round has the time for one
    monkeypatch.setattr(clock, "monotonic", lambda: next(seconds))
    assert sum(monthly_report.owe(services) for _ in range(4)) == 2
    assert sorted(turns) == ["alice", "bob", "mallory", "nobody"]
    assert {one.recipient for one in Notice.select()} == {"alice@example.org", "bob@example.org"}
    turns.clear()
    monthly_report.owe(services)
    monthly_report.owe(services)
    assert sorted(turns) == ["mallory", "nobody"]  # again, and behind all others


def test_what_does_not_fit_into_a_day_waits_for_the_next(
    services: Services, frozen: Frozen, monkeypatch: pytest.MonkeyPatch, turns: list[str]
) -> None:
    frozen.to(FIRST)
    for name in ("alice", "bob", "charlie", "dora", "erin"):
        member(name, ("2026-02-14T10:00:00", "Ebb"))
    monkeypatch.setattr(rule, "A_DAY", 2)
    monkeypatch.setattr(monthly_report, "AT_A_TIME", 1)
    assert [monthly_report.owe(services) for _ in range(2)] == [2, 0]
    frozen.forward(hours=25)
    assert monthly_report.owe(services) == 0  # the first two still wait to be sent
    Notice.update(status=SENT, sent_at=frozen.now).execute()
    frozen.forward(hours=23)
    assert monthly_report.owe(services) == 0  # and were sent within this day
    frozen.forward(hours=2)
    assert monthly_report.owe(services) == 2
    Notice.update(status=SENT, sent_at=frozen.now).execute()
    frozen.forward(hours=25)
    assert monthly_report.owe(services) == 1
    assert sorted(turns) == ["alice", "bob", "charlie", "dora", "erin"]


def test_the_log_tells_once_how_many_a_month_left_without(
    services: Services, frozen: Frozen, monkeypatch: pytest.MonkeyPatch, turns: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    frozen.to(FIRST)
    for name in ("alice", "bob", "charlie"):
        member(name, ("2026-02-14T10:00:00", "Ebb"))
    member("dora")  # played nothing
    monkeypatch.setattr(rule, "A_DAY", 1)
    monthly_report.owe(services)
    assert "monthly_reports_left" not in caplog.text
    frozen.to(datetime(2026, 3, 22, tzinfo=UTC))
    assert [monthly_report.owe(services) for _ in range(2)] == [0, 0]
    said = [one.event for one in caplog.records if one.getMessage() == "monthly_reports_left"]
    assert said == [{"month": "2026-02", "members": 2}]


def test_each_month_begins_with_somebody_else(
    services: Services, frozen: Frozen, turns: list[str]
) -> None:
    frozen.to(FIRST)
    plays = [(f"2026-{month:02}-14T10:00:00", "Ebb") for month in range(2, 5)]
    for number in range(6):
        member(f"m{number}", *plays)
    first = set()
    for month in range(3, 6):
        frozen.to(datetime(2026, month, 1, 8, tzinfo=UTC))
        turns.clear()
        assert monthly_report.owe(services) == 6
        Notice.update(status=SENT, sent_at=frozen.now).execute()
        first.add(turns[0])
    assert len(first) == 3


def test_outside_its_days_nobody_is_looked_at(
    services: Services, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen.to(datetime(2026, 3, 25, tzinfo=UTC))
    member("alice", ("2026-02-14T10:00:00", "Ebb"))
    monkeypatch.setattr(User, "select", None)
    assert monthly_report.owe(services) == 0
