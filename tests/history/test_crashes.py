"""Whoever moves plays may die at any moment: nothing is lost and nothing is there twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from audiospective import clock, history
from audiospective.history import append, removal, sealing, segment
from audiospective.models import Play, PlaySegment, RemovedPlay
from tests.history.crashing import crashing
from tests.history.making import MINUTE, person, track

pytestmark = pytest.mark.usefixtures("database")
NEW_YEAR = clock.to_ms(datetime(2026, 1, 1, tzinfo=UTC))
AROUND = [NEW_YEAR + n * MINUTE for n in range(-12, 12)]


def stored(user_id: int) -> list[tuple[int, int]]:
    found = history.frame(user_id, columns=["played_at", "track"])
    assert history.total(user_id) == found.height
    return [(clock.to_ms(at), song) for at, song in found.rows()]


def twice(user_id: int) -> set[tuple[int, int]]:
    """Keys that stand in a row and in a segment."""
    rows = Play.select(Play.played_at, Play.track).where(Play.user == user_id).tuples()
    sealed: set[tuple[int, int]] = set()
    for one in PlaySegment.select().where(PlaySegment.user == user_id):
        keys = segment.decode(bytes(one.blob), segment.KEY).rows()
        sealed |= {(clock.to_ms(at), song) for at, song in keys}
    return set(rows) & sealed


def sweep(action: Callable[[], Any], check: Callable[[bool], None], *, late: bool) -> int:
    """Crash `action` at its first step, its second, ... until it gets through; the steps."""
    for at in range(1, 200):
        with crashing(at, late=late) as saboteur:
            action()
        check(not saboteur.dead)
        if not saboteur.dead:
            return at - 1
    raise AssertionError("the action never ends")


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_sealing_dies_at_every_step(late: bool) -> None:
    alice, song = person("alice"), track("song")
    append.polled([append.NewPlay(alice, at, song, None) for at in AROUND[:8]])
    sealing.seal(alice, keep=2, trigger=0)  # so that there is a segment to merge with
    append.polled([append.NewPlay(alice, at, song, "spotify:x") for at in AROUND[4:]])
    wanted = [(at, song) for at in AROUND]
    before = Play.select().count()

    def check(through: bool) -> None:
        assert stored(alice) == wanted
        rows = Play.select().count()
        assert rows == (3 if through else before) or (late and rows == 3)

    steps = sweep(lambda: sealing.seal(alice, keep=3, trigger=0), check, late=late)
    assert twice(alice) == set()
    assert steps >= (8 if not late else 1)
    assert sealing.seal(alice, keep=3, trigger=3) == 0


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_an_import_dies_at_every_step(late: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audiospective.history.bulk_add.KEEP", 4)
    alice, song = person("alice"), track("song")
    append.polled([append.NewPlay(alice, at, song, None) for at in AROUND[::3]])
    few, all_ = [(at, song) for at in AROUND[::3]], [(at, song) for at in AROUND]
    file = segment.of([{"played_at": at, "track": song, "source": 2} for at in AROUND])

    def check(through: bool) -> None:
        found = stored(alice)
        assert found == all_ if through else found in (few, all_)

    sweep(lambda: history.absorb(alice, file), check, late=late)
    assert twice(alice) == set()
    assert history.absorb(alice, file).added == 0


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_deleting_dies_at_every_step(late: bool) -> None:
    alice, song = person("alice"), track("song")
    append.polled([append.NewPlay(alice, at, song, None) for at in AROUND])
    sealing.seal(alice, keep=3, trigger=0)
    gone = [(AROUND[0], song), (AROUND[20], song), (AROUND[-1], song)]
    everything = [(at, song) for at in AROUND]
    left = [key for key in everything if key not in gone]

    def check(through: bool) -> None:
        found = stored(alice)
        assert found == left if through else found in (everything, left)
        assert RemovedPlay.select().count() == (3 if found == left else 0)

    sweep(lambda: removal.remove(alice, gone), check, late=late)
    append.polled([append.NewPlay(alice, at, song, None) for at in AROUND])
    assert stored(alice) == left

    def check_back(through: bool) -> None:
        found = stored(alice)
        assert found == everything if through else found in (everything, left)

    sweep(lambda: removal.restore(alice, gone), check_back, late=late)
