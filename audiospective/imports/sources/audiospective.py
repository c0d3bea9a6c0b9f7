"""This project's own exports, from here or from another installation.

Parquet, JSON and CSV, and Spotify's form. Those for ListenBrainz, Koito and Maloja are read as
theirs, since such programs may have added to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
from polars.exceptions import PanicException, PolarsError

from audiospective.imports.errors import ContainerError, RefusedError
from audiospective.imports.plays import KINDS, Batch, Broken
from audiospective.imports.reading import times
from audiospective.imports.reading.gathering import Gathering
from audiospective.imports.reading.values import (
    NAME,
    boolean,
    isrc,
    milliseconds,
    names,
    positive,
    spotify_id,
    text,
)
from audiospective.imports.sources import by_row, spotify_extended
from audiospective.imports.sources.base import Answers, File, Peek, Verdict
from audiospective.policy import own_rows
from audiospective.policy.spreadsheets import GUARDED, listed
from audiospective.policy.timing import BY_HEARD, BY_START, Timing

_FLAGS = ("shuffle", "skipped", "offline")
_TEXTS = ("reason_start", "reason_end", "platform", "country")
_KNOWN = {
    *("played_at", "ms_played", "timing", "track", "artist", "artists", "album", "length_ms"),
    *("kind", "spotify_uri", "uri", "isrc", "title", "duration_ms", "spotify_id"),
}
_SLICE = 50_000
_MOST = 5_000_000  # plays of a Parquet file, which can claim any number in a few bytes
_CREDITS = 100  # artists of a track
_MORE = ("context", "incognito")
_APOSTROPHE = re.compile(GUARDED)
_NO_PLAYS = re.compile(r'"plays"\s*:\s*\[\s*\]')  # of an archive without any
_TIMINGS = {timing.name.lower(): timing for timing in Timing}
_NUMBERS = {timing.value for timing in Timing}
_SPOTIFY = "spotify"  # the role of files in Spotify's form
_WRITTEN = re.compile(rf'"platform"\s*:\s*"{own_rows.MARK}(?:, |")')
_DAMAGED = "The Parquet file is damaged; download it again."


def sniff(peek: Peek) -> Verdict | None:
    if peek.kind == "parquet" and peek.basename.lower().startswith("plays"):
        return Verdict(97, "parquet")
    if {"played_at", "local_time", "spotify_uri", "ms_played"} <= set(peek.header):
        return Verdict(96, "table")
    if peek.opening == "{" and "format" in peek.keys and '"audiospective"' in peek.text[:200]:
        plays = {"played_at", "local_time", "timing"} <= peek.keys or _NO_PLAYS.search(peek.text)
        return Verdict(97, "list") if plays else None
    if spotify_extended.sniff(peek) and _WRITTEN.search(peek.text):
        return Verdict(98, _SPOTIFY)
    return None


def read(files: Sequence[File], answers: Answers) -> Iterator[Batch | Broken]:
    """Every play as it was kept; where its time came from a beginning it comes from it again."""
    yield from spotify_extended.read([one for one in files if one.role == _SPOTIFY], answers)
    for file in files:
        if file.role == _SPOTIFY:
            continue
        rows, facts = _READERS[file.role]

        def take(
            gathering: Gathering, number: int, row: Mapping[str, Any], facts: Any = facts
        ) -> None:
            found = facts(row)
            play = {**found, **_instants(row, found["ms_played"])}
            if not play["title"] and not play["spotify_id"] and play["kind"] == "unknown":
                gathering.note("unknown_item")
            gathering.play(number, row, play, artist_needed=False)

        yield from by_row.read([file], answers, _KNOWN, rows, take)


def _instants(row: Mapping[str, Any], played: int | None) -> dict[str, Any]:
    written = row.get("timing")
    timing = Timing.END
    if isinstance(written, int) and written in _NUMBERS:
        timing = Timing(written)
    elif isinstance(written, str):
        timing = _TIMINGS.get(written, Timing.END)
    instant = row.get("played_at")
    at = instant if isinstance(instant, int) else times.iso(instant)
    if at is not None and timing in BY_HEARD and played is not None:
        return {"started_at": at - played, "precision": timing.precision}
    side = "started_at" if timing in BY_START else "ended_at"
    return {side: at, "precision": timing.precision}


def _of_play(row: Mapping[str, Any]) -> dict[str, Any]:
    private = row.get("private", row.get("incognito"))
    return {
        "ms_played": milliseconds(row.get("ms_played")),
        "context": _plain(row.get("played_from", row.get("context"))),
        "incognito": boolean(private),
        **{name: boolean(row.get(name)) for name in _FLAGS},
        **{name: _plain(row.get(name)) for name in _TEXTS},
    }


def _of_track(track: Mapping[str, Any]) -> dict[str, Any]:
    """The names under which the three formats keep them."""
    kind = text(track.get("kind"))
    artists = names(track.get("artists"))
    album = text(track.get("album"))
    return {
        "kind": kind if kind in KINDS else "unknown",
        "title": text(track.get("title")) or text(track.get("name")),
        "artist": ", ".join(artists) or None,
        "artists": artists or None,
        "album": album,
        "show": album if kind in ("episode", "chapter") else None,
        "spotify_id": spotify_id(track.get("spotify_id")) or _last(track.get("uri")),
        "isrc": isrc(track.get("isrc")),
        "length_ms": positive(track.get("length_ms", track.get("duration_ms"))),
    }


def _listed(row: Mapping[str, Any]) -> dict[str, Any]:
    track = row.get("track")
    return _of_play(row) | _of_track(track if isinstance(track, Mapping) else {})


def _tabled(row: Mapping[str, Any]) -> dict[str, Any]:
    first = _plain(row.get("artist"))
    artists = listed(_plain(row.get("artists"), _CREDITS * NAME) or "", first)
    track = {
        "kind": row.get("kind"),
        "title": _plain(row.get("track")),
        "artists": artists if any(artists) else [first],
        "album": _plain(row.get("album")),
        "uri": row.get("spotify_uri"),
        "isrc": _plain(row.get("isrc")),
        "length_ms": row.get("length_ms"),
    }
    return _of_play(row) | _of_track(track)


def _plain(value: object, limit: int = NAME) -> str | None:
    """A text without the apostrophe that keeps spreadsheets from reading it as something else."""
    written = text(value, limit)
    return written[1:] if written and _APOSTROPHE.match(written) else written


def _last(uri: object) -> str | None:
    """The id at the end of a URI of any kind."""
    written = text(uri) or ""
    return spotify_id(written.rpartition(":")[2]) if written.startswith("spotify:") else None


def _parquet(file: File) -> by_row.Rows:
    """Rows of the file, some thousand at a time; raises ContainerError."""
    number = 0
    try:
        scan = pl.scan_parquet(file.path())
        there = scan.collect_schema()
        dated = there.get("played_at") == pl.Datetime("ms", "UTC")
        if not dated or not {"track", "title"} <= there.keys():
            raise ContainerError("A Parquet file that is not this project's; send a CSV instead.")
        instant = pl.col("played_at").to_physical()
        if scan.select(pl.len()).collect().item() > _MOST:
            raise ContainerError(f"It holds more than {_MOST:,} plays.")
        kept = [name for name in there if name in {*_KNOWN, *_FLAGS, *_TEXTS, *_MORE}]
        short = [pl.col(name).str.head(NAME) for name in kept if there[name] == pl.String]
        wanted = scan.with_columns(instant, *short).select(kept)
        if there.get("artists") == pl.List(pl.String):
            few = pl.col("artists").list.head(_CREDITS).list.eval(pl.element().str.head(NAME))
            wanted = wanted.with_columns(few)
        elif "artists" in kept:
            wanted = wanted.drop("artists")
        while rows := wanted.slice(number, _SLICE).collect().to_dicts():
            for row in rows:
                number += 1
                yield number, {**row, "track": None}
    except RefusedError:
        raise
    except (PolarsError, PanicException, OSError, MemoryError):
        raise ContainerError(_DAMAGED) from None


_READERS = {
    "parquet": (_parquet, lambda row: _of_play(row) | _of_track(row)),
    "list": (lambda file: by_row.array(file, "plays"), _listed),
    "table": (by_row.table, _tabled),
}
