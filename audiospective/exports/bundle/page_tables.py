"""The archive as the page of a bundle reads it: small Parquet tables that point at each other.

Numbers are positions: a play names a row of `tracks`, a track a row of `albums`. Everything keeps
the order of the catalog's ids, so that equals rank as they do on the site.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from audiospective.exports.bundle.counting import Counted
from audiospective.exports.snapshot import Snapshot

LEVEL = 19  # of zstd; these bytes are written once and sit in a page as text
UNKNOWN = -1
EVERY_PLAY = Counted()
KINDS = {"track": 0, "episode": 1, "chapter": 2}


FIRST = ("gap", "track")  # what the history and its search need of plays
LATER = ("ms", "heard")


@dataclass(frozen=True)
class Tables:
    """`catalog` by name (artists, albums, tracks, ids, credits), each as Parquet; plays apart."""

    catalog: dict[str, bytes]
    positions: pl.DataFrame  # track (the catalog's id), row, counting.FACTS
    counted: Counted

    @property
    def later(self) -> tuple[str, ...]:
        """What the figures need of plays, read once the page is there."""
        return LATER if self.counted.everything else (*LATER, "counts")

    def plays(self, snapshot: Snapshot, base: int) -> Iterator[tuple[int, pl.DataFrame]]:
        """The plays of each year of UTC with any, as `columns` gives them."""
        years = snapshot.scan().select(pl.col("played_at").dt.year()).unique().collect()
        for year in sorted(years.to_series().to_list()):
            yield (
                year,
                self.columns(snapshot.scan().filter(pl.col("played_at").dt.year() == year), base),
            )

    def columns(self, plays: pl.LazyFrame, base: int) -> pl.DataFrame:
        """The columns of some plays, oldest first.

        `gap`: seconds since the play before, of the first one since `base`; small numbers take less
        room than instants. `ms`: of the second. `heard`: ms, UNKNOWN where nobody told. `counts`: 0
        for plays that figures leave out.
        """
        instant = pl.col("played_at").dt.epoch("ms")
        found = (
            plays.select("played_at", "track", "ms_played", "reason_end")
            .join(self.positions.lazy(), on="track", how="left", maintain_order="left")
            .select(
                (instant // 1000).diff().fill_null(instant // 1000 - base).alias("gap"),
                (instant % 1000).cast(pl.Int32).alias("ms"),
                pl.col("row").alias("track"),
                pl.col("ms_played").fill_null(UNKNOWN).alias("heard"),
                self.counted.which().cast(pl.Int32).alias("counts"),
            )
            .select(*FIRST, *self.later)
            .collect()
        )
        # JavaScript has no 64-bit numbers but these; clocks may be wrong by more than 68 years.
        fits = found["gap"].is_between(-(2**31), 2**31 - 1).all()
        return found.cast({"gap": pl.Int32 if fits else pl.Float64})


def of(snapshot: Snapshot, counted: Counted = EVERY_PLAY) -> Tables:
    """The tables of a snapshot."""
    tracks = snapshot.tracks.sort("track").with_row_index("row").cast({"row": pl.Int32})
    albums = tracks.select("album_key", "album").drop_nulls("album_key").unique("album_key")
    albums = albums.sort("album_key").with_row_index("at").cast({"at": pl.Int32})
    credited = (
        tracks.select("row", "artists", "artist_keys")
        .explode("artists", "artist_keys")
        .drop_nulls("artist_keys")
    )
    artists = credited.select("artist_keys", "artists").unique("artist_keys").sort("artist_keys")
    artists = artists.with_row_index("at").cast({"at": pl.Int32})
    numbered = tracks.join(
        albums.select("album_key", "at"), on="album_key", how="left", maintain_order="left"
    )
    catalog = {
        "artists": artists.select(pl.col("artists").alias("name")),
        "albums": albums.select(pl.col("album").alias("name")),
        "tracks": numbered.select(
            pl.col("title").fill_null(""),
            pl.col("at").fill_null(UNKNOWN).alias("album"),
            pl.col("duration_ms").fill_null(UNKNOWN).alias("length"),
            pl.col("kind").replace_strict(KINDS, default=0, return_dtype=pl.Int32),
            pl.col("recording").replace_strict(tracks["track"], tracks["row"]).alias("same"),
        ),
        "ids": numbered.select(pl.col("spotify_id").fill_null("").alias("id")),
        "credits": credited.join(
            artists.select("artist_keys", "at"), on="artist_keys", maintain_order="left"
        ).select(pl.col("row").alias("track"), pl.col("at").alias("artist")),
    }
    return Tables(
        {name: parquet(table) for name, table in catalog.items()},
        tracks.select("track", "row").join(counted.facts(snapshot.tracks), on="track"),
        counted,
    )


def parquet(table: pl.DataFrame) -> bytes:
    """A table as a Parquet file of one row group."""
    file = io.BytesIO()
    table.write_parquet(
        file,
        compression="zstd",
        compression_level=LEVEL,
        statistics=False,
        row_group_size=max(1, table.height),
    )
    return file.getvalue()
