"""What the catalog learns from polls and imports, in whatever order they come."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from audiospective.history.catalog import frames, imported, lookup, names, polled, rows, tidy
from audiospective.history.catalog.decode import Block
from audiospective.history.catalog.entries import Album, Kind, Track
from audiospective.history.catalog.imported import Named
from audiospective.models import dialects
from audiospective.policy.plays import AlbumFacts, ArtistFacts, TrackFacts
from tests.support.clocks import Frozen

pytestmark = pytest.mark.usefixtures("database")

QUEEN = ArtistFacts("queen", "Queen")
NIGHT = AlbumFacts("night", "A Night at the Opera", "album", "1975-11-21", "day", 12, "https://i/1")
SONG = TrackFacts("song", "Bohemian Rhapsody", artists=(QUEEN,), album=NIGHT, duration_ms=354_000)


def told(spotify_id: str = "song", **changes: Any) -> int:
    return polled.remember([replace(SONG, spotify_id=spotify_id, **changes)])[spotify_id]


def entry(track_id: int) -> Track:
    found = lookup.entries([(Kind.TRACK, track_id)])[Kind.TRACK, track_id]
    assert isinstance(found, Track)
    return found


def album_of(track_id: int) -> Album:
    key = (Kind.ALBUM, entry(track_id).album or 0)
    found = lookup.entries([key])[key]
    assert isinstance(found, Album)
    return found


def credits_of(track_id: int) -> list[tuple[str | None, str]]:
    keys = [(Kind.ARTIST, one) for one in entry(track_id).artists]
    found = lookup.entries(keys)
    return [(found[key].spotify_id, found[key].name) for key in keys]


def count(kind: Kind) -> int:
    blocks = (Block(kind, one.count, one.numbers, one.facts) for one in tidy.every_block(kind))
    return sum(entry is not None for block in blocks for entry in block)


def test_everything_is_stored_once() -> None:
    assert told() == told()
    other = told("other", name="Love of My Life")
    assert (count(Kind.TRACK), count(Kind.ALBUM), count(Kind.ARTIST)) == (2, 1, 1)
    assert credits_of(other) == [("queen", "Queen")]


def statements(database: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that are run from here on."""
    seen: list[str] = []
    run, run_many = dialects.run, dialects.run_many
    monkeypatch.setattr(dialects, "run", lambda sql, *args: seen.append(sql) or run(sql, *args))
    monkeypatch.setattr(
        dialects, "run_many", lambda sql, *args: seen.append(sql) or run_many(sql, *args)
    )
    execute = type(database.obj).execute_sql

    def spy(self: Any, sql: str, *args: Any) -> Any:
        seen.append(sql)
        return execute(self, sql, *args)

    monkeypatch.setattr(type(database.obj), "execute_sql", spy)
    return seen


