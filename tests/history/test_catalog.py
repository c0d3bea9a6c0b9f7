"""What the catalog learns from polls and imports, in whatever order they come."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from audiospective.history import bulk_select
from audiospective.history.catalog import frames, imported, polled
from audiospective.history.catalog.imported import Named
from audiospective.models import Album, Artist, Track, TrackArtist
from audiospective.policy.plays import AlbumFacts, ArtistFacts, TrackFacts

pytestmark = pytest.mark.usefixtures("database")

QUEEN = ArtistFacts("queen", "Queen")
NIGHT = AlbumFacts("night", "A Night at the Opera", "album", "1975-11-21", "day", 12, "https://i/1")
SONG = TrackFacts("song", "Bohemian Rhapsody", artists=(QUEEN,), album=NIGHT, duration_ms=354_000)


def told(spotify_id: str = "song", **changes: Any) -> int:
    return polled.remember([replace(SONG, spotify_id=spotify_id, **changes)])[spotify_id]


def credits_of(track_id: int) -> list[tuple[str | None, str]]:
    query = TrackArtist.select().where(TrackArtist.track == track_id).order_by(TrackArtist.position)
    return [(one.artist.spotify_id, one.artist.name) for one in query]


def test_everything_is_stored_once() -> None:
    assert told() == told()
    other = told("other", name="Love of My Life")
    assert (Track.select().count(), Album.select().count(), Artist.select().count()) == (2, 1, 1)
    assert credits_of(other) == [("queen", "Queen")]


def test_what_is_known_costs_no_statement(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    told()
    monkeypatch.setattr(type(database.obj), "execute_sql", None)
    told()


def test_without_the_cache_one_statement_tells_that_nothing_changed(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told()
    polled.forget()
    statements: list[str] = []
    execute = type(database.obj).execute_sql

    def spy(self: Any, sql: str, *args: Any) -> Any:
        statements.append(sql)
        return execute(self, sql, *args)

    monkeypatch.setattr(type(database.obj), "execute_sql", spy)
    told()
    assert len(statements) == 1


def test_a_rolled_back_track_is_not_remembered(database: Any) -> None:
    with database.atomic() as transaction:
        told()
        transaction.rollback()
    assert Track.get_by_id(told()).name == "Bohemian Rhapsody"


def test_changed_names_arrive() -> None:
    track_id = told()
    told(
        name="Bohemian Rhapsody - Remaster",
        album=replace(NIGHT, name="A Night at the Opera (Deluxe)"),
        artists=(replace(QUEEN, name="QUEEN"), ArtistFacts("guest", "Guest")),
    )
    row = Track.get_by_id(track_id)
    assert (row.name, row.album.name) == (
        "Bohemian Rhapsody - Remaster",
        "A Night at the Opera (Deluxe)",
    )
    assert credits_of(track_id) == [("queen", "QUEEN"), ("guest", "Guest")]


def test_an_emptied_name_blanks_nothing() -> None:
    track_id = told()
    told(name="", album=replace(NIGHT, name="", image_url=None), artists=(), duration_ms=None)
    row = Track.get_by_id(track_id)
    assert (row.name, row.duration_ms) == ("Bohemian Rhapsody", 354_000)
    assert (row.album.name, row.album.image_url) == ("A Night at the Opera", "https://i/1")
    assert credits_of(track_id) == [("queen", "Queen")]


def test_an_artist_renamed_with_a_new_track_is_renamed_everywhere() -> None:
    track_id = told()
    told("later", artists=(replace(QUEEN, name="Queen +"),))
    assert credits_of(track_id) == [("queen", "Queen +")]


IMPORTED = Named("song", "track", "Bohemian Rhapsody", "Queen", "A Night at the Opera")
SIBLING = Named("sibling", "track", "39", "Queen", "A Night at the Opera")


def test_an_imported_track_gets_its_ids_from_the_poll() -> None:
    ids = imported.remember([IMPORTED, SIBLING])
    assert credits_of(ids[IMPORTED]) == [(None, "Queen")]
    assert told() == ids[IMPORTED]
    assert credits_of(ids[IMPORTED]) == credits_of(ids[SIBLING]) == [("queen", "Queen")]
    assert Track.get_by_id(ids[SIBLING]).album.spotify_id == "night"
    assert Track.get_by_id(ids[IMPORTED]).duration_ms == 354_000
    assert (Album.select().count(), Artist.select().count()) == (1, 1)


def test_rows_without_ids_give_way_to_rows_that_came_with_ids() -> None:
    ids = imported.remember([IMPORTED, SIBLING])
    told("new", name="Killer Queen")  # brings artist and album with ids, but no track in common
    assert Artist.select().count() == 2
    told()
    assert credits_of(ids[SIBLING]) == [("queen", "Queen")]
    assert Track.get_by_id(ids[SIBLING]).album.spotify_id == "night"
    assert (Album.select().count(), Artist.select().count()) == (1, 1)


def test_a_wrong_name_leaves_nothing_orphaned() -> None:
    ids = imported.remember([Named("song", "track", "Bo Rhap", "The Queen", "Opera")])
    track_id = told()
    assert [track_id] == list(ids.values())
    assert Track.get_by_id(track_id).name == "Bohemian Rhapsody"
    assert credits_of(track_id) == [("queen", "Queen")]
    assert (Album.select().count(), Artist.select().count()) == (1, 1)


def test_a_wrong_name_that_others_use_stays_with_them() -> None:
    other = Named("other", "track", "Innuendo", "The Queen", "Opera")
    ids = imported.remember([Named("song", "track", "Bo Rhap", "The Queen", "Opera"), other])
    told()
    assert credits_of(ids[other]) == [(None, "The Queen")]
    assert Track.get_by_id(ids[other]).album.name == "Opera"


def test_an_import_after_the_poll_uses_what_is_known_and_changes_nothing() -> None:
    track_id = told()
    ids = imported.remember([IMPORTED._replace(name="bohemian rhapsody"), SIBLING])
    assert set(ids.values()) == {track_id, ids[SIBLING]}
    assert Track.get_by_id(track_id).name == "Bohemian Rhapsody"
    assert credits_of(ids[SIBLING]) == [("queen", "Queen")]
    assert Track.get_by_id(ids[SIBLING]).album.spotify_id == "night"


def test_tracks_without_ids_are_told_apart_by_all_their_names() -> None:
    tracks = [
        Named(None, "track", "Intro", "One"),
        Named(None, "track", "Intro", "Two"),
        Named(None, "track", "Intro", "Two", "Album"),
        Named(None, "track", "Intro", "One", "Album"),
        Named(None, "episode", "Intro", "Two"),
        Named(None, "track", "Intro"),
    ]
    ids = imported.remember(tracks)
    assert len(set(ids.values())) == 6
    assert imported.remember(reversed(tracks)) == ids
    assert Album.select().count() == 2
    for one in tracks:
        assert [name for _, name in credits_of(ids[one])] == ([one.artist] if one.artist else [])


def test_one_id_with_two_names_is_one_track() -> None:
    ids = imported.remember([IMPORTED, IMPORTED._replace(name="Bo Rhap")])
    assert len(set(ids.values())) == 1
    assert len(ids) == 2


def test_many_at_once() -> None:
    many = [Named(f"t{n}", "track", f"name {n}", f"artist {n % 97}", f"album {n % 301}")
            for n in range(1_300)]  # fmt: skip
    ids = imported.remember(many)
    assert len(set(ids.values())) == 1_300
    assert Artist.select().count() == 97
    facts = [
        TrackFacts(f"t{n}", f"name {n}", artists=(ArtistFacts(f"a{n % 97}", f"artist {n % 97}"),))
        for n in range(1_300)
    ]
    assert {ids[one] for one in many} == set(polled.remember(facts).values())
    assert Artist.select().where(Artist.spotify_id.is_null()).count() == 0


def test_pages_that_remember_credits_hear_of_changes() -> None:
    ids = imported.remember([IMPORTED, SIBLING])
    wanted = pl.Series("track", list(ids.values()), dtype=pl.Int32)
    (before,) = frames.everybody(wanted)["artist"].unique()
    assert frames.of(wanted)["artist"].to_list() == [before, before]
    told("new", name="Killer Queen")  # brings another row for the artist
    told()  # and this one shows that both are one
    (after,) = frames.everybody(wanted)["artist"].unique()
    assert after != before
    assert Artist.get_by_id(after).spotify_id == "queen"
    assert frames.of(wanted)["artist"].to_list() == [after, after]


def test_credits_are_looked_up_once(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = told(), told("other")
    wanted = pl.Series("track", [first, second], dtype=pl.Int32)
    frames.everybody(wanted[:1])
    asked: list[Any] = []
    select = bulk_select.select
    monkeypatch.setattr(
        bulk_select, "select", lambda query, ids: asked.append(ids) or select(query, ids)
    )
    assert frames.everybody(wanted).height == 2
    assert frames.everybody(wanted[:1]).height == 1
    assert asked == [[second]]


def test_tracks_are_found_by_words_of_title_album_or_artist() -> None:
    night, other = told(), told("other", name="Innuendo", album=None, artists=())
    wanted = pl.Series("track", [night, other, night], dtype=pl.Int32)
    for words in ("rhapsody", "QUEEN", "at the OPERA"):
        assert frames.matching(words, wanted).to_list() == [night]
    assert sorted(frames.matching("n", wanted)) == sorted([night, other])
    assert frames.matching("nothing of this", wanted).is_empty()


def test_only_the_tracks_that_were_asked_for_are_an_artists_or_albums() -> None:
    first, second = told(), told("other")
    artist = int(frames.of(pl.Series("track", [first], dtype=pl.Int32))["artist"][0])
    wanted = pl.Series("track", [second], dtype=pl.Int32)
    assert frames.tracks_of("artist", artist, wanted).to_list() == [second]
    assert frames.tracks_of("album", 0, wanted).is_empty()
