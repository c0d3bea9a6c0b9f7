"""Stores an invented catalog in a scratch database; without Polars, like a polling worker."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import Any

from audiospective.bench.listening import Catalog
from audiospective.models import Album, Artist, Track, TrackArtist, transaction

Rows = Iterator[dict[str, Any]]
CHUNK = 500  # rows a statement
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_WORDS = ("love", "night", "day", "river", "light", "moon", "fire", "rain", "heart", "road",
          "dream", "summer", "city", "ghost", "home", "blue", "wild", "gold", "paper", "glass",
          "north", "silver", "echo", "wonder", "morning", "shadow", "garden", "winter")  # fmt: skip


def catalog_rows(catalog: Catalog) -> None:
    """Store a catalog; the id of a track is its index + 1."""
    rng = Random("bench/names")
    with transaction():
        for model, rows in (
            (Artist, _artists(rng, catalog)),
            (Album, _albums(rng, catalog)),
            (Track, _tracks(rng, catalog)),
            (TrackArtist, _credits(catalog)),
        ):
            while chunk := list(islice(rows, CHUNK)):
                model.insert_many(chunk).execute()


def _artists(rng: Random, catalog: Catalog) -> Rows:
    for _ in catalog.by_artist:
        yield {"spotify_id": _id(rng), "name": _name(rng)}


def _albums(rng: Random, catalog: Catalog) -> Rows:
    for _ in range(catalog.albums[-1] + 1):
        yield {
            "spotify_id": _id(rng),
            "name": _name(rng),
            "album_type": "album",
            "release_date": f"{rng.randrange(1965, 2026)}-0{rng.randrange(1, 9)}-12",
            "release_date_precision": "day",
            "total_tracks": 12,
            "image_url": f"https://i.scdn.co/image/ab67616d00001e02{rng.randbytes(12).hex()}",
        }


def _tracks(rng: Random, catalog: Catalog) -> Rows:
    for album, duration in zip(catalog.albums, catalog.durations, strict=True):
        yield {
            "spotify_id": _id(rng),
            "kind": "track",
            "name": _name(rng),
            "album": album + 1,
            "duration_ms": duration,
            "explicit": rng.random() < 0.1,
            "isrc": f"QZ{rng.randbytes(5).hex().upper()}",
            "disc_number": 1,
            "track_number": rng.randrange(1, 15),
            "facts": rng.getrandbits(63),
        }


def _credits(catalog: Catalog) -> Rows:
    for track, artist in enumerate(catalog.artists):
        yield {"track": track + 1, "position": 0, "artist": artist + 1}


def _id(rng: Random) -> str:
    return "".join(rng.choices(_LETTERS, k=22))


def _name(rng: Random) -> str:
    return " ".join(rng.choices(_WORDS, k=1 + rng.randrange(4))).title()
