"""The newest plays as the dashboard shows them, from rows alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from audiospective import clock, history
from audiospective.models import RemovedPlay
from tests.history.making import at, person, play, track

pytestmark = pytest.mark.usefixtures("database")


def test_newest_first_with_names() -> None:
    alice = person("alice")
    song = track("Gymnopédie No. 1", artists=("Erik", "Guest"), album="Piano")
    play(alice, at(1), song)
    play(alice, at(2), song)
    found = history.recent(alice)
    assert [p.played_at for p in found] == [clock.from_ms(at(2)), clock.from_ms(at(1))]
    assert found[0].title == "Gymnopédie No. 1"
    assert [name for _, name in found[0].artists] == ["Erik", "Guest"]
    assert found[0].album == "Piano"


def test_a_friends_plays_stay_out() -> None:
    alice, bob = person("alice"), person("bob")
    play(alice, at(1), track("one"))
    assert history.recent(bob) == []
    assert (history.total(alice), history.total(bob)) == (1, 0)


def test_pages_follow_each_other_without_loss_at_equal_times() -> None:
    alice = person("alice")
    songs = [track(f"song {n}") for n in range(3)]
    for minute in range(4):
        for song in songs:
            play(alice, at(minute), song)
    seen: list[Any] = []
    before = None
    while page := history.recent(alice, limit=4, before=before):
        seen += [(p.played_at, p.track_id) for p in page]
        before = page[-1].played_at
    assert len(seen) == len(set(seen)) == 12
    assert [instant for instant, _ in seen] == sorted((i for i, _ in seen), reverse=True)


def test_a_deleted_play_that_a_slow_poll_stored_again_is_not_shown() -> None:
    alice, song = person("alice"), track("song")
    play(alice, at(1), song)
    RemovedPlay.create(user=alice, played_at=at(1), track=song, removed_at=clock.now())
    assert history.recent(alice) == []
    assert history.total(alice) == 0


def test_before_is_exclusive() -> None:
    alice, song = person("alice"), track("song")
    play(alice, at(1), song)
    assert history.recent(alice, before=clock.from_ms(at(1))) == []
    later = clock.from_ms(at(1)) + timedelta(milliseconds=1)
    assert len(history.recent(alice, before=later)) == 1
