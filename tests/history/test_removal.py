"""A deleted play stays away, wherever it was, until its owner wants it back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audiospective import clock, history, models
from audiospective.history import append, removal, sealing, segment
from audiospective.models import Play, PlaySegment, RemovedPlay
from audiospective.policy.timing import Timing
from tests.history.making import at, person, play, track
from tests.support.clocks import Frozen

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def song() -> int:
    return track("song")


@pytest.fixture
def alice(song: int) -> int:
    """Ten plays, the last two in rows."""
    user = person("alice")
    for minute in range(10):
        play(user, at(minute), song, ms_played=minute, flags=0b00010001, source=3)
    sealing.seal(user, keep=2, trigger=0)
    return user


@pytest.mark.parametrize("minute", [0, 9], ids=["from a segment", "from a row"])
def test_it_is_gone_and_stays_gone(alice: int, song: int, minute: int) -> None:
    assert removal.remove(alice, [(at(minute), song)]) == 1
    assert Play.select().count() == (1 if minute == 9 else 2)
    assert PlaySegment.get().plays == (8 if minute == 9 else 7)
    assert history.total(alice) == history.frame(alice).height == 9
    again = [append.NewPlay(alice, at(minute), song, None)]
    assert not append.polled(again)[alice]
    file = segment.of([{"played_at": at(minute), "track": song, "source": 2}])
    assert history.absorb(alice, file).removed == 1
    assert at(minute) not in [clock.to_ms(one.played_at) for one in history.recent(alice)]
    assert history.total(alice) == history.frame(alice).height == 9
    assert removal.remove(alice, [(at(minute), song)]) == 0


def test_only_the_owners_play_goes(alice: int, song: int) -> None:
    bob = person("bob")
    play(bob, at(0), song)
    removal.remove(alice, [(at(0), song)])
    assert history.total(bob) == 1
    assert not append.polled([append.NewPlay(bob, at(0), song, None)])[bob]
    assert removal.remove(bob, [(at(1), song)]) == 0
    assert RemovedPlay.select().count() == 1


def test_a_year_without_plays_has_no_segment(alice: int, song: int) -> None:
    removal.remove(alice, [(at(minute), song) for minute in range(8)])
    assert PlaySegment.select().count() == 0
    assert history.total(alice) == 2


def test_it_comes_back_as_it_was(alice: int, song: int) -> None:
    before = history.frame(alice)
    keys = [(at(0), song), (at(9), song)]
    assert removal.remove(alice, keys) == 2
    assert [one[:2] for one in removal.removed(alice, clock.EPOCH)] == [
        (clock.from_ms(at(9)), song),
        (clock.from_ms(at(0)), song),
    ]
    assert removal.restore(alice, keys) == 2
    assert history.frame(alice).equals(before)
    assert history.total(alice) == 10
    assert removal.restore(alice, keys) == 0


def test_after_thirty_days_it_is_too_late(alice: int, song: int, frozen: Frozen) -> None:
    removal.remove(alice, [(at(0), song), (at(9), song)])
    frozen.forward(days=30)
    assert removal.restore(alice, [(at(0), song)]) == 1
    frozen.forward(seconds=1)
    assert removal.restore(alice, [(at(9), song)]) == 0
    assert removal.drop_expired(frozen.now) == 1
    assert RemovedPlay.get().kept is None  # a poll told its end
    assert removal.drop_expired(frozen.now) == 0
    assert not append.polled([append.NewPlay(alice, at(9), song, None)])[alice]


def test_forgetting_keeps_what_may_still_be_undone(alice: int, song: int) -> None:
    removal.remove(alice, [(at(0), song)])
    assert removal.drop_expired(clock.now() + timedelta(days=29)) == 0
    assert removal.restore(alice, [(at(0), song)]) == 1


def test_of_what_a_file_told_only_what_its_time_is_stays_and_brings_nothing_back(
    alice: int, song: int, frozen: Frozen
) -> None:
    play(alice, at(20), song, ms_played=1, source=2, timing=int(Timing.BEGAN), context="spotify:x")
    removal.remove(alice, [(at(20), song)])
    begun = frozen.now
    frozen.forward(days=31)
    assert [removal.drop_expired(frozen.now) for _ in range(2)] == [1, 0]
    assert RemovedPlay.get().kept == '{"source":2,"timing":5}'
    frozen.to(begun)  # also where the clock was ahead, and is set back
    assert removal.restore(alice, [(at(20), song)]) == 0
    with models.transaction():
        removal.move(alice, [((at(20), song), (at(21), song), None)])
    stone = RemovedPlay.get()
    assert (stone.played_at, stone.kept) == (at(21), None)  # now it is an end that a poll told
