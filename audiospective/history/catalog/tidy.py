"""Frees what merging leaves behind: references follow their aliases, albums and artists go.

Both happen in one transaction that writers of the catalog wait for: about two seconds with half a
million tracks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from audiospective.history.catalog import buckets, merge, rows
from audiospective.history.catalog.decode import Block, Numbers
from audiospective.history.catalog.entries import Entry, Kind, Track
from audiospective.history.catalog.rows import StoredBlock
from audiospective.history.catalog.writer import Writer, writing
from audiospective.models import HiddenArtist

PORTION = 200  # blocks that are held at a time


@dataclass
class Tidied:
    """Tracks whose references were moved; albums and artists that nothing referred to."""

    moved: int = 0
    dropped: int = 0


def tidy() -> Tidied:
    """Let references follow aliases, then drop albums and artists that no track refers to."""
    done = Tidied()
    with writing() as catalog:
        aliases = {kind: rows.aliases(kind) for kind in (Kind.ALBUM, Kind.ARTIST)}
        used = {kind: bytearray(catalog.next_id(kind)) for kind in aliases}
        for stored in every_block(Kind.TRACK):
            numbers = Numbers(stored.count, stored.numbers)
            moved = _moved(numbers, stored.count, aliases)
            done.moved += _move(catalog, stored, moved, aliases)
            for place in range(stored.count):
                album = numbers.albums[place]
                for one in numbers.artists(place):
                    used[Kind.ARTIST][aliases[Kind.ARTIST].get(one, one)] = 1
                if album is not None:
                    used[Kind.ALBUM][aliases[Kind.ALBUM].get(album, album)] = 1
        HiddenArtist.follow(aliases[Kind.ARTIST])
        catalog.forget_aliases()
        for kind, marks in used.items():
            done.dropped += _drop_unused(catalog, kind, marks)
    return done


def drop(catalog: Writer, kind: Kind, gone: Mapping[int, Entry]) -> None:
    """Take entries away, and the names by which they are found."""
    names = {
        one: [name for name in (
            buckets.by_id(kind, entry.spotify_id) if entry.spotify_id else None,
            merge.words(kind, entry.name) if kind is Kind.ARTIST else None,
        ) if name]
        for one, entry in gone.items()
    }  # fmt: skip
    catalog.expect(name for own in names.values() for name in own)
    for one, own in names.items():
        catalog.change(kind, one, None)
        for name in own:
            catalog.unname(name, one)


def every_block(kind: Kind) -> Iterator[StoredBlock]:
    """All blocks of a kind, a portion at a time."""
    start = 0
    while found := rows.blocks_from(kind, start, PORTION):
        yield from found
        start = found[-1].first + 1


def _moved(numbers: Numbers, count: int, aliases: Mapping[Kind, Mapping[int, int]]) -> list[int]:
    albums, artists = aliases[Kind.ALBUM], aliases[Kind.ARTIST]
    return [
        place
        for place in range(count)
        if numbers.albums[place] in albums or not artists.keys().isdisjoint(numbers.artists(place))
    ]


def _move(
    catalog: Writer, stored: StoredBlock, places: Collection[int],
    aliases: Mapping[Kind, Mapping[int, int]],
) -> int:  # fmt: skip
    if not places:
        return 0
    catalog.load((Kind.TRACK, stored.first + place) for place in places)
    albums, artists = aliases[Kind.ALBUM], aliases[Kind.ARTIST]
    for place in places:
        entry = catalog.get(Kind.TRACK, stored.first + place)
        if isinstance(entry, Track):
            catalog.change(Kind.TRACK, stored.first + place, entry._replace(
                album=albums.get(entry.album, entry.album) if entry.album else None,
                artists=tuple(dict.fromkeys(artists.get(one, one) for one in entry.artists)),
            ))  # fmt: skip
    catalog.write_changes()
    return len(places)


def _drop_unused(catalog: Writer, kind: Kind, used: bytearray) -> int:
    dropped = 0
    for stored in every_block(kind):
        marks = used[stored.first : stored.first + stored.count]
        if 0 not in marks:
            continue
        block = Block(stored.kind, stored.count, stored.numbers, stored.facts)
        gone = {stored.first + place: entry for place, mark in enumerate(marks)
                if not mark and (entry := block[place]) is not None}  # fmt: skip
        catalog.load((kind, one) for one in gone)
        drop(catalog, kind, gone)
        catalog.write_changes()
        dropped += len(gone)
    return dropped
