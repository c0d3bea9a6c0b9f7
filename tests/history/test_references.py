"""Tracks that no archive refers to leave the catalog; nothing that anybody may still want does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from peewee import OperationalError

from audiospective import clock, history
from audiospective.history import append, references, removal, replacing, sealing
from audiospective.history.catalog import imported, lookup, polled, unreferenced
from audiospective.history.catalog.imported import Named
from audiospective.history.closed.away import YearAwayError
from audiospective.models import CondemnedTrack, PlaySegment, RemovedPlay, User
from audiospective.policy.plays import AlbumFacts, ArtistFacts, TrackFacts
from audiospective.policy.timing import Timing
from tests.history.making import at, person, play, track
from tests.support.clocks import Frozen

pytestmark = pytest.mark.usefixtures("database")


def free(frozen: Frozen) -> references.Freed:
    """A week later."""
    frozen.forward(days=7)
    return references.free(clock.now())


def there(*tracks: int) -> list[bool]:
    found = lookup.tracks(tracks)
    return [bool(found[one].title) for one in tracks]


def test_a_track_goes_a_day_after_nothing_referred_to_it(frozen: Frozen) -> None:
    alice, kept, gone = person("alice"), track("kept"), track("gone", ("nobody else",), "album")
    play(alice, at(1), kept)
    assert references.free(clock.now()).condemned == 1
    assert references.free(clock.now() + timedelta(hours=23)).tracks == 0
    done = references.free(clock.now() + timedelta(hours=24))
    assert (done.tracks, done.others) == (1, 2)
    assert there(kept, gone) == [True, False]
    assert track("gone") > gone  # numbers are never used again


def test_rows_sealed_plays_and_deleted_ones_keep_their_tracks(frozen: Frozen) -> None:
    alice = person("alice")
    hot, sealed, deleted = track("hot"), track("sealed"), track("deleted")
    for minute, one in enumerate((sealed, deleted, hot)):
        play(alice, at(minute), one)
    sealing.seal(alice, keep=1, trigger=0)
    removal.remove(alice, [(at(1), deleted)])
    for _ in range(3):
        free(frozen)
    assert there(hot, sealed, deleted) == [True, True, True]


def test_a_deleted_member_takes_along_what_only_they_heard(frozen: Frozen) -> None:
    alice, bob = person("alice"), person("bob")
    hers, theirs = track("hers"), track("theirs")
    for minute, (who, one) in enumerate([(alice, hers), (alice, theirs), (bob, theirs)]):
        play(who, at(minute), one)
    free(frozen)
    User.delete().where(User.id == alice).execute()
    free(frozen)
    free(frozen)
    assert there(hers, theirs) == [False, True]


def test_a_poll_between_condemning_and_dropping_saves_the_track(frozen: Frozen) -> None:
    alice, one = person("alice"), track("wanted")
    free(frozen)
    assert CondemnedTrack.select().count() == 1
    told = polled.remember([TrackFacts("track wanted", "wanted")])
    assert told == {"track wanted": one}
    assert not CondemnedTrack.select().exists()
    assert references.free(clock.now() + timedelta(days=2)).tracks == 0
    append.polled([append.NewPlay(alice, at(1), one, None)])
    free(frozen)
    assert there(one) == [True]


def test_a_database_that_is_away_ends_the_round_at_the_third_member_in_a_row(
    frozen: Frozen, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("alice", "bob", "charlie", "dora"):
        play(person(name), at(1), track("one"))
    for part in ("merge", "_tracks_of"):
        with monkeypatch.context() as patched:
            patched.setattr(references, part, Mock(side_effect=OperationalError("server is gone")))
            patched.setattr(unreferenced, "twins", lambda: dict.fromkeys(range(9), 1))
            with pytest.raises(OperationalError):
                free(frozen)
    assert len(caplog.messages) == 4


def test_a_member_whose_transaction_gave_way_to_another_keeps_nothing_from_the_others(
    frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("alice", "bob", "charlie", "dora"):
        play(person(name), at(1), track("one"))
    gave_way = OperationalError("deadlock detected")
    answers = [gave_way, gave_way, set(), gave_way]
    monkeypatch.setattr(references, "_tracks_of", Mock(side_effect=answers))
    done = free(frozen)
    assert (done.failed, done.complete) == (3, False)


def test_an_import_saves_it_too(frozen: Frozen) -> None:
    said = Named(None, "track", "Song", "Somebody", "Album")
    one = imported.remember([said])[said]
    free(frozen)
    assert imported.remember([said]) == {said: one}
    assert references.free(clock.now() + timedelta(days=2)).tracks == 0
    free(frozen)
    free(frozen)
    assert there(one) == [False]
    assert imported.remember([said])[said] > one


def test_nothing_goes_while_a_year_cannot_be_read(frozen: Frozen) -> None:
    alice, one = person("alice"), track("one")
    gone = track("gone")
    play(alice, at(1), one)
    sealing.seal(alice, keep=0, trigger=0)
    free(frozen)
    PlaySegment.update(blob=b"damaged").execute()
    done = free(frozen)
    assert (done.complete, done.tracks) == (False, 0)
    assert there(one, gone) == [True, True]


def test_a_year_that_goes_away_while_tracks_become_one_keeps_nothing_from_other_members(
    frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = person("alice"), person("bob")
    kept, twin = twins_of(frozen, bob)
    for who in (alice, bob):
        play(who, at(1), twin, source=2)
    whole = replacing.snapshot

    def snapshot(user_id: int) -> replacing.Snapshot:
        if user_id == alice:
            raise YearAwayError(2016, "storage answered 503")
        return whole(user_id)

    monkeypatch.setattr(replacing, "snapshot", snapshot)
    done = free(frozen)
    assert (done.merged, done.failed, done.complete) == (1, 1, True)
    assert history.frame(bob)["track"].to_list() == [kept]
    monkeypatch.undo()
    done = free(frozen)
    assert (done.merged, done.failed) == (1, 0)
    assert history.frame(alice)["track"].to_list() == [kept]


def test_a_track_that_two_files_named_differently_becomes_one(frozen: Frozen) -> None:
    alice, bob = person("alice"), person("bob")
    first = Named("song", "track", "One name", "A", "L")
    other = first._replace(name="Another name")
    hers, his = imported.remember([first])[first], imported.remember([other])[other]
    play(alice, at(1), hers)
    for minute in range(3):
        play(bob, at(minute), his, source=2)
    sealing.seal(bob, keep=1, trigger=0)
    removal.remove(bob, [(at(0), his)])
    free(frozen)
    assert history.frame(bob)["track"].to_list() == [his, his]  # nobody knows yet what it is
    told = TrackFacts("song", "True name", artists=(ArtistFacts("a", "A"),),
                      album=AlbumFacts("l", "L"))  # fmt: skip
    polled.remember([told])
    play(bob, at(2), hers)  # polled, with the other number
    assert free(frozen).merged == 1
    assert history.frame(bob)["track"].to_list() == [hers, hers]
    assert history.frame(bob)["source"].to_list() == [2, 3]
    assert history.total(bob) == 2
    append.polled([append.NewPlay(bob, at(0), hers, None)])
    assert history.total(bob) == 2  # what he deleted stays deleted under the other number
    assert removal.restore(bob, [(at(0), hers)]) == 1
    assert history.frame(bob)["track"].to_list() == [hers, hers, hers]
    free(frozen)
    assert there(hers, his) == [True, False]
    assert unreferenced.twins() == {}
    assert imported.remember([other]) == {other: hers}


def twins_of(frozen: Frozen, user_id: int) -> tuple[int, int]:
    """Two numbers of one track, the first of which Spotify has described."""
    first = Named("song", "track", "One name", "A", "L")
    other = first._replace(name="Another name")
    one, twin = imported.remember([first])[first], imported.remember([other])[other]
    polled.remember([TrackFacts("song", "True name")])
    assert unreferenced.twins() == {twin: one}
    return one, twin


@pytest.mark.parametrize("deleted", [0, 1], ids=["the one that stays", "the one that goes"])
def test_a_deleted_play_never_hides_the_one_that_its_track_becomes(
    frozen: Frozen, deleted: int
) -> None:
    bob = person("bob")
    numbers = twins_of(frozen, bob)
    for one in numbers:
        play(bob, at(1), one)
    removal.remove(bob, [(at(1), numbers[deleted])])
    assert free(frozen).merged == 1
    assert history.frame(bob)["track"].to_list() == [numbers[0]]
    before = replacing.snapshot(bob)
    replacing.replace(bob, before, before.plays)
    assert history.total(bob) == 1


def test_a_poll_knows_a_play_that_a_poll_told_under_the_twin_of_its_track(frozen: Frozen) -> None:
    bob = person("bob")
    one, twin = twins_of(frozen, bob)
    for minute, source in enumerate((1, 2, 3)):
        play(bob, at(minute), twin, source=source)
    play(bob, at(3), twin)
    removal.remove(bob, [(at(3), twin)])
    pages = [append.NewPlay(bob, at(minute), one, None) for minute in range(5)]
    # What only a file told may be taken back with it: the poll's own word is kept as well.
    assert append.polled(pages)[bob] == {(at(1), one), (at(4), one)}


def test_a_deletion_past_its_undo_moves_with_what_is_left_of_it(frozen: Frozen) -> None:
    bob = person("bob")
    one, twin = twins_of(frozen, bob)
    play(bob, at(1), twin, source=2, timing=int(Timing.BEGAN))
    removal.remove(bob, [(at(1), twin)])
    frozen.forward(days=31)
    removal.drop_expired(frozen.now)
    assert free(frozen).merged == 1
    stone = RemovedPlay.get()
    assert (stone.track, stone.kept) == (one, '{"source":2,"timing":5}')


def test_stopped_between_any_two_steps_it_is_whole(
    frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, kept = person("alice"), track("kept", ("One",))
    play(alice, at(1), kept)
    gone = [track(f"gone {number}", ("Two",)) for number in range(3)]
    free(frozen)

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    for part in ("tidy.drop", "tidy.tidy"):
        with monkeypatch.context() as patched:
            patched.setattr(f"audiospective.history.catalog.{part}", stop)
            with pytest.raises(KeyboardInterrupt):
                free(frozen)
    free(frozen)
    assert there(kept, *gone) == [True, False, False, False]
