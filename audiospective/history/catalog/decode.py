"""Reads blocks of the catalog: columns at once, entries one by one when they are asked for."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from typing import Any

from audiospective.history.catalog import dictionaries, encode
from audiospective.history.catalog.block_columns import (
    covers,
    dates,
    isrcs,
    numbers,
    references,
    spotify_ids,
)
from audiospective.history.catalog.entries import Album, Artist, Entry, Kind, Track, changed

_WRONG = (
    ValueError, IndexError, KeyError, TypeError, struct.error, zlib.error,
    dictionaries.MissingWordsError,
)  # fmt: skip


class UnreadableBlockError(Exception):
    """The bytes are no block of a known format."""


class Numbers:
    """What statistics need of a block of tracks, by place, without names."""

    __slots__ = ("_counts", "_credits", "_durations", "_starts", "albums")

    def __init__(self, count: int, data: bytes) -> None:
        try:
            body = zlib.decompress(data, -15)
            self.albums, at = references.unpack_references(body, 0, count)
            self._counts, at = numbers.unpack_numbers(body, at, count)
            many = [one - 1 if one else 0 for one in self._counts]
            self._credits, at = references.unpack_references(body, at, sum(many))
            self._durations, _ = numbers.unpack_numbers(body, at, count)
        except _WRONG as error:
            raise UnreadableBlockError(str(error)) from None
        self._starts = list(accumulate(many, initial=0))

    def gone(self, place: int) -> bool:
        """Whether there is no track in this place."""
        return self._counts[place] == 0

    def artists(self, place: int) -> tuple[int, ...]:
        """Who is credited, in order."""
        credited = self._credits[self._starts[place] : self._starts[place + 1]]
        return tuple(credited)  # type: ignore[arg-type]

    def duration(self, place: int) -> int | None:
        """Milliseconds."""
        return self._durations[place] - 1 if self._durations[place] else None


@lru_cache(maxsize=512)  # 12 MB: the pages of one person ask for the same ones again and again
def opened(kind: Kind, count: int, numbers: bytes, facts: bytes) -> Block:
    """A block; opened once for as long as its bytes stay the same."""
    return Block(kind, count, numbers, facts)


class Block:
    """A block: Spotify ids without inflating anything, columns at the first entry asked for."""

    def __init__(self, kind: Kind, count: int, numbers: bytes, facts: bytes) -> None:
        self.count = count
        self._kind, self._numbers, self._facts = kind, numbers, facts
        try:
            start, apart = _head(facts)
            self.words = encode.words_of(facts)
        except (struct.error, IndexError) as error:
            raise UnreadableBlockError(str(error)) from None
        self._body_at = start + apart
        self._apart = facts[start : self._body_at]
        self._columns: _Columns | None = None

    def __getitem__(self, index: int) -> Entry | None:
        return self._opened()[index] if 0 <= index < self.count else None

    def __iter__(self) -> Iterator[Entry | None]:
        opened = self._opened()
        return (opened[index] for index in range(self.count))

    def carries(self, index: int, spotify_id: str) -> bool:
        """Whether an entry has this Spotify id."""
        size = spotify_ids.ID_BYTES
        packed = spotify_ids.pack_id(spotify_id)
        if packed is not None:
            return self._apart[index * size : (index + 1) * size] == packed
        entry = self[index]
        return entry is not None and entry.spotify_id == spotify_id

    def _opened(self) -> _Columns:
        if self._columns is None:
            try:
                self._columns = _OPEN[self._kind](self)
            except _WRONG as error:
                raise UnreadableBlockError(str(error)) from None
        return self._columns


def _head(facts: bytes) -> tuple[int, int]:
    """Where what stands apart is, and how long."""
    version, apart = encode.FIRST_HEAD.unpack_from(facts)
    if version not in (encode.FIRST_FORMAT, encode.FORMAT):
        raise UnreadableBlockError(f"format {version} is not known, only up to {encode.FORMAT}")
    return (encode.HEAD if version == encode.FORMAT else encode.FIRST_HEAD).size, apart


class _Columns:
    """The columns of a block of artists; those of albums and tracks have more."""

    def __init__(self, block: Block) -> None:
        self._apart, self._count = block._apart, block.count
        stream = zlib.decompressobj(-15, zdict=dictionaries.of(block.words))
        self._body = stream.decompress(block._facts[block._body_at :])
        if not stream.eof:
            raise ValueError("the block ends too early")
        names, odd = encode.LENGTHS.unpack_from(self._body)
        self._at = encode.LENGTHS.size + names
        text = self._body[encode.LENGTHS.size : self._at].decode("utf-8", "surrogatepass")
        self._names = text.split("\n")
        self._odd: dict[str, Any] = json.loads(self._body[-odd:]) if odd else {}
        self._gone = frozenset(self._odd.get(encode.GONE, ()))
        if len(self._names) != self._count:
            raise ValueError(f"{len(self._names)} names for {self._count} entries")

    def __getitem__(self, index: int) -> Entry | None:
        if index in self._gone:
            return None
        entry = self.entry(index)
        odd = self._odd.get(str(index))
        if odd:
            entry = changed(entry, odd)
        return entry

    def entry(self, index: int) -> Entry:
        return Artist(self.spotify_id(index), self._names[index])

    def spotify_id(self, index: int) -> str | None:
        size = spotify_ids.ID_BYTES
        return spotify_ids.unpack_id(self._apart[index * size : (index + 1) * size])

    def plane(self, width: int = 1) -> bytes:
        start = self._at
        self._at += width * self._count
        return self._body[start : self._at]

    def numbers(self) -> tuple[int, ...]:
        """Each one more than it was, 0 for unknown."""
        values, self._at = numbers.unpack_numbers(self._body, self._at, self._count)
        return values


class _Albums(_Columns):
    def __init__(self, block: Block) -> None:
        super().__init__(block)
        self._forms = self.plane()
        self._covers, at = [], spotify_ids.ID_BYTES * self._count
        for form in self._forms:
            self._covers.append(at)
            at += covers.cover_length(form)
        self._types = self.plane()
        self._dates = [self.plane() for _ in dates.NO_DATE]
        self._totals = self.numbers()

    def entry(self, index: int) -> Album:
        form, at = self._forms[index], self._covers[index]
        date, precision = dates.unpack_date(*(plane[index] for plane in self._dates))
        return Album(
            self.spotify_id(index),
            self._names[index],
            encode.TYPES[self._types[index]],
            date,
            precision,
            self._totals[index] - 1 if self._totals[index] else None,
            covers.unpack_cover(form, self._apart[at : at + covers.cover_length(form)]),
        )


class _Tracks(_Columns):
    def __init__(self, block: Block) -> None:
        super().__init__(block)
        self._known = Numbers(block.count, block._numbers)
        self._kinds, self._explicit, self._described = (self.plane() for _ in range(3))
        self._labels = self.plane(isrcs.ISRC_LABEL).decode()
        self._codes, self._discs, self._places = (self.numbers() for _ in range(3))

    def entry(self, index: int) -> Track:
        code, disc, place = self._codes[index], self._discs[index], self._places[index]
        start = index * isrcs.ISRC_LABEL
        label = self._labels[start : start + isrcs.ISRC_LABEL]
        return Track(
            self.spotify_id(index),
            self._names[index],
            encode.KINDS[self._kinds[index]],
            self._known.albums[index],
            self._known.artists(index),
            self._known.duration(index),
            encode.FLAGS[self._explicit[index]],
            f"{label}{code - 1:07}" if code else None,
            disc - 1 if disc else None,
            place - 1 if place else None,
            bool(self._described[index]),
        )


_OPEN = {Kind.ARTIST: _Columns, Kind.ALBUM: _Albums, Kind.TRACK: _Tracks}
