"""Replacing all plays of a person: all or nothing, and only if they are still what was read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from audiospective import history
from audiospective.history import append, bulk_add, hot_tail, removal, replacing, sealing, segment
from audiospective.models import Play, PlaySegment
from audiospective.models.base import is_sqlite
from audiospective.models.plays import SENT_LIVE
from tests.history.crashing import crashing
from tests.history.making import MINUTE, START, person, track
from tests.history.test_sealing import polled_at_deletion

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
    assert Play.select().count() == 6  # the newest four, and the newest two that polls told
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


def whole(user_id: int, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[], None]:
    before = replacing.snapshot(user_id)
    return lambda: replacing.replace(user_id, before, change(before.plays))


def part(user_id: int, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[], None]:
    span = (at(0), at(1))
    before = history.frame(user_id).head(1)
    return lambda: replacing.replace_part(user_id, span, before, change(before))


def heard(plays: pl.DataFrame) -> pl.DataFrame:
    return plays.with_columns(ms_played=pl.lit(5, pl.Int32))


def sent(user_id: int) -> None:
    told = {"source": 3, "ms_played": 9, "seen": SENT_LIVE, "import_id": 7}
    Play.update(told).where(Play.user == user_id).execute()


@pytest.mark.parametrize("writing", [whole, part])
def test_what_is_told_meanwhile_of_plays_that_are_there_stops_it(writing: Any) -> None:
    alice, song = person("alice"), track("song")
    polled(alice, song, 0, 2)
    write = writing(alice, heard)
    sent(alice)
    with pytest.raises(replacing.ChangedError):
        write()
    assert history.frame(alice, columns=["ms_played", "seen"]).rows() == [(9, SENT_LIVE)] * 2
    bob = person("bob")
    hot_tail.insert(bob, bulk_add.as_rows(filled(song, range(2))))
    write = writing(bob, heard)
    polled(bob, song, 0)
    with pytest.raises(replacing.ChangedError):
        write()
    assert history.frame(bob, columns=["source", "ms_played"]).rows() == [(3, None), (2, None)]


def absorbed(user_id: int, _: Any) -> Callable[[], Any]:
    others = filled(track("song"), range(1, 8))
    return lambda: bulk_add.absorb(user_id, others)


def sealed(user_id: int, _: Any) -> Callable[[], Any]:
    return lambda: sealing.seal(user_id, keep=0, trigger=0)


@pytest.mark.parametrize(
    ("writing", "then"),
    [(whole, (3, 5)), (part, (3, 5)), (absorbed, (3, None)), (sealed, (3, None))],
)
def test_a_poll_that_tells_of_the_same_play_at_that_moment_waits(
    writing: Any, then: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, song = person("alice"), track("song")
    hot_tail.insert(alice, bulk_add.as_rows(filled(song, range(1))))
    write = writing(alice, heard)
    waits = polled_at_deletion(monkeypatch, lambda: polled(alice, song, 0))
    write()
    assert waits == ([] if is_sqlite() else [True])
    polled(alice, song, 0)
    assert history.frame(alice, columns=["source", "ms_played"]).row(0) == then


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
