"""An invented catalog as listening brings it: wide, in the order in which tracks are first heard.

6 tracks an artist, 2.5 an album and 1.3 credits a track, as in public data sets of listening; 40 %
of the albums arrive as one run, the tracks of the others one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from audiospective.bench import names
from audiospective.policy.plays import AlbumFacts, ArtistFacts, TrackFacts

IN_ONE_RUN = 0.4
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def arrivals(tracks: int, seed: str = "bench") -> Iterator[TrackFacts]:
    """About `tracks` tracks as Spotify describes them."""
    rng = Random(f"{seed}/arrivals")
    sizes, places = _albums(rng, tracks), []
    for place, size in enumerate(sizes):
        run = rng.random() < IN_ONE_RUN
        at = rng.random()
        places += [(at if run else rng.random(), place, number) for number in range(size)]
    places.sort()
    artists = _owners(rng, len(sizes))
    known: dict[int, tuple[ArtistFacts, AlbumFacts, str]] = {}
    people: dict[int, ArtistFacts] = {}
    named: list[ArtistFacts] = []
    for _, place, number in places:
        if place not in known:
            if artists[place] not in people:
                people[artists[place]] = _artist(rng)
                named.append(people[artists[place]])
            known[place] = people[artists[place]], album(rng, sizes[place]), isrc(rng)
        who, record, label = known[place]
        guests = {who.spotify_id: who}
        while rng.random() < 0.24:
            guest = rng.choice(named) if rng.random() < 0.98 else _artist(rng)
            guests.setdefault(guest.spotify_id, guest)
        yield _track(rng, tuple(guests.values()), record, label, number)


def _albums(rng: Random, tracks: int) -> list[int]:
    """How many tracks of each album are ever heard."""
    sizes: list[int] = []
    total = 0
    while total < tracks:
        size = rng.choices((1, 2, 3, 4, 6, 9, 12), (56, 16, 9, 7, 5, 4, 3))[0]
        sizes.append(size)
        total += size
    return sizes


def _owners(rng: Random, albums: int) -> list[int]:
    """The artist of each album: 2.5 albums an artist, few have many."""
    owners: list[int] = []
    artist = 0
    while len(owners) < albums:
        owners += [artist] * (1 + min(30, int(rng.expovariate(0.52))))
        artist += 1
    rng.shuffle(owners)
    return owners[:albums]


def _artist(rng: Random) -> ArtistFacts:
    return ArtistFacts(spotify_id(rng), names.artist(rng))


def album(rng: Random, heard: int) -> AlbumFacts:
    """An album of which `heard` tracks are ever heard."""
    kind = "single" if heard == 1 and rng.random() < 0.5 else "album"
    total = rng.choice((1, 1, 2, 4)) if kind == "single" else max(heard, rng.randrange(8, 21))
    year = 2026 - min(70, int(rng.expovariate(0.09)))
    precision = rng.choices(("day", "year"), (95, 5))[0]
    date = f"{year}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
    prefix = "ab67616d00001e02" if rng.random() < 0.95 else f"{rng.getrandbits(64):016x}"
    return AlbumFacts(
        spotify_id=spotify_id(rng),
        name=names.album(rng),
        album_type="compilation" if rng.random() < 0.06 else kind,
        release_date=date if precision == "day" else str(year),
        release_date_precision=precision,
        total_tracks=total,
        image_url=f"https://i.scdn.co/image/{prefix}{rng.getrandbits(96):024x}",
    )


def isrc(rng: Random) -> str:
    """Twelve characters: country, registrant, year, recording."""
    country = rng.choices(
        ("US", "GB", "DE", "FR", "QZ", "SE", "JP", "ES"), (40, 18, 9, 7, 12, 5, 5, 4)
    )[0]
    registrant = "".join(rng.choices(_LETTERS[:36], k=2)) + rng.choice(_LETTERS[:36])
    return f"{country}{registrant}{rng.randrange(100):02}{rng.randrange(100_000):05}"


def _track(
    rng: Random, artists: tuple[ArtistFacts, ...], album: AlbumFacts, label: str, number: int
) -> TrackFacts:
    code = (int(label[5:]) + number) % 10_000_000
    return TrackFacts(
        spotify_id=spotify_id(rng),
        name=names.title(rng, artists[-1].name),
        artists=artists,
        album=album,
        duration_ms=int(min(max(rng.gauss(215_000, 60_000), 45_000), 900_000)),
        explicit=rng.random() < 0.12,
        isrc=f"{label[:5]}{code:07}",
        disc_number=1 if rng.random() < 0.97 else 2,
        track_number=number + 1
        if album.total_tracks == number + 1
        else rng.randrange(1, max(2, album.total_tracks or 1)),
    )


def spotify_id(rng: Random) -> str:
    """22 characters for 128 bits, as Spotify's ids are."""
    number, text = rng.getrandbits(128), ""
    for _ in range(22):
        number, digit = divmod(number, 62)
        text = _LETTERS[digit] + text
    return text
