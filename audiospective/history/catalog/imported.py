"""Entries for what an import names: tracks perhaps with ids, albums and artists without.

What one person's file says is never shown to others: a known id keeps Spotify's names, and a file
that gives other names to an id that Spotify has not described yet gets an entry of its own, until
Spotify describes both.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from audiospective.history.catalog import buckets, merge
from audiospective.history.catalog.buckets import Found, Name
from audiospective.history.catalog.entries import Album, Artist, Kind, Track
from audiospective.history.catalog.writer import Writer, writing
from audiospective.models import dialects

# Tracks a transaction: polls that learn something wait for it, about a second. Smaller ones would
# rewrite the buckets of the index more often, and PostgreSQL keeps what is rewritten for a while.
CHUNK = 4_000
# Of the many that an import tells each is asked for once: they would only drive out others.
_by_id, _by_words = buckets.by_id.__wrapped__, buckets.by_words.__wrapped__


class Named(NamedTuple):
    """What an export says about a track; `spotify_id` is the last part of its URI.

    `guests` are the artists credited after the first one, where the file lists them one by one.
    """

    spotify_id: str | None
    kind: str  # track, episode, chapter
    name: str
    artist: str | None = None
    album: str | None = None
    guests: tuple[str, ...] = ()

    @property
    def credited(self) -> tuple[str, ...]:
        """Every artist, as files list them."""
        return (self.artist, *self.guests) if self.artist else self.guests

    @property
    def words(self) -> tuple[str | None, ...]:
        """All that is said, by which the track is found."""
        return (*self[:5], *self.guests)


def remember(tracks: Iterable[Named], own: Collection[int] = ()) -> dict[Named, int]:
    """Our id of every track; what is new is stored. `own`: tracks of the importer's archive.

    A known id is believed, an import changes nothing about its entry. An artist is found by the
    very same name, an album by its name and artist; a wrong guess among namesakes is put right
    as soon as Spotify itself describes the track (merge).
    """
    wanted = sorted(set(tracks), key=lambda one: tuple(map(str, one)))
    first = {one.spotify_id or one: one for one in reversed(wanted)}
    once = list(first.values())
    ids: dict[Named, int] = {}
    with _collection.rare():
        for start in range(0, len(once), CHUNK):
            sought = _Sought.of(once[start : start + CHUNK])  # before: others can write meanwhile
            with writing() as catalog:
                ids |= _store(catalog, sought, own)
            if len(once) > CHUNK:
                dialects.vacuum("catalog_buckets", "catalog_open")
    # Exports of several years may name the same track differently.
    return {one: ids[first[one.spotify_id or one]] for one in wanted}


class _Collection:
    """Python's search for cycles, which is the whole process': rare while anybody asks for that."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entered = 0
        self._before = gc.get_threshold()

    @contextmanager
    def rare(self) -> Iterator[None]:
        """Names and entries are many and no cycles: looking for some takes a sixth of the time."""
        with self._lock:
            if not self._entered:
                self._before = gc.get_threshold()
                gc.set_threshold(100_000, *self._before[1:])
            self._entered += 1
        try:
            yield
        finally:
            with self._lock:
                self._entered -= 1
                if not self._entered:
                    gc.set_threshold(*self._before)


_collection = _Collection()


class _Sought(NamedTuple):
    """By what some tracks are looked up: what was said of them, their ids, artists and albums.

    Artists by what they are called, albums by that and by what their artist is called: many tracks
    share one.
    """

    said: dict[Named, Name]
    by_id: dict[Named, Name]
    artists: dict[str, Name]
    albums: dict[tuple[str, str | None], Name]

    @classmethod
    def of(cls, tracks: Sequence[Named]) -> _Sought:
        artists = {artist for one in tracks for artist in one.credited}
        albums = {(one.album, one.artist) for one in tracks if one.album}
        return cls(
            {one: _by_words(Kind.TRACK, *one.words) for one in tracks},
            {one: _by_id(Kind.TRACK, one.spotify_id) for one in tracks if one.spotify_id},
            {artist: merge.words(Kind.ARTIST, artist) for artist in artists},
            {album: merge.words(Kind.ALBUM, *album) for album in albums},
        )


