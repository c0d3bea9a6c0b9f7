"""What the figures of an archive are with an import and without it, for whoever has to decide."""

from __future__ import annotations

from typing import Any

import polars as pl

from audiospective.imports.archive_frames import ArchiveFrames

TOP = 5


def of(found: ArchiveFrames) -> dict[str, Any]:
    """Plays, tracks, artists, milliseconds heard where known, the first instant, the top artists.

    Artists are counted by the first name of a track as it is written; the statistics of the
    archive itself go by ids.
    """
    plays = found.plays.select("at", "track", "ms_played", "removed").filter(~pl.col("removed"))
    names = found.tracks.select("track", artist=pl.col("artists").list.first())
    by_artist = (
        plays.select("track")
        .join(names, on="track", how="left")
        .drop_nulls("artist")
        .group_by("artist")
        .len("plays")
        .sort(["plays", "artist"], descending=[True, False])
    )
    return {
        "plays": plays.height,
        "tracks": plays["track"].n_unique(),
        "artists": by_artist.height,
        "ms_played": int(plays["ms_played"].cast(pl.Int64).sum() or 0),
        "first_at": plays["at"].min(),
        "top": by_artist.head(TOP).rows(),
    }
