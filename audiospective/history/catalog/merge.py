"""Finds, adds and renews artists and albums as Spotify names them; imports' names become theirs.

An import may know a track's id but only the names of its album and artist. When Spotify says
more, the entries that carry the names get their ids, or give way to entries that have them.
Nothing that is known is ever blanked: Spotify empties the name of an album that it takes down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from audiospective.history.catalog import buckets
from audiospective.history.catalog.buckets import Name
from audiospective.history.catalog.entries import Album, Artist, Kind, Track, changed
from audiospective.history.catalog.writer import Writer
from audiospective.policy.plays import AlbumFacts, ArtistFacts, TrackFacts

# What figures are made of. Names are no part of it: Spotify says some of them in the language of
# whoever asks, so that they would come and go with every poll.
_FIGURES = ("spotify_id", "album", "artists", "duration_ms", "isrc")


def names(tracks: Iterable[TrackFacts]) -> Iterable[Name]:
    """By what the artists and albums of tracks are found, and will be."""
    for track in tracks:
        first = track.artists[0].name if track.artists else None
        for artist in track.artists:
            yield buckets.by_id(Kind.ARTIST, artist.spotify_id)
            yield words(Kind.ARTIST, artist.name)
        if track.album:
            yield buckets.by_id(Kind.ALBUM, track.album.spotify_id)
            yield words(Kind.ALBUM, track.album.name, first)


def words(kind: Kind, name: str, artist: str | None = None) -> Name:
    """By what an import finds an artist (by name) or an album (by name and artist)."""
    return buckets.by_words(kind, name, artist)


def candidates(catalog: Writer, tracks: Iterable[TrackFacts]) -> list[tuple[Kind, int]]:
    """What the artists and albums of tracks may be; to be loaded."""
    ids = {(Kind.ARTIST, artist.spotify_id) for track in tracks for artist in track.artists}
    ids |= {(Kind.ALBUM, track.album.spotify_id) for track in tracks if track.album}
    return [
        (kind, found.id)
        for kind, spotify_id in ids
        for found in catalog.find(buckets.by_id(kind, spotify_id))
    ]


def find(catalog: Writer, kind: Kind, spotify_id: str) -> int | None:
    """Our id of what Spotify calls so; its candidates must have been loaded."""
    found = (
        one.id
        for one in catalog.find(buckets.by_id(kind, spotify_id))
        if catalog.carries(kind, one.id, spotify_id)
    )
    return min(found, default=None)


def artist(catalog: Writer, told: ArtistFacts) -> int:
    """Our id of an artist, who is added or renamed if need be."""
    one = find(catalog, Kind.ARTIST, told.spotify_id)
    if one is None:
        one = catalog.add(Kind.ARTIST, Artist(told.spotify_id, told.name))
        catalog.name(buckets.by_id(Kind.ARTIST, told.spotify_id), one)
        catalog.name(words(Kind.ARTIST, told.name), one)
        return one
    _amend(catalog, Kind.ARTIST, one, {"name": told.name})
    return one


def album(catalog: Writer, told: AlbumFacts, artist: str | None) -> int:
    """Our id of an album; `artist` is the first one of the track that tells of it."""
    one = find(catalog, Kind.ALBUM, told.spotify_id)
    if one is None:
        one = catalog.add(Kind.ALBUM, Album(**vars(told)))
        catalog.name(buckets.by_id(Kind.ALBUM, told.spotify_id), one)
        catalog.name(words(Kind.ALBUM, told.name, artist), one)
        return one
    _amend(catalog, Kind.ALBUM, one, vars(told), artist)
    return one


def described(track: TrackFacts, album: int | None, artists: Sequence[int]) -> Track:
    """The entry of a track that Spotify has described."""
    return Track(
        track.spotify_id, track.name, track.kind, album, tuple(artists), track.duration_ms,
        track.explicit, track.isrc, track.disc_number, track.track_number, described=True,
    )  # fmt: skip


def renew(catalog: Writer, one: int, told: Track) -> None:
    """Write what is new about a track; no artists told: the known ones stay."""
    known = catalog.get(Kind.TRACK, one)
    if not isinstance(known, Track):
        return
    # What only a member's file says of a track gives way to Spotify's word, all of it.
    kept = known if known.described or not told.described else bare(known)
    renewed = changed(kept, _known(told._asdict()))
    if not isinstance(renewed, Track) or renewed == known:
        return
    catalog.change(Kind.TRACK, one, renewed)
    if any(getattr(renewed, name) != getattr(known, name) for name in _FIGURES):
        catalog.moved()


def bare(track: Track) -> Track:
    """A track as an ordinary import names it: without what else is known of it."""
    return Track(track.spotify_id, track.name, track.kind, track.album, track.artists)


def adopt(catalog: Writer, told: Mapping[int, TrackFacts]) -> None:
    """Give ids to the nameless albums and artists of tracks (facts by our id) of which we know."""
    entries = {one: catalog.get(Kind.TRACK, one) for one in told}
    tracks = {one: entry for one, entry in entries.items() if isinstance(entry, Track)}
    catalog.load((Kind.ALBUM, track.album) for track in tracks.values() if track.album)
    catalog.load((Kind.ARTIST, one) for track in tracks.values() for one in track.artists)
    for one, track in tracks.items():
        facts = told[one]
        first = facts.artists[0].name if facts.artists else None
        if track.album and facts.album:
            _identify(catalog, Kind.ALBUM, track.album, facts.album.spotify_id,
                      words(Kind.ALBUM, facts.album.name, first), facts.album.name)  # fmt: skip
        for own in track.artists:
            for artist in facts.artists:
                _identify(catalog, Kind.ARTIST, own, artist.spotify_id,
                          words(Kind.ARTIST, artist.name), artist.name)  # fmt: skip


def _identify(
    catalog: Writer, kind: Kind, one: int, spotify_id: str, said: Name, name: str
) -> None:
    """The entry without an id is this one if it has the name: it gets the id, or gives way."""
    entry = catalog.get(kind, one)
    if entry is None or entry.spotify_id is not None or entry.name != name:
        return
    holder = find(catalog, kind, spotify_id)
    if holder is None:
        catalog.change(kind, one, changed(entry, {"spotify_id": spotify_id}))
        catalog.name(buckets.by_id(kind, spotify_id), one)
        return
    catalog.change(kind, one, None)
    catalog.unname(said, one)
    catalog.alias(kind, one, holder)
    catalog.moved()


def _amend(
    catalog: Writer, kind: Kind, one: int, told: Mapping[str, object], artist: str | None = None
) -> None:
    known = catalog.get(kind, one)
    if known is None:
        return
    amended = changed(known, _known(told))
    if amended == known:
        return
    catalog.change(kind, one, amended)
    if isinstance(amended, Album) and amended.album_type != getattr(known, "album_type", None):
        catalog.moved()
    if amended.name != known.name:
        new, old = words(kind, amended.name, artist), words(kind, known.name, artist)
        catalog.expect([new, old])
        catalog.unname(old, one)
        catalog.name(new, one)


def _known(told: Mapping[str, object]) -> dict[str, object]:
    """What is told at all; `described` counts once it is true."""
    return {name: value for name, value in told.items() if value not in (None, "", ())}
