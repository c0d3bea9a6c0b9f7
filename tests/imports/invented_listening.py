"""An invented listening life, and how each service would tell of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
from hypothesis import strategies as st

from audiospective.imports import identity
from audiospective.imports.archive_frames import PLAYS, ArchiveFrames
from audiospective.imports.merging import ARRIVALS, Source
from audiospective.imports.sources import Trust

# The nights on which clocks change in Europe and America, and an end of year.
NIGHTS = [
    datetime(2024, 3, 31, 0, 30, tzinfo=UTC),
    datetime(2024, 10, 27, 0, 30, tzinfo=UTC),
    datetime(2025, 3, 9, 6, 30, tzinfo=UTC),
    datetime(2025, 11, 2, 5, 30, tzinfo=UTC),
    datetime(2025, 12, 31, 23, 0, tzinfo=UTC),
]
SONGS = 5


@dataclass(frozen=True)
class Heard:
    """A play as it was: instants in ms, `song` a number, `length` of the track in ms."""

    song: int
    began: int
    ended: int
    length: int
    sitting: int  # plays of one sitting follow each other at once


def length(song: int, seed: int) -> int:
    """Between 0:31 and 15:00."""
    return 31_000 + (song * 7919 + seed * 104_729) % 869_001


@st.composite
def listening(draw: st.DrawFn) -> list[Heard]:
    """Some sittings, an hour or more apart; songs may come again at once, and be skipped."""
    seed = draw(st.integers(0, 50))
    heard: list[Heard] = []
    starts = draw(st.lists(st.sampled_from(NIGHTS), min_size=1, max_size=3, unique=True))
    for sitting, start in enumerate(sorted(starts)):
        at = int(start.timestamp() * 1000) + draw(st.integers(0, 59_999))
        for song, share, rest in draw(
            st.lists(
                st.tuples(
                    st.integers(0, SONGS - 1),
                    st.sampled_from([1.0, 1.0, 1.0, 0.7]),
                    st.sampled_from([0, 0, 400, 20_000]),
                ),
                min_size=1,
                max_size=12,
            )
        ):
            long = length(song, seed)
            took = max(31_000, int(long * share))
            heard.append(Heard(song, at, at + took, long, sitting))
            at += took + rest
    return heard


def spotify_id(song: int) -> str:
    return f"{song:022d}"


def _arrival(track: int, **told: object) -> dict[str, object]:
    return {**dict.fromkeys(ARRIVALS), "track": track, "precision": 1000, **told}


def extended(one: Heard) -> dict[str, object]:
    return _arrival(
        one.song,
        ended=one.ended // 1000 * 1000,
        ms_played=one.ended - one.began,
        reason_end="trackdone" if one.ended - one.began == one.length else "fwdbtn",
    )


def account(one: Heard) -> dict[str, object]:
    return _arrival(
        one.song,
        ended=one.ended // 60_000 * 60_000,
        precision=60_000,
        ms_played=one.ended - one.began,
    )


def lastfm(one: Heard) -> dict[str, object]:
    return _arrival(one.song, began=one.began // 1000 * 1000)


def lastfm_minutes(one: Heard) -> dict[str, object]:
    return _arrival(one.song, began=one.began // 60_000 * 60_000, precision=60_000)


def maloja(one: Heard) -> dict[str, object]:
    return _arrival(
        one.song, began=one.began // 1000 * 1000, ms_played=(one.ended - one.began) // 1000 * 1000
    )


# How a service tells of a play, what it knows of the track, and how much its word counts.
TELLERS: dict[str, tuple[Callable[[Heard], dict[str, object]], tuple[str, ...], Trust]] = {
    "spotify_extended": (extended, ("spotify_id", "title", "artists", "album"), Trust.HIGH),
    "spotify_account": (account, ("title", "artists"), Trust.LOW),
    "lastfm": (lastfm, ("title", "artists", "album"), Trust.NORMAL),
    "librefm": (lastfm_minutes, ("title", "artists"), Trust.NORMAL),
    "listenbrainz": (lastfm, ("spotify_id", "title", "artists", "length"), Trust.NORMAL),
    "maloja": (maloja, ("title", "artists", "length"), Trust.NORMAL),
}


@dataclass(frozen=True)
class File:
    """What one import brings."""

    arrivals: pl.DataFrame
    tracks: pl.DataFrame
    source: Source


def told_by(name: str, heard: Iterable[Heard], import_id: int) -> File:
    """The file that a service would give, its tracks numbered below zero."""
    tell, known, trust = TELLERS[name]
    base = -1000 * import_id
    rows = [tell(one) for one in heard]
    lengths = {one.song: one.length for one in heard}
    arrivals = pl.DataFrame(
        [{**row, "track": base - int(str(row["track"]))} for row in rows], schema=ARRIVALS
    )
    tracks = [
        {
            "track": base - song,
            **{name: value for name, value in facts(song, long).items() if name in known},
        }
        for song, long in lengths.items()
    ]
    return File(
        arrivals,
        pl.DataFrame(tracks, schema=identity.TRACKS),
        Source(name, trust, import_id),
    )


def facts(song: int, long: int) -> dict[str, object]:
    return {
        "spotify_id": spotify_id(song),
        "title": f"Song {song}",
        "artists": [f"Artist {song % 2}"],
        "album": f"Album {song % 3}",
        "length": long,
    }


def polled(heard: Sequence[Heard]) -> ArchiveFrames:
    """The archive after polls alone."""
    rows = [
        {**dict.fromkeys(PLAYS), "at": one.ended, "track": one.song + 1, "source": 1,
         "removed": False}
        for one in heard
    ]  # fmt: skip
    tracks = [
        {"track": song + 1, "isrc": None, **facts(song, long)}
        for song, long in {one.song: one.length for one in heard}.items()
    ]
    return ArchiveFrames(
        pl.DataFrame(rows, schema=PLAYS).unique(("at", "track")).sort("at", "track"),
        pl.DataFrame(tracks, schema=identity.TRACKS),
    )
