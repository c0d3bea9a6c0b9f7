"""Who is polled when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.policy import schedule
from audiospective.policy.schedule import Candidate, priority

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
TEN = timedelta(minutes=10)


@pytest.mark.parametrize(
    ("standing", "points"),
    [
        (Candidate(False, 0, NOW), 120),
        (Candidate(True, 0, NOW), 320),
        (Candidate(False, 0, None), 120),  # somebody new is not left for last
        (Candidate(False, 3, NOW), 90),
        (Candidate(False, 0, NOW - timedelta(days=5)), 115),
        (Candidate(False, 0, NOW - timedelta(days=400)), 100),
        (Candidate(True, 10, NOW - timedelta(days=30)), 200),
    ],
)
def test_pro_comes_first_and_failures_cost(standing, points):
    assert priority(standing, NOW) == points


@pytest.mark.parametrize(
    ("rate", "minutes"),
    [
        (0, 60),
        (5, 60),
        (25, 60),
        (30, 30),  # 50 minutes, down to the next divisor of the hour
        (50, 30),
        (75, 20),
        (100, 15),
        (120, 12),
        (150, 10),
        (5000, 10),
    ],
)
def test_about_twenty_five_plays_are_expected_between_two_polls(rate, minutes):
    assert schedule.interval(rate, 10, 60) == timedelta(minutes=minutes)


@pytest.mark.parametrize(("longest", "hours"), [(60, 1), (119, 1), (180, 3)])
def test_quiet_people_may_be_polled_less_often_than_hourly(longest, hours):
    assert schedule.interval(0, 10, longest) == timedelta(hours=hours)


def plays(count: int, seconds: float, *, ago: timedelta = timedelta(0)) -> list[datetime]:
    return [NOW - ago - timedelta(seconds=seconds * number) for number in range(count)]


@pytest.mark.parametrize(
    ("before", "ended", "rate"),
    [
        (0.0, [], 0),
        (10.0, [], 7),  # an old rate fades
        (0.0, plays(50, 180), 20),
        (0.0, plays(50, 30), 120),
        (0.0, plays(50, 1), 120),  # Spotify lists nothing under thirty seconds
        (0.0, plays(50, 30, ago=timedelta(days=2)), 0),  # last week's binge says nothing
        (100.0, plays(50, 180), 70),
    ],
)
def test_the_fastest_recent_stretch_sets_the_rate(before, ended, rate):
    assert schedule.plays_per_hour(before, ended, NOW) == pytest.approx(rate)


def test_a_rate_fades_to_nothing_and_not_beyond_what_a_float_holds():
    rate = 120.0
    for _ in range(1000):
        rate = schedule.plays_per_hour(rate, [], NOW)
    assert rate == 0


def test_a_night_without_music_does_not_hide_the_session_before_it():
    session = plays(30, 60, ago=timedelta(hours=9))
    assert schedule.plays_per_hour(0, [*session, NOW], NOW) == pytest.approx(60)


@pytest.mark.parametrize(
    ("now", "minutes", "offset", "expected"),
    [
        ("12:00", 60, 17, "13:17"),  # 12:17 would be too soon after this poll
        ("12:17", 60, 17, "13:17"),
        ("12:12", 60, 17, "13:17"),  # came early: the next one keeps its place
        ("12:29", 60, 17, "13:17"),
        ("12:50", 60, 17, "14:17"),
        ("12:17", 20, 17, "12:37"),
        ("12:30", 10, 3, "12:43"),
        ("23:50", 60, 5, "01:05"),
    ],
)
def test_the_next_poll_stands_at_the_persons_own_minute(now, minutes, offset, expected):
    at = datetime.fromisoformat(f"2026-03-14T{now}:00+00:00")
    found = schedule.next_poll(at, timedelta(minutes=minutes), offset)
    assert found.strftime("%H:%M") == expected


@given(
    minute=st.integers(0, 24 * 60 - 1),
    step=st.sampled_from([10, 12, 15, 20, 30, 60, 120, 180]),
    offset=st.integers(0, 59),
)
def test_the_next_poll_is_between_half_and_one_and_a_half_intervals_away(minute, step, offset):
    at = NOW.replace(hour=0) + timedelta(minutes=minute)
    every = timedelta(minutes=step)
    found = schedule.next_poll(at, every, offset)
    assert every / 2 < found - at <= every * 3 / 2
    assert (found.minute - offset) % min(step, 60) == 0


@pytest.mark.parametrize(
    ("at", "slot"), [("12:00", "12:00"), ("12:09", "12:00"), ("12:10", "12:10")]
)
def test_a_slot_is_ten_minutes_of_the_clock(at, slot):
    found = schedule.slot_of(datetime.fromisoformat(f"2026-03-14T{at}:59.5+00:00"), TEN)
    assert found.strftime("%H:%M:%S.%f") == f"{slot}:00.000000"


def test_batches_are_spread_evenly_over_what_is_left_of_the_window():
    starts = schedule.spread(NOW, NOW + timedelta(minutes=10), 4)
    assert [(start - NOW).total_seconds() for start in starts] == [0, 150, 300, 450]


def test_a_planner_that_is_too_late_starts_everything_at_once():
    assert schedule.spread(NOW, NOW - timedelta(minutes=1), 2) == [NOW, NOW]
