"""What is known of the past, against minutes that are counted one by one."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.policy import calendar, known_time

START = datetime(2026, 3, 27, tzinfo=UTC)  # two days before Berlin's clocks change
HOURS = 24 * 7
hour = timedelta(hours=1)
spans = st.lists(
    st.tuples(st.integers(0, HOURS), st.integers(1, 40)).map(lambda one: (one[0], sum(one))),
    max_size=5,
)


def at(hours: int) -> datetime:
    return START + hours * hour


def instants(found: list[tuple[int, int]]) -> list[tuple[datetime, datetime]]:
    return [(at(start), at(end)) for start, end in found]


@given(st.one_of(st.none(), st.integers(0, HOURS)), st.integers(1, HOURS), spans, spans)
def test_each_hour_is_known_or_not(
    began: int | None, until: int, gaps: list[tuple[int, int]], imported: list[tuple[int, int]]
) -> None:
    found = known_time.of(
        None if began is None else at(began), at(until), instants(gaps), instants(imported)
    )
    watched = set(range(began, until)) if began is not None else set()
    files = {n for start, end in imported for n in range(start, end)}
    limit = until if began is None else min(began, until)
    lost = {n for start, end in gaps for n in range(start, end)}
    expected = (watched | {n for n in files if n < limit}) - lost
    assert {
        n for n in range(HOURS + 50) if known_time.share(found, at(n), at(n + 1)) == 1 and n < until
    } == {n for n in expected if n < until}
    assert known_time.share(found, at(0), at(until)) == pytest.approx(
        len([n for n in expected if n < until]) / until
    )
    missing = known_time.unknown_spans(found, at(0), at(until))
    assert sum((end - start for start, end in missing), timedelta()) == hour * (
        until - len([n for n in expected if n < until])
    )
    assert all(left[1] < right[0] for left, right in itertools.pairwise(missing))


@given(spans, st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Auckland", "America/St_Johns"]))
def test_a_day_is_not_known_when_an_hour_of_it_is_missing(
    gaps: list[tuple[int, int]], zone: str
) -> None:
    found = known_time.of(at(0), at(HOURS), instants(gaps), [])
    first, last = date(2026, 3, 28), date(2026, 4, 1)
    expected = set()
    for n in range(5):
        day = first + timedelta(days=n)
        begin, end = calendar.day(zone, day)
        missing = sum((b - a for a, b in known_time.unknown_spans(found, begin, end)), timedelta())
        if missing >= hour:
            expected.add(day)
    assert known_time.unknown_days(found, zone, first, last, at(HOURS)) == expected


def test_what_is_to_come_is_neither_known_nor_not() -> None:
    found = known_time.of(at(0), at(10), [], [])
    assert known_time.share(found, at(10), at(20)) == 1
    assert known_time.share(found, at(0), at(20)) == 1
    assert known_time.unknown_spans(found, at(5), at(20)) == []


def test_an_empty_archive_knows_nothing() -> None:
    found = known_time.of(None, at(10), [], [])
    assert found.since is None
    assert known_time.share(found, at(0), at(10)) == 0
    assert known_time.unknown_days(found, "UTC", START.date(), START.date(), at(10)) == {
        START.date()
    }


@pytest.mark.parametrize(
    ("start", "end", "now", "expected"),
    [
        (10, 20, 15, (10, 15)),  # as far as it has passed
        (12, 20, 30, (12, 20)),
        (9, 20, 15, None),  # checked in part
        (10, 20, 10, None),  # it has not begun
        (40, 50, 30, None),
    ],
)
def test_time_that_began_after_the_last_check_is_not_checked_yet(
    start: int, end: int, now: int, expected: tuple[int, int] | None
) -> None:
    found = known_time.of(at(0), at(10), [], [])
    wanted = None if expected is None else (at(expected[0]), at(expected[1]))
    assert known_time.unchecked(found, at(start), at(end), at(now)) == wanted


@pytest.mark.parametrize(("hours", "days"), [(0, 0), (0.9, 0), (1, 1), (24, 1), (26, 2)])
def test_days_that_began_after_the_last_check_are_not_known(hours: float, days: int) -> None:
    found = known_time.of(at(-100), at(-3), [], [])
    first = START.date()
    expected = {first + timedelta(days=n) for n in range(days)}
    last = first + timedelta(days=5)
    now = START + hours * hour
    assert known_time.unknown_days(found, "UTC", first - timedelta(days=1), last, now) == expected
