"""What Spotify says of tracks: new ones are kept, changed ones renewed, known ones cost a look."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import orjson

from audiospective.history.catalog import buckets, merge, rows
from audiospective.history.catalog.buckets import Family, Name
from audiospective.history.catalog.entries import Kind, Track
from audiospective.history.catalog.writer import Writer, writing
from audiospective.policy.plays import TrackFacts


def remember(tracks: Iterable[TrackFacts]) -> dict[str, int]:
    """Our id of every track, by Spotify id; what is new or has changed is stored.

    A transaction of its own: an entry that nobody ended up playing does no harm, and the polls'
    transaction stays short. Two statements where everything is as it was.
    """
    facts = {track.spotify_id: track for track in tracks}
    digests = {key: digest(track) for key, track in facts.items()}
    names = {key: buckets.by_id(Kind.TRACK, key) for key in facts}
    known = _unchanged(names, digests)
    wanted = {key: facts[key] for key in facts if key not in known}
    if not wanted:
        return known
    with writing() as catalog:
        return known | _store(catalog, wanted, digests, names)


def digest(track: TrackFacts) -> int:
    """24 bits, never 0, that change whenever Spotify says something else about a track.

    With the 34 bits of its name's hash they also tell the track from all others.
    """
    body = hashlib.blake2b(orjson.dumps(track), digest_size=8).digest()
    return int.from_bytes(body, "big") >> 1 & 0xFFFFFF or 1


def _unchanged(names: Mapping[str, Name], digests: Mapping[str, int]) -> dict[str, int]:
    """Ids of tracks of which Spotify has said this before; read without a lock.

    A bucket that is being split meanwhile hides a name, which is then looked up in turn.
    """
    if not names:
        return {}
    count = rows.state().buckets[Family.TRACKS]
    places = {
        key: buckets.key_of(Family.TRACKS, buckets.bucket_of(name, count))
        for key, name in names.items()
    }
    packed = rows.buckets(set(places.values()))
    known: dict[str, int] = {}
    for key, place in places.items():
        if place not in packed:
            continue
        found = buckets.known(packed[place], names[key], digests[key])
        if found is not None:
            known[key] = found
    return known


def _store(
    catalog: Writer,
    facts: Mapping[str, TrackFacts],
    digests: Mapping[str, int],
    names: Mapping[str, Name],
) -> dict[str, int]:
    ids: dict[str, int] = {}
    changed: dict[int, str] = {}
    catalog.expect([*(names[key] for key in facts), *merge.names(facts.values())])
    catalog.load([
        *((Kind.TRACK, found.id) for key in facts for found in catalog.find(names[key])),
        *merge.candidates(catalog, facts.values()),
    ])  # fmt: skip
    for key in facts:
        for found in catalog.find(names[key]):
            if catalog.carries(Kind.TRACK, found.id, key):
                ids[key] = found.id
                if found.check != digests[key]:  # else another worker was quicker
                    changed[found.id] = key
    twins = catalog.twins(changed)
    changed |= {twin: changed[one] for twin, one in twins.items()}
    merge.adopt(catalog, {one: facts[key] for one, key in changed.items()})
    for key, track in facts.items():
        told = _told(catalog, track)
        if key not in ids:
            ids[key] = catalog.add(Kind.TRACK, told)
        catalog.name(names[key], ids[key], digests[key])
        for one in (one for one, own in changed.items() if own == key):
            merge.renew(catalog, one, told)
    catalog.pardon(changed)
    return ids


def _told(catalog: Writer, track: TrackFacts) -> Track:
    artists = [merge.artist(catalog, artist) for artist in track.artists]
    first = track.artists[0].name if track.artists else None
    album = merge.album(catalog, track.album, first) if track.album else None
    return merge.described(track, album, artists)
