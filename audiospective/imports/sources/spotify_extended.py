"""Spotify's extended streaming history: audio and video files of every generation.

It is read in columns, at the speed of the JSON parser. docs/importing.md says what a row holds.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson
import polars as pl

from audiospective.imports.errors import RefusedError
from audiospective.imports.plays import Batch, Broken, Rejected
from audiospective.imports.reading import json_rows, raw
from audiospective.imports.reading.ahead import ahead
from audiospective.imports.reading.arrays import many
from audiospective.imports.reading.typed_rows import Rows
from audiospective.imports.reasons import Reason
from audiospective.imports.sources import spotify_extended_columns as columns
from audiospective.imports.sources.base import Answers, File, Peek, Verdict

_NAME = re.compile(
    r"(endsong|endvideo|streaming_history_(audio|video)_\d{4}).*\.json", re.IGNORECASE
)
_CHUNK = 16 << 20  # bytes at a time: mostly a whole file, since small pieces cost as much
_HELD = 200_000  # offline rows that wait for the end of their file
_MARK = "\ufeff".encode()
_SURROGATE = re.compile(rb"\\u[dD]")
_KEYS = {"spotify_track_uri", "master_metadata_track_name", "conn_country", "reason_end"}


def sniff(peek: Peek) -> Verdict | None:
    """By its keys; an empty list by its name."""
    if peek.opening != "[":
        return None
    if {"ts", "ms_played"} <= peek.keys and _KEYS & peek.keys:
        return Verdict(95)
    return Verdict(60) if not peek.keys and _NAME.match(peek.basename) else None


def read(files: Sequence[File], answers: Answers) -> Iterator[Batch | Broken]:
    """Every row of every file; rows made offline come last of their file."""
    for file, found in groupby(ahead(_pieces(files)), key=itemgetter(0)):
        of_file = _File(file, answers)
        for _, piece in found:
            if isinstance(piece, RefusedError):
                yield Broken(file.number, piece.sentence)
                break
            yield from of_file.batches(piece)
        else:
            yield from of_file.released()


def _pieces(files: Sequence[File]) -> Iterator[tuple[File, _Piece | RefusedError]]:
    """What the files hold, some megabytes at a time, or why one cannot be read (any further)."""
    for file in files:
        try:
            with file.open() as stream:
                for found in json_rows.pieces(stream, _parse, chunk=_CHUNK, picking=True):
                    if isinstance(found, list):
                        rows, odd = columns.lenient(list(map(json_rows.value, found)))
                        yield file, _Piece(rows, found, odd)
                    else:
                        yield file, found
        except RefusedError as error:
            yield file, error


@dataclass(frozen=True)
class _Piece:
    rows: Rows  # of columns.ROWS
    source: bytes | list[bytes]
    unreadable: Sequence[int] = ()  # places of rows that are no objects
    escapes: bool = True  # there may be NUL or byte order marks, which cannot be stored

    @cached_property
    def values(self) -> Any:
        """The rows as they stand in the file; fields that nobody keeps may be beyond reading."""
        if not isinstance(self.source, bytes):
            return list(map(json_rows.value, self.source))
        values = json_rows.value(self.source)
        return values if isinstance(values, list) else [None] * len(self.rows)


def _parse(piece: bytes) -> _Piece:
    """At once; a value of a wrong type, or half a character, row by row.

    Raises ValueError for what is no JSON, and for what then would take too much memory.
    """
    escapes = _escapes(piece)
    if not escapes or not _SURROGATE.search(piece):
        with suppress(ValueError):
            return _Piece(columns.ROWS.decode(piece), piece, escapes=escapes)
    if many(piece):
        raise ValueError
    rows, odd = columns.lenient(orjson.loads(piece))
    return _Piece(rows, piece, odd)


def _escapes(piece: bytes) -> bool:
    """Searched for sign by sign, which is many times faster than for two signs at once."""
    at = piece.find(b"\\")
    while at >= 0:
        if piece[at + 1 : at + 2] == b"u":
            return True
        at = piece.find(b"\\", at + 2)
    return b"\xef" in piece and _MARK in piece


class _File:
    """One file while it is read: how many rows so far, and those that wait for its end."""

    def __init__(self, file: File, answers: Answers) -> None:
        self._number = file.number
        self._answers = answers
        self._count = 0
        self._held: list[tuple[pl.DataFrame, pl.DataFrame]] = []

    def batches(self, piece: _Piece) -> Iterator[Batch]:
        yield self._batch(piece)
        if sum(rows.height for rows, _ in self._held) > _HELD:
            yield from self.released()

    def _batch(self, piece: _Piece) -> Batch:
        first = self._count + 1
        self._count += len(piece.rows)
        notes: Counter[str] = Counter()
        plays, tracks = columns.plays(
            piece.rows, piece.unreadable, first, self._answers, notes, piece.escapes
        )
        faults = plays.filter(pl.col("fault").is_not_null())
        rejected = [
            Rejected(row, Reason(fault), raw.of(piece.values[row - first], columns.KNOWN))
            for row, fault in faults.select("row", "fault").iter_rows()
        ]
        plays = plays.filter(pl.col("fault").is_null())
        waiting = pl.col("offline").fill_null(False) & pl.col("offline_at").is_not_null()
        held = plays.filter(waiting)
        if held.height:
            of_held = held["place"].unique().sort()
            place = of_held.search_sorted(held["place"]).cast(pl.UInt32).alias("place")
            self._held.append((held.with_columns(place), tracks[of_held]))
            plays = plays.filter(~waiting)
        return Batch(self._number, columns.final(plays), (), rejected, notes, tracks)

    def released(self) -> Iterator[Batch]:
        """The rows made offline, those that share a sync's time put where they were played."""
        if self._held:
            plays, tracks, before = [], [], 0
            for rows, of_rows in self._held:
                plays.append(rows.with_columns(pl.col("place") + before))
                tracks.append(of_rows)
                before += of_rows.height
            self._held = []
            told = pl.concat(tracks)
            rows = columns.unsynced(pl.concat(plays), told)
            yield Batch(self._number, columns.final(rows), tracks=told)
