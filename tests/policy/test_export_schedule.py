"""When a monthly export is due, and how often its delivery is tried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.policy.export_schedule import PAUSE, TRIES, following, is_lost, may_try


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("begun", "now", "due"),
    [
        ("2026-01-15 08:30", "2026-01-15 08:30", "2026-02-15 08:30"),
        ("2026-01-15 08:30", "2026-02-15 08:29", "2026-02-15 08:30"),
        ("2026-01-15 08:30", "2026-02-15 08:30", "2026-03-15 08:30"),
        ("2026-01-31 00:00", "2026-02-01 00:00", "2026-02-28 00:00"),
        ("2026-01-31 00:00", "2026-02-28 00:00", "2026-03-31 00:00"),  # not the 28th for ever
        ("2028-01-30 00:00", "2028-02-01 00:00", "2028-02-29 00:00"),
        ("2026-12-31 23:59", "2027-01-01 00:00", "2027-01-31 23:59"),
        ("2026-01-15 08:30", "2027-06-20 00:00", "2027-07-15 08:30"),  # missed: not made up for
    ],
)
def test_it_is_due_on_the_same_day_of_every_month(begun: str, now: str, due: str) -> None:
    assert following(at(begun), at(now)) == at(due)


YEARS = st.integers(1_577_836_800, 2_208_988_800).map(lambda one: datetime.fromtimestamp(one, UTC))


@given(begun=YEARS, later=st.timedeltas(timedelta(0), timedelta(days=4_000)))
def test_it_is_always_ahead_and_never_more_than_a_month(begun: datetime, later: timedelta) -> None:
    now = begun + later
    assert now < following(begun, now) <= now + timedelta(days=31)


NOW = at("2026-11-26 10:00")


@pytest.mark.parametrize(
    ("tries", "tried_at", "may"),
    [
        (0, None, True),
        (1, NOW - PAUSE, True),
        (1, NOW - PAUSE + timedelta(seconds=1), False),
        (TRIES, None, False),
    ],
)
def test_a_delivery_is_tried_again_after_a_pause(
    tries: int, tried_at: datetime | None, may: bool
) -> None:
    assert may_try(tries, tried_at, NOW) is may


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("tries", "tried_at", "lost"),
    [
        (TRIES, NOW - HOUR - timedelta(seconds=1), True),
        (TRIES + 1, NOW - HOUR - timedelta(seconds=1), True),
        (TRIES, NOW - HOUR, False),  # a worker may still be at it
        (TRIES - 1, NOW - 9 * HOUR, False),
        (0, None, False),
    ],
)
def test_a_last_try_that_never_ended_is_lost(
    tries: int, tried_at: datetime | None, lost: bool
) -> None:
    assert is_lost(tries, tried_at, NOW, HOUR) is lost
