"""Replacing all plays of a person: all or nothing, and only if they are still what was read."""

from __future__ import annotations

import polars as pl
import pytest

from audiospective import history
from audiospective.history import append, removal, replacing, sealing, segment
from audiospective.models import Play, PlaySegment
from tests.history.crashing import crashing
from tests.history.making import MINUTE, START, person, track

pytestmark = pytest.mark.usefixtures("database")
DAY = 24 * 60 * MINUTE


@pytest.fixture(autouse=True)
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audiospective.history.replacing.KEEP", 4)


def at(day: int) -> int:
    return START + day * 40 * DAY  # ten days reach over two ends of year


def filled(song: int, days: range) -> pl.DataFrame:
    return segment.of([{"played_at": at(day), "track": song, "source": 2} for day in days])


def polled(user_id: int, song: int, *days: int) -> None:
    append.polled([append.NewPlay(user_id, at(day), song, None) for day in days])


def days_of(user_id: int) -> list[int]:
    found = history.frame(user_id, columns=["played_at"])["played_at"].to_physical()
    assert history.total(user_id) == found.len()
    return [(moment - START) // (40 * DAY) for moment in found]


def test_rows_and_segments_become_what_is_wanted() -> None:
    alice, song = person("alice"), track("song")
    polled(alice, song, *range(0, 20, 2))
    sealing.seal(alice, keep=2, trigger=0)
    replacing.replace(alice, replacing.snapshot(alice), filled(song, range(5, 25)))
    assert days_of(alice) == list(range(5, 25))
    assert Play.select().count() == 4
    replacing.replace(alice, replacing.snapshot(alice), filled(song, range(0)))
    assert days_of(alice) == []
    assert PlaySegment.select().count() == 0


def test_rows_that_move_to_a_segment_are_written_to_it() -> None:
    alice, song = person("alice"), track("song")
    polled(alice, song, 0, 1, 2, 3, 4, 5)
    sealing.seal(alice, keep=2, trigger=0)
    before = replacing.snapshot(alice)
    later = pl.concat([before.plays, filled(song, range(6, 12))])
    replacing.replace(alice, before, later)
    assert days_of(alice) == list(range(12))


def test_years_that_stay_the_same_are_not_written_again() -> None:
    alice, song = person("alice"), track("song")
    replacing.replace(alice, replacing.snapshot(alice), filled(song, range(30)))
    sealed = dict(PlaySegment.select(PlaySegment.year, PlaySegment.sealed_at).tuples())
    before = replacing.snapshot(alice)
    replacing.replace(alice, before, pl.concat([before.plays, filled(song, range(30, 31))]))
    again = dict(PlaySegment.select(PlaySegment.year, PlaySegment.sealed_at).tuples())
    assert {year: again[year] for year in sorted(sealed)[:-1]} == {
        year: sealed[year] for year in sorted(sealed)[:-1]
    }


def test_plays_that_a_poll_added_meanwhile_stay() -> None:
    alice, song = person("alice"), track("song")
    polled(alice, song, 0, 1)
    before = replacing.snapshot(alice)
    polled(alice, song, 2, 20)
    replacing.replace(alice, before, filled(song, range(3, 12)))
    assert days_of(alice) == [2, *range(3, 12), 20]


def test_what_was_sealed_or_deleted_meanwhile_stops_it() -> None:
    alice, song = person("alice"), track("song")
    polled(alice, song, *range(10))
    for meanwhile in (
        lambda: removal.remove(alice, [(at(9), song)]),
        lambda: sealing.seal(alice, keep=2, trigger=0),
        lambda: removal.remove(alice, [(at(0), song)]),
    ):
        before = replacing.snapshot(alice)
        meanwhile()
        wanted = days_of(alice)
        with pytest.raises(replacing.ChangedError):
            replacing.replace(alice, before, filled(song, range(3)))
        assert days_of(alice) == wanted


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_dying_at_any_step_leaves_the_old_or_the_new(late: bool) -> None:
    alice, song = person("alice"), track("song")
    polled(alice, song, *range(0, 20, 3))
    sealing.seal(alice, keep=2, trigger=0)
    old, new = days_of(alice), list(range(2, 22))
    for step in range(1, 100):
        with crashing(step, late=late) as saboteur:
            replacing.replace(alice, replacing.snapshot(alice), filled(song, range(2, 22)))
        assert days_of(alice) in (old, new)
        if not saboteur.dead:
            break
    assert days_of(alice) == new