def test_two_statements_tell_that_nothing_changed(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracks = [replace(SONG, spotify_id=f"song {number}") for number in range(50)]
    polled.remember(tracks)
    seen = statements(database, monkeypatch)
    polled.remember(tracks)
    assert len(seen) == 2


def test_news_take_a_bounded_number_of_statements(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def news(word: str, many: int) -> list[TrackFacts]:
        return [
            TrackFacts(f"{word} {one}", f"name {word} {one}",
                       artists=(ArtistFacts(f"artist {word} {one}", "name"),),
                       album=AlbumFacts(f"album {word} {one}", "name"))
            for one in range(many)
        ]  # fmt: skip

    polled.remember(news("before", 400))
    seen = statements(database, monkeypatch)
    polled.remember(news("few", 3))
    few = len(seen)
    polled.remember(news("many", 300))
    assert few <= 12
    assert len(seen) - few <= 18


def test_a_rolled_back_track_is_not_remembered(database: Any) -> None:
    with database.atomic() as transaction:
        told()
        transaction.rollback()
    assert entry(told()).name == "Bohemian Rhapsody"


def test_names_that_spotify_changed_take_the_place_of_the_former_ones() -> None:
    track_id = told()
    told(
        name="Bohemian Rhapsody - Remaster",
        album=replace(NIGHT, name="A Night at the Opera (Deluxe)"),
        artists=(replace(QUEEN, name="QUEEN"), ArtistFacts("guest", "Guest")),
    )
    row, album = entry(track_id), album_of(track_id)
    assert (row.name, album.name) == (
        "Bohemian Rhapsody - Remaster",
        "A Night at the Opera (Deluxe)",
    )
    assert credits_of(track_id) == [("queen", "QUEEN"), ("guest", "Guest")]


def test_an_emptied_name_blanks_nothing() -> None:
    track_id = told()
    told(name="", album=replace(NIGHT, name="", image_url=None), artists=(), duration_ms=None)
    row, album = entry(track_id), album_of(track_id)
    assert (row.name, row.duration_ms) == ("Bohemian Rhapsody", 354_000)
    assert (album.name, album.image_url) == ("A Night at the Opera", "https://i/1")
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
    assert album_of(ids[SIBLING]).spotify_id == "night"
    assert entry(ids[IMPORTED]).duration_ms == 354_000
    assert (count(Kind.ALBUM), count(Kind.ARTIST)) == (1, 1)


def test_rows_without_ids_give_way_to_rows_that_came_with_ids() -> None:
    ids = imported.remember([IMPORTED, SIBLING])
    told("new", name="Killer Queen")  # brings artist and album with ids, but no track in common
    assert count(Kind.ARTIST) == 2
    told()
    assert credits_of(ids[SIBLING]) == [("queen", "Queen")]
    assert album_of(ids[SIBLING]).spotify_id == "night"
    assert (count(Kind.ALBUM), count(Kind.ARTIST)) == (1, 1)
    assert tidy.tidy().moved == 1  # the sibling's; the song told of its own
    assert rows.aliases(Kind.ARTIST) == rows.aliases(Kind.ALBUM) == {}
    assert credits_of(ids[SIBLING]) == [("queen", "Queen")]
    assert album_of(ids[SIBLING]).spotify_id == "night"


def test_a_wrong_name_leaves_nothing_orphaned() -> None:
    ids = imported.remember([Named("song", "track", "Bo Rhap", "The Queen", "Opera")])
    track_id = told()
    assert [track_id] == list(ids.values())
    assert entry(track_id).name == "Bohemian Rhapsody"
    assert credits_of(track_id) == [("queen", "Queen")]
    assert tidy.tidy().dropped == 2
    assert (count(Kind.ALBUM), count(Kind.ARTIST)) == (1, 1)
    assert credits_of(track_id) == [("queen", "Queen")]


def test_a_wrong_name_that_others_use_stays_with_them() -> None:
    other = Named("other", "track", "Innuendo", "The Queen", "Opera")
    ids = imported.remember([Named("song", "track", "Bo Rhap", "The Queen", "Opera"), other])
    told()
    assert tidy.tidy().dropped == 0
    assert credits_of(ids[other]) == [(None, "The Queen")]
    assert album_of(ids[other]).name == "Opera"


def test_an_import_after_the_poll_uses_what_is_known_and_changes_nothing() -> None:
    track_id = told()
    ids = imported.remember([IMPORTED._replace(name="bohemian rhapsody"), SIBLING])
    assert set(ids.values()) == {track_id, ids[SIBLING]}
    assert entry(track_id).name == "Bohemian Rhapsody"
    assert credits_of(ids[SIBLING]) == [("queen", "Queen")]
    assert album_of(ids[SIBLING]).spotify_id == "night"


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
    assert count(Kind.ALBUM) == 2
    for one in tracks:
        assert [name for _, name in credits_of(ids[one])] == ([one.artist] if one.artist else [])


def test_one_id_with_two_names_is_one_track() -> None:
    ids = imported.remember([IMPORTED, IMPORTED._replace(name="Bo Rhap")])
    assert len(set(ids.values())) == 1
    assert len(ids) == 2


def test_many_new_tracks_at_once_share_their_artists_and_are_found_again_by_a_poll() -> None:
    many = [Named(f"t{n}", "track", f"name {n}", f"artist {n % 97}", f"album {n % 301}")
            for n in range(1_300)]  # fmt: skip
    ids = imported.remember(many)
    assert len(set(ids.values())) == 1_300
    assert count(Kind.ARTIST) == 97
    facts = [
        TrackFacts(f"t{n}", f"name {n}", artists=(ArtistFacts(f"a{n % 97}", f"artist {n % 97}"),))
        for n in range(1_300)
    ]
    assert {ids[one] for one in many} == set(polled.remember(facts).values())
    artists = lookup.artists({who for one in ids.values() for who in entry(one).artists})
    assert {one.spotify_id for one in artists.values()} == {f"a{n}" for n in range(97)}


def test_pages_that_remember_credits_hear_of_changes() -> None:
    ids = imported.remember([IMPORTED, SIBLING])
    wanted = pl.Series("track", list(ids.values()), dtype=pl.Int32)
    (before,) = frames.everybody(wanted)["artist"].unique()
    assert frames.of(wanted)["artist"].to_list() == [before, before]
    told("new", name="Killer Queen")  # brings another row for the artist
    told()  # and this one shows that both are one
    (after,) = frames.everybody(wanted)["artist"].unique()
    assert after != before
    assert lookup.artists([after])[after].spotify_id == "queen"
    assert frames.of(wanted)["artist"].to_list() == [after, after]


def test_credits_are_looked_up_once(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = told(), told("other")
    wanted = pl.Series("track", [first, second], dtype=pl.Int32)
    frames.everybody(wanted[:1])
    asked: list[Any] = []
    read = rows.by_block
    monkeypatch.setattr(rows, "by_block", lambda ids, **how: asked.append(ids) or read(ids, **how))
    assert frames.everybody(wanted).height == 2
    assert frames.everybody(wanted[:1]).height == 1
    assert asked == [[(Kind.TRACK, second)]]


def test_tracks_are_found_by_words_of_title_album_or_artist() -> None:
    night, other = told(), told("other", name="Innuendo", album=None, artists=())
    wanted = pl.Series("track", [night, other, night], dtype=pl.Int32)
    for words in (["rhapsody"], ["queen"], ["at", "the", "opera"], ["queen", "bohemian"]):
        assert names.containing(words, wanted).to_list() == [night]
    assert names.containing(["n"], wanted).to_list() == sorted([night, other])
    assert names.containing(["queen", "innuendo"], wanted).is_empty()


NAMES = [
    {"name": "Bohemian"},
    {"artists": (replace(QUEEN, name="Queen of old"),)},
    {"album": replace(NIGHT, name="A Day at the Races")},
]
FACTS = [
    {"isrc": "GBUM71029604"},
    {"duration_ms": 1},
    {"album": replace(NIGHT, album_type="compilation")},
]


@pytest.mark.parametrize("changes", NAMES + FACTS, ids=str)
def test_names_that_are_kept_follow_what_spotify_says_now(
    changes: dict[str, Any], frozen: Frozen
) -> None:
    wanted = pl.Series("track", [told()], dtype=pl.Int32)

    def kept() -> list[Any]:
        parts = [part(wanted).rows() for part in (names.tracks, names.artists, names.albums)]
        return [*parts, frames.of(wanted).rows()]

    before, version = kept(), rows.version()
    told(**changes)
    # Figures follow facts at once; names, which Spotify says in several languages, after an hour.
    assert (rows.version() > version) is (changes in FACTS)
    if changes in NAMES:
        frozen.forward(hours=1)
    assert kept() != before


def test_names_are_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = told(), told("other")
    wanted = pl.Series("track", [first, second, 10**6], dtype=pl.Int32)
    names.tracks(wanted[:1])
    asked: list[Any] = []
    read = lookup.tracks_alone
    monkeypatch.setattr(lookup, "tracks_alone", lambda ids: asked.append(list(ids)) or read(ids))
    assert names.tracks(wanted).height == 3
    assert names.tracks(wanted[:1])["title"].to_list() == ["bohemian rhapsody"]
    assert asked == [[second, 10**6]]


def test_only_the_tracks_that_were_asked_for_are_an_artists_or_albums() -> None:
    first, second = told(), told("other")
    artist = int(frames.of(pl.Series("track", [first], dtype=pl.Int32))["artist"][0])
    wanted = pl.Series("track", [second], dtype=pl.Int32)
    assert frames.tracks_of("artist", artist, wanted).to_list() == [second]
    assert frames.tracks_of("album", 0, wanted).is_empty()


def test_what_one_file_calls_a_track_is_not_shown_to_another_member() -> None:
    """A known id keeps its names; an unknown one has an entry for each way it is called."""
    lie = IMPORTED._replace(name="Something rude", artist="Nobody")
    mallory = imported.remember([lie])[lie]
    bob = imported.remember([IMPORTED])[IMPORTED]
    assert mallory != bob
    assert (entry(bob).name, credits_of(bob)) == ("Bohemian Rhapsody", [(None, "Queen")])
    assert imported.remember([IMPORTED])[IMPORTED] == bob
    assert imported.remember([lie])[lie] == mallory
    told()
    for one in (mallory, bob):
        assert entry(one).name == "Bohemian Rhapsody"
        assert credits_of(one) == [("queen", "Queen")]
    assert imported.remember([lie._replace(name="Ruder still")]) == {
        lie._replace(name="Ruder still"): mallory
    }


def test_somebody_whose_own_file_named_a_track_keeps_it_under_another_name() -> None:
    first = imported.remember([IMPORTED])[IMPORTED]
    later = IMPORTED._replace(name="Bohemian Rhapsody - Remastered 2011")
    assert imported.remember([later], own={first}) == {later: first}
    assert entry(first).name == "Bohemian Rhapsody"


def test_an_album_and_an_artist_are_found_by_their_new_names() -> None:
    told()
    told(name="x", album=replace(NIGHT, name="Opera"), artists=(replace(QUEEN, name="QUEEN"),))
    one = Named(None, "track", "39", "QUEEN", "Opera")
    track_id = imported.remember([one])[one]
    assert credits_of(track_id) == [("queen", "QUEEN")]


def test_many_tracks_come_back_exactly_as_they_were_told() -> None:
    from audiospective.bench.invented_catalog import arrivals

    facts = list(arrivals(1_500))
    ids: dict[str, int] = {}
    for start in range(0, len(facts), 130):
        ids |= polled.remember(facts[start : start + 130])
    found = lookup.entries((Kind.TRACK, one) for one in ids.values())
    others = lookup.entries(
        lookup.references(one for one in found.values() if isinstance(one, Track))
    )
    for fact in facts:
        track = found[Kind.TRACK, ids[fact.spotify_id]]
        assert isinstance(track, Track)
        album = others[Kind.ALBUM, track.album or 0]
        assert fact.album is not None
        assert album._asdict() == vars(fact.album)
        credited = [others[Kind.ARTIST, one] for one in track.artists]
        assert [tuple(one) for one in credited] == [(a.spotify_id, a.name) for a in fact.artists]
        assert (track.spotify_id, track.name, track.duration_ms, track.isrc, track.explicit) == (
            fact.spotify_id, fact.name, fact.duration_ms, fact.isrc, fact.explicit)  # fmt: skip
    assert polled.remember(facts) == ids
    state = rows.state()
    assert state.next_id[Kind.TRACK] == len(facts) + 1


def test_ids_that_the_catalog_lacks_are_no_error() -> None:
    wanted = pl.Series("track", [1, 5, 2**31 - 1], dtype=pl.Int32)
    assert frames.of(wanted).is_empty()
    told()
    assert frames.of(wanted)["track"].to_list() == [1]
    assert lookup.tracks([5])[5].title == ""
    assert lookup.artists([9]) == lookup.albums([9]) == {}


def test_garbage_is_collected_as_before_once_all_who_name_tracks_are_done() -> None:
    before = gc.get_threshold()
    first, second = imported._collection.rare(), imported._collection.rare()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold() == (100_000, *before[1:])
    second.__exit__(None, None, None)
    assert gc.get_threshold() == before