def _store(catalog: Writer, sought: _Sought, own: Collection[int]) -> dict[Named, int]:
    said, by_id, artists, albums = sought
    names = {*said.values(), *by_id.values(), *artists.values(), *albums.values()}
    catalog.expect(names)
    there = {name: found for name in names if (found := catalog.find(name))}
    catalog.load(
        (kind, found.id)
        for kind, told in ((Kind.TRACK, said), (Kind.TRACK, by_id), (Kind.ARTIST, artists),
                           (Kind.ALBUM, albums))
        for name in told.values() if name in there for found in there[name]
    )  # fmt: skip
    holders = _holders(catalog, by_id, there)
    ids = _known(catalog, said, there, holders, own)
    of_artist: dict[str, int] = {}
    of_album: dict[tuple[str, str | None], int] = {}
    for one, name in said.items():
        if one in ids:
            continue
        album = None
        for artist in one.credited:
            if artist not in of_artist:
                of_artist[artist] = _named(catalog, Kind.ARTIST, artist, artists[artist])
        if one.album:
            record = one.album, one.artist
            album = of_album.get(record)
            if album is None:
                album = of_album[record] = _named(catalog, Kind.ALBUM, one.album, albums[record])
        credited = tuple(of_artist[artist] for artist in one.credited)
        entry = Track(one.spotify_id, one.name, one.kind, album, credited)
        made = ids[one] = catalog.add(Kind.TRACK, entry)
        if one in holders:
            catalog.alias(Kind.TRACK, made, holders[one])
        if one in by_id and one not in holders:
            catalog.name(by_id[one], made)
        else:
            catalog.name(name, made, name.check)
    catalog.pardon(ids.values())
    return ids


def _holders(
    catalog: Writer, by_id: Mapping[Named, Name], there: Mapping[Name, list[Found]]
) -> dict[Named, int]:
    """The tracks that have these Spotify ids, whatever they are called."""
    told = {one: [track.id for track in there[name]
                  if catalog.carries(Kind.TRACK, track.id, one.spotify_id or "")]
            for one, name in by_id.items() if name in there}  # fmt: skip
    return {one: min(found) for one, found in told.items() if found}


def _known(
    catalog: Writer,
    said: Mapping[Named, Name],
    there: Mapping[Name, list[Found]],
    holders: Mapping[Named, int],
    own: Collection[int],
) -> dict[Named, int]:
    ids: dict[Named, int] = {}
    doubtful: dict[Named, int] = {}
    for one, name in said.items():
        told = [found.id for found in there[name]
                if found.check == name.check and catalog.get(Kind.TRACK, found.id)
                ] if name in there else []  # fmt: skip
        holder = holders.get(one)
        if told:  # said before in just these words
            ids[one] = min(told)
        elif holder is not None and holder in own:
            ids[one] = holder
        elif holder is not None:
            doubtful[one] = holder
    _agree(catalog, doubtful, ids)
    return ids


def _agree(catalog: Writer, doubtful: Mapping[Named, int], ids: dict[Named, int]) -> None:
    """Ids that Spotify has described, or that an earlier import called just the same."""
    entries = {one: catalog.get(Kind.TRACK, holder) for one, holder in doubtful.items()}
    imported = {one: entry for one, entry in entries.items()
                if isinstance(entry, Track) and not entry.described}  # fmt: skip
    named = catalog.follow(
        (kind, other)
        for entry in imported.values()
        for kind, other in (
            (Kind.ALBUM, entry.album),
            *((Kind.ARTIST, artist) for artist in entry.artists),
        )
        if other is not None
    )
    for one, holder in doubtful.items():
        entry = imported.get(one)
        if entry is not None and entry != merge.bare(entry):
            continue  # a restored bundle says more of it, which is its member's alone
        if entry is None or (one.name, one.credited, one.album) == (
            entry.name, tuple(named.get((Kind.ARTIST, artist)) for artist in entry.artists),
            named.get((Kind.ALBUM, entry.album)),
        ):  # fmt: skip
            ids[one] = holder


def _named(catalog: Writer, kind: Kind, text: str, name: Name) -> int:
    """The artist or album called so, made if there is none."""
    found = _best(catalog, kind, name, text)
    if found is None:
        found = catalog.add(kind, Artist(None, text) if kind is Kind.ARTIST else Album(None, text))
        catalog.name(name, found)
    return found


def _best(catalog: Writer, kind: Kind, name: Name, text: str) -> int | None:
    """Of several namesakes the one whose id is known counts, then the first."""
    found = []
    for one in catalog.find(name):
        entry = catalog.get(kind, one.id)
        if entry is not None and entry.name == text:
            found.append((entry.spotify_id is None, one.id))
    return min(found)[1] if found else None
