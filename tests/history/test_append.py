"""What a poll tells is kept once, whoever told of it before."""

from __future__ import annotations

import pytest

from audiospective.history import append, relinked
from audiospective.models import Play, TrackLink
from audiospective.models.plays import FROM_POLL
from audiospective.policy.plays import Page, PolledPlay, TrackFacts
from audiospective.policy.timing import Timing
from tests.history.making import at, person, play, track

FROM_FILE = 2


def told(user: int, song: int, context: str | None = None) -> set[tuple[int, int]]:
    return append.polled([append.NewPlay(user, at(1), song, context)])[user]


def row(user: int) -> tuple[int, str | None]:
    (found,) = Play.select(Play.source, Play.context).where(Play.user == user).tuples()
    return tuple(found)


@pytest.mark.usefixtures("database")
def test_a_play_that_only_a_file_told_keeps_that_a_poll_told_it_too() -> None:
    alice, song = person("alice"), track("song")
    play(alice, at(1), song, source=FROM_FILE)
    assert told(alice, song, "spotify:playlist:x") == set()  # it is no new play
    assert row(alice) == (FROM_FILE | FROM_POLL, "spotify:playlist:x")
    assert told(alice, song) == set()
    assert row(alice) == (FROM_FILE | FROM_POLL, "spotify:playlist:x")


@pytest.mark.usefixtures("database")
def test_a_time_that_a_file_tells_by_the_minute_is_exact_once_a_poll_tells_the_same() -> None:
    alice, song = person("alice"), track("song")
    play(alice, at(1), song, source=FROM_FILE, timing=int(Timing.END_MINUTE))
    told(alice, song)
    assert Play.get(Play.user == alice).timing is None


@pytest.mark.usefixtures("database")
def test_the_context_of_a_file_stays_where_a_poll_tells_none() -> None:
    alice, song = person("alice"), track("song")
    play(alice, at(1), song, source=FROM_FILE, context="spotify:album:y")
    told(alice, song)
    assert row(alice) == (FROM_FILE | FROM_POLL, "spotify:album:y")


@pytest.mark.usefixtures("database")
def test_a_page_that_tells_one_play_twice_stores_it_once() -> None:
    alice, song = person("alice"), track("song")
    twice = [append.NewPlay(alice, at(1), song, one) for one in (None, "spotify:album:y")]
    assert append.polled(twice)[alice] == {(at(1), song)}
    assert row(alice) == (FROM_POLL, "spotify:album:y")
    assert told(alice, song) == set()


@pytest.mark.usefixtures("database")
def test_a_play_of_a_file_that_is_told_under_another_id_goes_the_way_of_all_plays_of_a_page() -> (
    None
):
    """One statement in the order of the page: it waits for imports as all others do."""
    alice, own, other = person("alice"), track("own"), track("other")
    play(alice, at(1), other, source=FROM_FILE)
    stands_for = {"track own": "track other", "track other": "track other"}
    for spotify_id, family in stands_for.items():
        TrackLink.insert(spotify_id=spotify_id, stands_for=family).execute()
    told_now = PolledPlay(at(1), TrackFacts("track own", "own"), linked_from="track other")
    found = relinked.known_otherwise(alice, [told_now], {"track own": own}, stands_for)
    assert found == {(at(1), own): other}
    append.page(alice, Page((told_now,)), append.Tracks({"track own": own}, stands_for))
    assert list(Play.select(Play.track, Play.source).tuples()) == [(other, FROM_FILE | FROM_POLL)]
    assert relinked.known_otherwise(alice, [told_now], {"track own": own}, stands_for) == {
        (at(1), own): None
    }
