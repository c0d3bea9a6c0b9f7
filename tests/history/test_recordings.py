"""One recording, one line: what counts as what, for one member at a time."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from audiospective import history
from audiospective.history import archived_tracks, recordings, removal, sealing, segment_store
from audiospective.history.catalog import frames, imported, polled
from audiospective.history.catalog.imported import Named
from audiospective.models import TrackLink
from audiospective.policy.plays import AlbumFacts, ArtistFacts, TrackFacts
from audiospective.stats import tops
from audiospective.stats.cache import Cache, Part
from audiospective.stats.figure_options import FigureOptions
from audiospective.stats.listening import Listening
from tests.history.making import at, person, play
from tests.support.clocks import Frozen

pytestmark = pytest.mark.usefixtures("database")


def told(name: str, isrc: str | None = None, album: str = "Album", kind: str = "album") -> int:
    facts = TrackFacts(
        f"id {name}", name, artists=(ArtistFacts("artist", "Artist"),), isrc=isrc,
        album=AlbumFacts(f"id {album}", album, kind),
    )  # fmt: skip
    return polled.remember([facts])[facts.spotify_id]


def listen(user: int, *tracks: int) -> None:
    for minute, track in enumerate(tracks):
        play(user, at(minute), track)


def test_tracks_with_one_isrc_are_one_recording_at_home_on_its_album() -> None:
    alice = person("alice")
    single = told("song", "GBAYE6900001", "Song", "single")
    album = told("song again", "GBAYE6900001")
    other = told("another", "GBAYE6900002")
    listen(alice, single, album, other)
    found = recordings.of(alice)
    assert found.of == {single: album}
    assert (found.head(single), found.head(other)) == (album, other)
    assert found.tracks(single) == found.tracks(album) == [album, single]


def test_every_play_keeps_its_id_and_albums_follow() -> None:
    alice = person("alice")
    single = told("song", "GBAYE6900001", "Song", "single")
    album = told("song again", "GBAYE6900001")
    listen(alice, single, album)
    plays = history.frame(alice, columns=["played_at", "track"])
    followed = frames.join(recordings.of(alice).follow(plays))
    assert plays["track"].to_list() == [single, album]
    assert followed["track"].to_list() == [album, album]
    assert followed["album"].n_unique() == 1
    kept = recordings.of(alice).follow(plays, to="recording_of")
    assert kept["track"].to_list() == [single, album]
    assert kept["recording_of"].to_list() == [album, album]


def test_only_tracks_of_the_same_archive_count() -> None:
    alice, bob = person("alice"), person("bob")
    one, two = told("song", "GBAYE6900001"), told("song again", "GBAYE6900001")
    listen(alice, one)
    listen(bob, two)
    assert recordings.of(alice).of == recordings.of(bob).of == {}
    assert not recordings.merge(alice, one, two)
    assert recordings.choices(alice) == []


def test_what_a_file_names_is_one_with_nothing_but_its_own_spotify_id() -> None:
    alice, bob = person("alice"), person("bob")
    of_bob, of_alice, nameless = (
        Named("id song", "track", "As bob's file says", "Artist", "Album"),
        Named("id song", "track", "As alice's file says", "Artist", "Album"),
        Named(None, "track", "As bob's file says", "Artist", "Album"),
    )
    ids = imported.remember([of_bob]) | imported.remember([of_alice, nameless])
    listen(bob, ids[of_bob])
    listen(alice, ids[of_alice], ids[nameless])
    assert recordings.of(alice).of == recordings.of(bob).of == {}
    polled_later = told("song", "GBAYE6900001")
    play(alice, at(5), polled_later)
    assert polled_later != ids[of_alice]
    assert len(recordings.of(alice).of) == 1
    assert sorted(recordings.of(alice).tracks(polled_later)) == sorted(
        [polled_later, ids[of_alice]]
    )


def test_tracks_that_stand_for_one_another_are_one() -> None:
    alice = person("alice")
    here, there = told("here"), told("there")
    TrackLink.create(spotify_id="id here", stands_for="id there")
    TrackLink.create(spotify_id="id there", stands_for="id there")
    listen(alice, here, there)
    assert recordings.of(alice).of == {there: here}


def test_a_merge_is_the_members_own_and_can_be_undone(frozen: Frozen) -> None:
    alice, bob = person("alice"), person("bob")
    plain, deluxe = told("song"), told("song deluxe", album="Album (Deluxe)")
    for user in (alice, bob):
        listen(user, plain, deluxe)
    assert recordings.merge(alice, plain, deluxe)
    assert (recordings.of(alice).of, recordings.of(bob).of) == ({plain: deluxe}, {})
    frozen.forward(seconds=1)
    assert recordings.merge(alice, deluxe, plain)  # the other way round: no second decision
    assert recordings.of(alice).of == {deluxe: plain}
    assert len(recordings.choices(alice)) == 1
    assert not recordings.undo(bob, deluxe, plain)
    assert recordings.undo(alice, deluxe, plain)
    assert recordings.of(alice).of == {}
    assert not recordings.merge(alice, plain, plain)


def test_figures_follow_a_merge_at_once() -> None:
    alice = person("alice")
    plain, deluxe = told("song"), told("song deluxe", album="Album (Deluxe)")
    listen(alice, plain, deluxe, plain)
    assert Listening(FigureOptions(alice)).figure(tops.top, "album")["plays"].to_list() == [2, 1]
    recordings.merge(alice, plain, deluxe)
    merged = Listening(FigureOptions(alice))
    assert merged.figure(tops.top, "album")["plays"].to_list() == [3]
    assert merged.figure(tops.top, "track")["id"].to_list() == [deluxe]
    assert merged.plays()["own"].to_list() == [plain, deluxe, plain]
    recordings.undo(alice, plain, deluxe)
    assert Listening(FigureOptions(alice)).figure(tops.top, "track")["plays"].to_list() == [2, 1]


def test_what_is_one_by_itself_can_be_set_apart() -> None:
    alice = person("alice")
    one, two = told("song", "GBAYE6900001"), told("song again", "GBAYE6900001")
    listen(alice, one, two)
    assert recordings.set_apart(alice, two, one)
    assert recordings.of(alice).of == {}
    recordings.undo(alice, two, one)
    assert recordings.of(alice).of == {two: one}


def test_nothing_stale_is_said_after_a_play_a_seal_or_a_deletion() -> None:
    alice = person("alice")
    one, two = told("song", "GBAYE6900001"), told("song again", "GBAYE6900001")
    play(alice, at(0), two)
    assert recordings.of(alice).of == {}
    play(alice, at(1), one)
    assert recordings.of(alice).of == {two: one}
    sealing.seal(alice, keep=0, trigger=0)
    assert recordings.of(alice).of == {two: one}
    removal.remove(alice, [(at(1), one)])
    assert recordings.of(alice).of == {}


def test_an_isrc_that_spotify_tells_later_counts_at_once() -> None:
    alice = person("alice")
    one, two = told("song", "GBAYE6900001"), told("song again")
    listen(alice, one, two)
    assert recordings.of(alice).of == {}
    told("song again", "GBAYE6900001")
    assert recordings.of(alice).of == {two: one}


def test_each_segment_is_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    alice = person("alice")
    one, two = told("song"), told("another")
    play(alice, at(0), one)
    play(alice, at(-400 * 24 * 60), two)
    sealing.seal(alice, keep=0, trigger=0)
    opened: list[Any] = []
    monkeypatch.setattr(archived_tracks, "_of_segment", Part(Cache(1_000_000), "tracks"))
    read = segment_store.opened
    monkeypatch.setattr(
        segment_store, "opened", lambda row, *args: opened.append(row.year) or read(row, *args)
    )
    assert archived_tracks.tracks(alice).to_list() == [one, two]
    assert archived_tracks.tracks(alice).equals(pl.Series("track", [one, two], dtype=pl.Int32))
    assert sorted(opened) == [2025, 2026]
