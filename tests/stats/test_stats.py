"""Statistics against the slow and obvious way to count."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective import clock, history
from audiospective.history import segment
from audiospective.stats import activity, streaks, tops, zones
from tests.history.making import at, person, play, track

ZONE_NAMES = ["UTC", "America/St_Johns", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia"]
instants = st.integers(
    clock.to_ms(datetime(2011, 12, 1, tzinfo=UTC)), clock.to_ms(datetime(2027, 1, 1, tzinfo=UTC))
)


def plays_at(moments: list[int]) -> pl.DataFrame:
    rows = [{"played_at": moment, "track": 1, "source": 1} for moment in sorted(moments)]
    return segment.of(rows)


@given(st.lists(instants, max_size=40), st.sampled_from(ZONE_NAMES))
def test_wall_clocks_are_those_of_the_zone(moments: list[int], zone: str) -> None:
    shown = zones.local(plays_at(moments), zone).to_list()
    clocks = (clock.from_ms(moment).astimezone(ZoneInfo(zone)) for moment in sorted(moments))
    assert shown == [one.replace(tzinfo=None) for one in clocks]


@given(st.lists(instants, max_size=40), st.sampled_from(ZONE_NAMES))
def test_every_play_is_counted_once_by_day_and_hour(moments: list[int], zone: str) -> None:
    plays = plays_at(moments)
    local = [clock.from_ms(moment).astimezone(ZoneInfo(zone)) for moment in moments]
    hours = Counter(one.hour for one in local)
    assert activity.by_hour(plays, zone) == [hours[hour] for hour in range(24)]
    days = activity.by_day(plays, zone, date(2011, 11, 30), date(2027, 1, 2))
    assert {day: n for day, n in days if n} == Counter(one.date() for one in local)


@pytest.mark.usefixtures("database")
class TestWithCatalog:
    """What needs to know albums and artists."""

    def test_tops_count_every_credited_artist(self) -> None:
        alice = person("alice")
        duet = track("duet", ("One", "Two"), "Album")
        solo = track("solo", ("Two",), "Other")
        for minute, song in enumerate([duet, solo, duet, solo, solo]):
            play(alice, at(minute), song)
        plays = history.frame(alice, columns=["played_at", "track"])
        tracks = tops.top(plays, "track")
        assert tracks.select("id", "plays").rows() == [(solo, 3), (duet, 2)]
        assert tracks["first"].to_list() == [clock.from_ms(at(1)), clock.from_ms(at(0))]
        assert tops.top(plays, "artist")["plays"].to_list() == [5, 2]
        assert tops.top(plays, "album")["plays"].to_list() == [3, 2]
        assert tops.top(plays, "artist", 1).height == 1

    def test_no_plays_have_no_tops(self) -> None:
        plays = history.frame(person("alice"), columns=["played_at", "track"])
        assert [tops.top(plays, kind).height for kind in tops.KINDS] == [0, 0, 0]


TODAY = date(2026, 11, 22)


def back(*days: int) -> set[date]:
    return {TODAY - timedelta(days=day) for day in days}


@pytest.mark.parametrize(
    ("heard", "unknown", "days"),
    [
        (back(), back(), None),
        (back(0), back(), 1),
        (back(1), back(), 1),  # today is not over
        (back(2), back(), None),
        (back(0, 1, 2, 4), back(), 3),
        (back(0, 1, 3, 4), back(2), 4),  # a gap neither breaks nor extends
        (back(2, 3), back(0, 1), 2),
        (back(3), back(1, 2), 1),
        (back(5), back(3, 4), None),
    ],
)
def test_a_day_that_is_unknown_neither_breaks_nor_extends_the_current_streak(
    heard: set[date], unknown: set[date], days: int | None
) -> None:
    found = streaks.current(heard, TODAY, unknown)
    assert (found.days if found else None) == days


def test_the_longest_streak_counts_its_unknown_days_apart() -> None:
    found = streaks.longest(back(1, 2, 3, 10, 11, 13, 14), back(12, 15))
    assert found == streaks.Streak(4, *sorted(back(14, 10)), unknown=1)
    assert streaks.longest([]) is None
