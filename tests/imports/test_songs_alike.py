"""Songs that share a title with another: no play of one is taken for a play of another."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from audiospective.imports import identity
from audiospective.imports.archive_frames import PLAYS, ArchiveFrames
from audiospective.imports.merging import ARRIVALS, Outcome, Source, merge
from audiospective.imports.sources import Trust

START = 1_700_000_000_000
EXTENDED = Source("spotify_extended", Trust.HIGH, 1)
SCROBBLES = Source("maloja", Trust.NORMAL, 1)


@dataclass(frozen=True)
class Song:
    title: str
    artist: str
    guests: tuple[str, ...]
    album: str
    reissue: bool

    @property
    def spotify_id(self) -> str:
        return f"{self.title} {self.artist} {self.reissue}"


songs = st.builds(
    Song,
    st.sampled_from(["Tin", "Intro"]),
    st.sampled_from(["A", "B", "C"]),
    st.sampled_from([(), ("X",), ("Y",), ("X", "Y"), ("A",)]),
    st.sampled_from(["Greatest Hits", "Greatest Hits", "Own"]),
    st.booleans(),
)
own_songs = st.lists(songs, min_size=1, max_size=5, unique_by=lambda song: song.spotify_id)


@dataclass(frozen=True)
class Row:
    """A play that the file tells; `archived` is that the archive has it."""

    song: int
    ended: int
    archived: bool


@st.composite
def rows(draw: st.DrawFn, of: list[Song]) -> list[Row]:
    """Of different songs any number close together, of one song far apart."""
    times = st.integers(0, 40).map(lambda n: START + 7_000 * n)
    once = (lambda one: one[0], lambda one: one[1])
    each = st.tuples(st.integers(0, len(of) - 1), times, st.booleans())
    drawn = draw(st.lists(each, max_size=8, unique_by=once))
    later = [(song, at + 3_600_000, here) for song, at, here in drawn]
    return [Row(*one) for one in [*drawn, *later]]


def archive_of(all_songs: list[Song], told: list[Row]) -> ArchiveFrames:
    empty = {**dict.fromkeys(PLAYS), "source": 1, "removed": False}
    plays = [
        {**empty, "at": one.ended + 417, "track": one.song + 1} for one in told if one.archived
    ]
    used = {one.song for one in told if one.archived}
    tracks = [
        {"track": number + 1, "spotify_id": song.spotify_id, "title": song.title,
         "artists": [song.artist, *song.guests], "album": song.album, "length": 180_000}
        for number, song in enumerate(all_songs) if number in used
    ]  # fmt: skip
    return ArchiveFrames(
        pl.DataFrame(plays, schema=PLAYS).sort("at", "track"),
        pl.DataFrame(tracks, schema=identity.TRACKS),
    )


def outcomes(
    all_songs: list[Song], before: ArchiveFrames, told: list[Row], source: Source
) -> list[int]:
    """What becomes of the rows of a file; a scrobbler names all artists and no ids."""
    ids = source is EXTENDED
    empty = {**dict.fromkeys(ARRIVALS), "precision": 1_000}
    arrivals = [
        {**empty, "track": -1 - one.song, "ended": one.ended, "ms_played": 180_000 + number}
        for number, one in enumerate(told)
    ]
    tracks = [
        {"track": -1 - number, "spotify_id": song.spotify_id if ids else None,
         "title": song.title, "artists": [song.artist, *([] if ids else song.guests)],
         "album": song.album}
        for number, song in enumerate(all_songs)
    ]  # fmt: skip
    after, found = merge(
        before,
        pl.DataFrame(arrivals, schema=ARRIVALS),
        pl.DataFrame(tracks, schema=identity.TRACKS),
        source,
    )
    assert after.plays.height == before.plays.height + (found == Outcome.ADDED).sum()
    if ids:  # each row at the song that it names
        here = after.plays.drop_nulls("ms_played").join(after.tracks, on="track")
        assert sorted(here.select("ms_played", "spotify_id").rows()) == [
            (180_000 + number, all_songs[one.song].spotify_id) for number, one in enumerate(told)
        ]
    return found.to_list()


def wanted(told: list[Row]) -> list[int]:
    return [Outcome.MATCHED if one.archived else Outcome.ADDED for one in told]


@settings(max_examples=25)
@given(own_songs, st.data(), st.sampled_from([EXTENDED, SCROBBLES]))
def test_of_a_whole_file_each_row_is_added_that_the_archive_lacks(
    all_songs: list[Song], data: st.DataObject, source: Source
) -> None:
    told = data.draw(rows(all_songs))
    assert outcomes(all_songs, archive_of(all_songs, told), told, source) == wanted(told)


@settings(max_examples=25)
@given(own_songs, st.data())
def test_a_row_meets_no_play_of_another_song_that_the_file_lacks(
    all_songs: list[Song], data: st.DataObject
) -> None:
    first = {(song.title, song.artist): song for song in all_songs}  # no reissues
    all_songs = list(first.values())
    there = data.draw(rows(all_songs))
    told = [one for one in there if not one.archived or data.draw(st.booleans())]
    assert outcomes(all_songs, archive_of(all_songs, there), told, EXTENDED) == wanted(told)


def test_a_row_that_names_a_guest_alone_meets_the_one_song_of_that_guest() -> None:
    all_songs = [Song("Tin", "A", ("X",), "Own", reissue=False)]
    before = archive_of(all_songs, [Row(0, START, archived=True)])
    guest_alone = [Song("Tin", "X", (), "", reissue=False)]
    told = [Row(0, START, archived=True)]
    assert outcomes(guest_alone, before, told, SCROBBLES) == [Outcome.MATCHED]


def test_two_songs_of_one_title_and_guest_within_a_minute_are_two_plays() -> None:
    all_songs = [
        Song("Tin", "Tanri", ("X",), "Own", reissue=False),
        Song("Tin", "Q", ("X",), "Own", reissue=False),
    ]
    # The archive knows the second song by an earlier play.
    there = [Row(0, START, archived=True), Row(1, START - 3_600_000, archived=True)]
    told = [Row(1, START + 41_000, archived=False)]
    for source in (EXTENDED, SCROBBLES):
        before = archive_of(all_songs, there)
        assert outcomes(all_songs, before, told, source) == [Outcome.ADDED]
