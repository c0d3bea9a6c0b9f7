"""Names for the few catalog ids that a page shows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from audiospective.history.catalog import rows
from audiospective.history.catalog.decode import opened
from audiospective.history.catalog.entries import Album, Artist, Entry, Kind, Track

Wanted = tuple[Kind, int]


@dataclass(frozen=True)
class TrackNames:
    """A track with its album and its artists, (id, name) in Spotify's order."""

    id: int
    spotify_id: str | None
    kind: str
    title: str
    duration_ms: int | None
    album_id: int | None
    album: str | None
    image_url: str | None
    artists: list[tuple[int, str]] = field(default_factory=list)
    isrc: str | None = None


@dataclass(frozen=True)
class Named:
    """An artist, or an album with its picture."""

    id: int
    spotify_id: str | None
    name: str
    image_url: str | None = None


@dataclass(frozen=True)
class Names:
    """Names by id; tracks are all there, artists include those of the tracks."""

    tracks: dict[int, TrackNames]
    albums: dict[int, Named]
    artists: dict[int, Named]


def together(tracks: Collection[int], albums: Collection[int], artists: Collection[int]) -> Names:
    """Everything that a page shows, by id; two queries for every 2,000."""
    found = entries([
        *((Kind.TRACK, one) for one in tracks),
        *((Kind.ALBUM, one) for one in albums),
        *((Kind.ARTIST, one) for one in artists),
    ])  # fmt: skip
    known = {one: entry for (_, one), entry in found.items() if isinstance(entry, Track)}
    found |= entries(references(known.values()) - found.keys())
    return Names(
        {one: _named(one, known[one], found) if one in known else _nameless(one) for one in tracks},
        {
            key[1]: Named(key[1], one.spotify_id, one.name, one.image_url)
            for key, one in found.items()
            if isinstance(one, Album)
        },
        {
            key[1]: Named(key[1], one.spotify_id, one.name)
            for key, one in found.items()
            if isinstance(one, Artist)
        },
    )


def number_of_tracks() -> int:
    """How many tracks the catalog ever took in; one small query."""
    return rows.state().next_id[Kind.TRACK] - 1


def tracks(ids: Collection[int]) -> dict[int, TrackNames]:
    """What tracks are called, by id; two queries for every 2,000.

    An id that the catalog lacks (a backup put back in part) gets an empty title, never an error.
    """
    known, others = described(ids)
    return {one: _named(one, known[one], others) if one in known else _nameless(one) for one in ids}


def _nameless(one: int) -> TrackNames:
    return TrackNames(one, None, "track", "", None, None, None, None)


def _named(one: int, track: Track, others: Mapping[Wanted, Entry]) -> TrackNames:
    album = others.get((Kind.ALBUM, track.album)) if track.album else None
    return TrackNames(
        one, track.spotify_id, track.kind, track.name, track.duration_ms, track.album,
        album.name if album else None,
        album.image_url if isinstance(album, Album) else None,
        [(who, others[Kind.ARTIST, who].name) for who in track.artists
         if (Kind.ARTIST, who) in others],
        track.isrc,
    )  # fmt: skip


def artists(ids: Collection[int]) -> dict[int, Named]:
    """What artists are called, by id."""
    found = entries((Kind.ARTIST, one) for one in ids)
    return {
        key[1]: Named(key[1], one.spotify_id, one.name)
        for key, one in found.items()
        if isinstance(one, Artist)
    }


def albums(ids: Collection[int]) -> dict[int, Named]:
    """What albums are called, by id, with their pictures."""
    found = entries((Kind.ALBUM, one) for one in ids)
    return {
        key[1]: Named(key[1], one.spotify_id, one.name, one.image_url)
        for key, one in found.items()
        if isinstance(one, Album)
    }


def references(tracks: Iterable[Track]) -> set[Wanted]:
    """The albums and artists of tracks."""
    known = list(tracks)
    albums = {(Kind.ALBUM, track.album) for track in known if track.album is not None}
    return albums | {(Kind.ARTIST, one) for track in known for one in track.artists}


def described(ids: Iterable[int]) -> tuple[dict[int, Track], dict[Wanted, Entry]]:
    """Tracks by id, and the albums and artists that they refer to.

    A reference to an entry that gave way is one to what it gave way to. Two statements for every
    2,000 ids, and two more only where an entry gave way.
    """
    tracks = tracks_alone(ids)
    wanted = references(tracks.values())
    others = _stored(wanted)
    targets = _targets(wanted - others.keys())
    if targets:
        others |= _stored(targets.values())
        to = {one: target[1] for one, target in targets.items()}
        tracks = {
            one: track._replace(
                album=track.album and to.get((Kind.ALBUM, track.album), track.album),
                artists=tuple(to.get((Kind.ARTIST, who), who) for who in track.artists),
            )
            for one, track in tracks.items()
        }
    return tracks, others


def tracks_alone(ids: Iterable[int]) -> dict[int, Track]:
    """Tracks by id, without what they refer to; one statement for every 2,000 ids."""
    found = _stored((Kind.TRACK, one) for one in ids)
    return {one: track for (_, one), track in found.items() if isinstance(track, Track)}


def entries(wanted: Iterable[Wanted]) -> dict[Wanted, Entry]:
    """Entries by kind and id; one that gave way is what it gave way to, others that are gone lack.

    One statement for every 2,000 ids, and two more only where an entry gave way.
    """
    asked = set(wanted)
    found = _stored(asked)
    targets = _targets(asked - found.keys())
    others = _stored(targets.values())
    return found | {one: others[target] for one, target in targets.items() if target in others}


def followed(kind: Kind, ids: Collection[int]) -> frozenset[int]:
    """These ids, each as what it gave way to; one statement."""
    aliases = rows.aliases(kind)
    return frozenset(aliases.get(one, one) for one in ids)


def _targets(gone: set[Wanted]) -> dict[Wanted, Wanted]:
    """What entries that are not there have given way to."""
    aliases = {kind: rows.aliases(kind) for kind in {kind for kind, _ in gone}}
    return {(kind, one): (kind, aliases[kind][one]) for kind, one in gone if one in aliases[kind]}


def _stored(wanted: Iterable[Wanted]) -> dict[Wanted, Entry]:
    asked = sorted(set(wanted))
    found: dict[Wanted, Entry] = {}
    for stored, own in rows.by_block(asked):
        block = opened(stored.kind, stored.count, stored.numbers, stored.facts)
        for one in own:
            entry = block[one - stored.first]
            if entry is not None:
                found[stored.kind, one] = entry
    return found
