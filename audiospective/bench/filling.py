"""Fills a scratch database with a catalog and with archives, the way imports do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import polars as pl

from audiospective import clock, history
from audiospective.bench.listening import TODAY, Catalog, listen
from audiospective.bench.scratch import member
from audiospective.history import segment
from audiospective.models import Album, Artist, Track, TrackArtist, transaction
from audiospective.models.plays import FROM_BOTH, FROM_IMPORT

CHUNK = 2_000
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_WORDS = ("love", "night", "day", "river", "light", "moon", "fire", "rain", "heart", "road",
          "dream", "summer", "city", "ghost", "home", "blue", "wild", "gold", "paper", "glass",
          "north", "silver", "echo", "wonder", "morning", "shadow", "garden", "winter")  # fmt: skip


def catalog_rows(catalog: Catalog) -> None:
    """Store a catalog; the id of a track is its index + 1."""
    rng = Random("bench/names")
    artists = [{"spotify_id": _id(rng), "name": _name(rng)} for _ in catalog.by_artist]
    albums = [
        {
            "spotify_id": _id(rng),
            "name": _name(rng),
            "album_type": "album",
            "release_date": f"{rng.randrange(1965, 2026)}-0{rng.randrange(1, 9)}-12",
            "release_date_precision": "day",
            "total_tracks": 12,
            "image_url": f"https://i.scdn.co/image/ab67616d00001e02{rng.randbytes(12).hex()}",
        }
        for _ in range(catalog.albums[-1] + 1)
    ]
    tracks = [
        {
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
        for album, duration in zip(catalog.albums, catalog.durations, strict=True)
    ]
    credited = [
        {"track": track + 1, "position": 0, "artist": artist + 1}
        for track, artist in enumerate(catalog.artists)
    ]
    with transaction():
        for model, rows in (
            (Artist, artists), (Album, albums), (Track, tracks), (TrackArtist, credited),
        ):  # fmt: skip
            for start in range(0, len(rows), CHUNK):
                model.insert_many(rows[start : start + CHUNK]).execute()


def archive(catalog: Catalog, number: int, plays: int, years: float, *, full: bool) -> int:
    """A member with so many plays; the id.

    As people have them: the last year polled and found again in an export (every column, times in
    milliseconds), the years before from the export alone (no context, whole seconds). `full`
    makes all plays like the last year's: the worst case for size.
    """
    user_id = member(number)
    fill(catalog, user_id, plays, years, full=full)
    return user_id


def fill(catalog: Catalog, user_id: int, plays: int, years: float, *, full: bool) -> None:
    """Give an existing member so many plays."""
    history.absorb(user_id, frame(catalog, user_id, plays, TODAY, years, full=full))


def frame(
    catalog: Catalog, number: int, plays: int, end: datetime, years: float, *, full: bool
) -> pl.DataFrame:
    """The plays of one listener as an import brings them."""
    rows: list[tuple[Any, ...]] = []
    polled_from = 0 if full else clock.to_ms(end - timedelta(days=365))
    for one in listen(catalog, number, plays, end, years):
        polled = one.played_at >= polled_from
        rows.append(
            (
                one.played_at if polled else -(-one.played_at // 1000) * 1000,
                one.track + 1,
                FROM_BOTH if polled else FROM_IMPORT,
                one.ms_played,
                one.context if polled else None,
                one.reason_start,
                one.reason_end,
                one.shuffle,
                one.skipped,
                one.offline,
                one.incognito,
                one.platform,
                one.country,
                1,
            )
        )
    schema = {**segment.SCHEMA, "played_at": pl.Int64()}
    made = pl.DataFrame(_columns(rows), schema=schema).cast(segment.SCHEMA)
    return made.unique(segment.KEY, keep="first")


def _columns(rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    return dict(zip(segment.COLUMNS, zip(*rows, strict=True), strict=True))


def _id(rng: Random) -> str:
    return "".join(rng.choices(_LETTERS, k=22))


def _name(rng: Random) -> str:
    return " ".join(rng.choices(_WORDS, k=1 + rng.randrange(4))).title()
