"""The format of a block: a run of artists, albums or tracks as a few hundred compressed bytes.

A block has two parts. `numbers` is what statistics join plays with (album, artists, duration of a
track); `facts` is all the rest. Both hold columns, deflated; Spotify's ids and covers stand apart,
since nothing makes them smaller. docs/archive-format.md describes every byte.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any

from audiospective.history.catalog import dictionaries
from audiospective.history.catalog.block_columns import (
    covers,
    dates,
    isrcs,
    numbers,
    references,
    spotify_ids,
)
from audiospective.history.catalog.dictionaries import NONE
from audiospective.history.catalog.entries import Album, Artist, Entry, Kind, Track

FORMAT = 2  # with words; without any it is the first, which the release before reads
MOST = 400  # entries of a block

HEAD = struct.Struct("<BHI")  # format, bytes of what stands apart, the words it is deflated with
FIRST_FORMAT = 1
FIRST_HEAD = struct.Struct("<BH")  # without words
LENGTHS = struct.Struct("<II")  # bytes of the names, bytes of what fits no column
KINDS = ("track", "episode", "chapter")
TYPES = (None, "album", "single", "compilation", "ep")
FLAGS = (None, False, True)
GONE = "gone"
_WORTH_CODES = 200  # bytes: the table of a second set of codes takes about 50


def words_of(facts: bytes) -> int:
    """The number of the dictionary of a block; NONE for one of the first format."""
    return int(HEAD.unpack_from(facts)[2]) if facts[0] == FORMAT else NONE


def encode(kind: Kind, entries: Sequence[Entry | None], words: int = NONE) -> tuple[bytes, bytes]:
    """`numbers` and `facts` of a run of entries; None stands for one that is gone.

    `words` is the number of the dictionary that the names are deflated with.
    """
    writer = _Writer(_FIELDS[kind], entries)
    if kind is Kind.TRACK:
        _write_tracks(writer)
    elif kind is Kind.ALBUM:
        _write_albums(writer)
    else:
        _write_artists(writer)
    return writer.numbers(), writer.facts(words)


_FIELDS = {Kind.ARTIST: Artist._fields, Kind.ALBUM: Album._fields, Kind.TRACK: Track._fields}


class _Writer:
    """Collects the columns of a block, and in full what a column cannot say."""

    def __init__(self, fields: Sequence[str], entries: Sequence[Entry | None]) -> None:
        nothing = (None, "", *[None] * (len(fields) - 2))  # no id, and a name that takes no room
        rows = [entry if entry is not None else nothing for entry in entries]
        self.values: dict[str, Sequence[Any]] = dict(
            zip(fields, zip(*rows, strict=True), strict=True)
        )
        self.odd: dict[str, Any] = {}
        self.gone = [index for index, entry in enumerate(entries) if entry is None]
        if self.gone:
            self.odd[GONE] = self.gone
        self._numbers: list[bytes] = []
        self._apart: list[bytes] = []
        self._names: Sequence[str] = ()
        self._planes: list[bytes] = []

    def except_for(self, index: int, field: str, value: Any) -> None:
        self.odd.setdefault(str(index), {})[field] = value

    def column(self, field: str, form: Callable[[Any], Any], unknown: Any) -> list[Any]:
        """What `form` makes of each value; None from it means that the value does not fit."""
        values = self.values[field]
        if values.count(None) == len(values):  # as most columns of what only imports named
            found = [form(None)] * len(values)
        else:
            found = list(map(form, values))
        if None in found:
            for index, packed in enumerate(found):
                if packed is None:
                    self.except_for(index, field, values[index])
                    found[index] = unknown
        return found

    def ids(self) -> None:
        ids = self.values["spotify_id"]
        self._apart += spotify_ids.pack_ids(ids) or self.column(
            "spotify_id", spotify_ids.pack_id, spotify_ids.NO_ID
        )

    def names(self) -> None:
        def form(value: str) -> str | None:
            return None if "\n" in value else value

        names = self.values["name"]
        self._names = self.column("name", form, "") if "\n" in "".join(names) else names

    def small(self, field: str, values: Sequence[Any]) -> None:
        """A column of few values, each as its place among `values`, the first for what is odd."""
        places = {one: place for place, one in enumerate(values)}

        def form(value: Any) -> int | None:
            # By type as well: True is not 1 here.
            for one, place in places.items():
                if one is value or (isinstance(one, str) and one == value):
                    return place
            return None

        known = {*map(type, self.values[field])} <= {*map(type, values)}
        self._planes.append(bytes(self.column(field, places.get if known else form, 0)))

    def plain(self, data: bytes) -> None:
        self._planes.append(data)

    def apart(self, data: Sequence[bytes]) -> None:
        self._apart += data

    def whole(self, field: str, *, joined: bool = False) -> None:
        """A column of numbers."""

        def form(value: int | None) -> tuple[int | None] | None:
            fits = value is None or 0 <= value <= numbers.LARGEST
            return (value,) if fits else None

        values = [one for (one,) in self.column(field, form, (None,))]
        (self._numbers if joined else self._planes).append(numbers.pack_numbers(values))

    def references(self, ids: Sequence[int | None]) -> None:
        self._numbers.append(references.pack_references(ids))

    def joined(self, data: bytes) -> None:
        self._numbers.append(data)

    def numbers(self) -> bytes:
        return _deflated(b"".join(self._numbers)) if self._numbers else b""

    def facts(self, words: int) -> bytes:
        apart = b"".join(self._apart)
        names = "\n".join(self._names).encode("utf-8", "surrogatepass")
        odd = json.dumps(self.odd, separators=(",", ":")).encode() if self.odd else b""
        lengths = LENGTHS.pack(len(names), len(odd))
        body = _deflated(lengths + names, b"".join((*self._planes, odd)), words=words)
        if words == NONE:
            return FIRST_HEAD.pack(FIRST_FORMAT, len(apart)) + apart + body
        return HEAD.pack(FORMAT, len(apart), words) + apart + body


def _write_artists(writer: _Writer) -> None:
    writer.ids()
    writer.names()


def _write_albums(writer: _Writer) -> None:
    writer.ids()
    writer.names()
    pictures = writer.column("image_url", covers.pack_cover, (0, b""))
    writer.apart([data for _, data in pictures])
    writer.plain(bytes(form for form, _ in pictures))
    writer.small("album_type", TYPES)
    released = []
    told = zip(writer.values["release_date"], writer.values["release_date_precision"], strict=True)
    for index, (text, precision) in enumerate(told):
        packed = dates.pack_date(text, precision)
        if packed is None:
            writer.except_for(index, "release_date", text)
            writer.except_for(index, "release_date_precision", precision)
        released.append(packed or dates.NO_DATE)
    for plane in zip(*released, strict=True):
        writer.plain(bytes(plane))
    writer.whole("total_tracks")


def _write_tracks(writer: _Writer) -> None:
    artists = [credited or () for credited in writer.values["artists"]]
    writer.references(writer.values["album"])
    counts: list[int | None] = [len(credited) for credited in artists]
    for index in writer.gone:
        counts[index] = None  # so that statistics know it too
    writer.joined(numbers.pack_numbers(counts))
    writer.references([one for credited in artists for one in credited])
    writer.whole("duration_ms", joined=True)
    writer.ids()
    writer.names()
    writer.small("kind", KINDS)
    writer.small("explicit", FLAGS)
    writer.small("described", FLAGS[1:])
    codes = writer.column("isrc", isrcs.pack_isrc, (isrcs.NO_LABEL, None))
    writer.plain("".join(label for label, _ in codes).encode())
    writer.plain(numbers.pack_numbers([number for _, number in codes]))
    writer.whole("disc_number")
    writer.whole("track_number")


def _deflated(first: bytes, second: bytes = b"", *, words: int = NONE) -> bytes:
    """Text and numbers in a stream; each with codes of its own, since their bytes differ."""
    packer = zlib.compressobj(
        9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, dictionaries.of(words)
    )
    done = packer.compress(first)
    if len(second) > _WORTH_CODES:
        done += packer.flush(zlib.Z_BLOCK)
    return done + packer.compress(second) + packer.flush()
