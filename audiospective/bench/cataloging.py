"""Stores an invented catalog in a scratch database; without Polars, like a polling worker."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random

from audiospective.bench import invented_catalog, names
from audiospective.bench.listening import Catalog
from audiospective.history.catalog import polled
from audiospective.policy.plays import AlbumFacts, ArtistFacts, TrackFacts

CHUNK = 1_000  # tracks a transaction


def catalog_rows(catalog: Catalog) -> None:
    """Store a catalog; the id of a track is its index + 1."""
    told = _tracks(Random("bench/names"), catalog)
    while chunk := list(islice(told, CHUNK)):
        polled.remember(chunk)


def _tracks(rng: Random, catalog: Catalog) -> Iterator[TrackFacts]:
    albums: dict[int, AlbumFacts] = {}
    artists: dict[int, ArtistFacts] = {}
    for album, artist, duration in zip(
        catalog.albums, catalog.artists, catalog.durations, strict=True
    ):
        if artist not in artists:
            artists[artist] = ArtistFacts(invented_catalog.spotify_id(rng), names.artist(rng))
        if album not in albums:
            albums[album] = invented_catalog.album(rng, 12)
        yield TrackFacts(
            spotify_id=invented_catalog.spotify_id(rng),
            name=names.title(rng, artists[artist].name),
            artists=(artists[artist],),
            album=albums[album],
            duration_ms=duration,
            explicit=rng.random() < 0.1,
            isrc=invented_catalog.isrc(rng),
            disc_number=1,
            track_number=rng.randrange(1, 15),
        )
