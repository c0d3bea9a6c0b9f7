"""The invented catalog: artists, albums and tracks, the same for the same seed."""

from dataclasses import dataclass, field
from datetime import date
from random import Random

from audiospective.sandbox import hard_names, names
from audiospective.sandbox.ids import base62

PLAIN_ARTISTS = 78
KINDS = ("album", "album", "album", "single", "compilation")


@dataclass(slots=True, eq=False)
class Artist:
    """Somebody who plays."""

    id: str
    name: str
    popularity: int
    albums: list["Album"] = field(default_factory=list, repr=False)


@dataclass(slots=True, eq=False)
class Album:
    """A release; the name of one that was taken down is empty."""

    id: str
    name: str
    kind: str
    artists: list[Artist]
    release_date: str
    precision: str
    upc: str
    popularity: int
    tracks: list["Track"] = field(default_factory=list, repr=False)


@dataclass(slots=True, eq=False)
class Track:
    """A recording; `duration_ms` in milliseconds."""

    id: str
    name: str
    artists: list[Artist]
    album: Album = field(repr=False)
    number: int
    duration_ms: int
    explicit: bool
    isrc: str
    popularity: int


class Catalog:
    """Everything that can be played, looked up by id."""

    def __init__(self, seed: str = "sandbox") -> None:
        self.seed = seed
        self.artists: dict[str, Artist] = {}
        self.albums: dict[str, Album] = {}
        self.tracks: dict[str, Track] = {}
        rng = Random(f"catalog/{seed}")
        artist_names = [names.artist_name(rng) for _ in range(PLAIN_ARTISTS)]
        for number, name in enumerate((*hard_names.HARD_ARTISTS, *artist_names)):
            self._artist(rng, number, name)
        self.ordered = list(self.artists.values())

    def _artist(self, rng: Random, number: int, name: str) -> None:
        artist = Artist(base62(self.seed, "artist", number), name, rng.randrange(5, 90))
        self.artists[artist.id] = artist
        hard = number < len(hard_names.HARD_ARTISTS)
        for index in range(rng.choice((1, 2, 3)) + hard):
            if hard and index == 0:
                title = hard_names.HARD_ALBUMS[number % len(hard_names.HARD_ALBUMS)]
            else:
                title = names.album_name(rng)
            artist.albums.append(self._album(rng, artist, index, title, hard))

    def _album(self, rng: Random, artist: Artist, index: int, title: str, hard: bool) -> Album:
        day = date(rng.randrange(1968, 2026), rng.randrange(1, 13), rng.randrange(1, 29))
        precision = rng.choice(("day", "day", "day", "month", "year"))
        kind = rng.choice(KINDS)
        album = Album(
            id=base62(self.seed, "album", artist.id, index),
            name=title,
            kind=kind,
            artists=[artist],
            release_date=day.isoformat()[: {"day": 10, "month": 7, "year": 4}[precision]],
            precision=precision,
            upc=f"{rng.randrange(10**12):013d}",
            popularity=rng.randrange(90),
        )
        self.albums[album.id] = album
        for number in range(1, (2 if kind == "single" else rng.randrange(6, 13)) + 1):
            name = (
                rng.choice(hard_names.HARD_TRACKS)
                if hard and number == 1
                else names.track_name(rng)
            )
            self._track(rng, album, number, name)
        return album

    def _track(self, rng: Random, album: Album, number: int, name: str) -> None:
        artists = list(album.artists)
        if self.artists and rng.random() < 0.08:
            guest = rng.choice(list(self.artists.values()))
            if guest not in artists:
                artists.append(guest)
        track = Track(
            id=base62(self.seed, "track", album.id, number),
            name=name,
            artists=artists,
            album=album,
            number=number,
            duration_ms=int(rng.triangular(95_000, 410_000, 205_000)),
            explicit=rng.random() < 0.1,
            isrc=f"ZZ{rng.choice('ABCDEFGH')}{rng.randrange(10**9):09d}",
            popularity=rng.randrange(90),
        )
        self.tracks[track.id] = track
        album.tracks.append(track)
