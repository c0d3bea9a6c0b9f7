"""Who and what was heard most in a span, and how that has moved since the span before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from audiospective.stats import by_track, tops, year_places

Days = tuple[date, date]


@dataclass(frozen=True)
class Place:
    """One line of a chart; `one` is an id of the catalog, `rank` counts from 1.

    `was` is the rank in the span before, None if it was not heard then; `new` says that it was
    never heard before this span. `track` is the most played one of it, whose cover can stand for
    it, `artist` the first one credited on that. `tracks` is how many different ones were heard.
    """

    rank: int
    one: int
    plays: int
    amount: int
    heard: int
    tracks: int
    track: int
    artist: int | None
    was: int | None = None
    new: bool = False


def of(plays: pl.DataFrame, kind: str, days: Days, before: Days | None, limit: int) -> list[Place]:
    """The `limit` first of tops.KINDS on the days of a span; `before` is the span before.

    The order is that of tops.top: by amount, of equals what was heard first.
    """
    own = by_track.between(plays, *days)
    ranked = tops.ranked(own, kind).head(limit)
    if ranked.is_empty():
        return []
    ids = ranked["id"]
    inside = _inside(own, kind, ids)
    was = _ranks(by_track.between(plays, *before), kind, ids) if before else {}
    known = _known(by_track.before(plays, days[0]), kind, ids) if before else set(ids)
    found = []
    for rank, (one, count, amount) in enumerate(ranked.select("id", "plays", "amount").rows(), 1):
        heard, tracks, track, artist = inside[one]
        found.append(
            Place(rank, one, count, amount, heard, tracks, track, artist,
                  was.get(one), one not in known)
        )  # fmt: skip
    return found


def _inside(
    own: pl.DataFrame, kind: str, ids: pl.Series
) -> dict[int, tuple[int, int, int, int | None]]:
    """Time, number of tracks, most played track, and its first artist, by id."""
    wanted = year_places.members(own["track"], kind).filter(pl.col("id").is_in(ids.implode()))
    tracks = (
        own.join(wanted.select("track").unique(), on="track", how="semi")
        .select("track", "heard", "amount", "artist", "first")
        .sort(["amount", "first", "track"], descending=[True, False, False])
    )
    found = (
        tracks.join(wanted, on="track", maintain_order="left")
        .group_by("id", maintain_order=True)
        .agg(
            pl.col("heard").sum(),
            tracks=pl.len(),
            track=pl.col("track").first(),
            artist=pl.col("artist").first(),
        )
    )
    return {row[0]: row[1:] for row in found.rows()}


def _ranks(before: pl.DataFrame, kind: str, ids: pl.Series) -> dict[int, int]:
    ranked = tops.ranked(before, kind).with_row_index("rank", offset=1)
    return dict(ranked.filter(pl.col("id").is_in(ids.implode())).select("id", "rank").rows())


def _known(earlier: pl.DataFrame, kind: str, ids: pl.Series) -> set[int]:
    members = year_places.members(earlier["track"], kind)
    return set(members.filter(pl.col("id").is_in(ids.implode()))["id"].to_list())
