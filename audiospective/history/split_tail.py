"""Which plays stay rows when all plays of an archive, or many of them, are written at once."""

from __future__ import annotations

import polars as pl

from audiospective.history import segment
from audiospective.models.plays import FROM_POLL


def split(
    plays: pl.DataFrame, rows: pl.DataFrame, keep: int, of_polls: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What goes to segments of `plays` (in order), and what stays rows; both in order.

    The newest `keep` stay, and of `rows`, which were rows before, the newest `of_polls` that polls
    told (policy.sealing.of_polls).
    """
    older, newest = plays.head(max(0, plays.height - keep)), plays.tail(keep)
    polled = rows.filter(pl.col("source") & FROM_POLL != 0)
    shown = polled.tail(of_polls).select(segment.KEY)
    if shown.is_empty():
        return older, newest
    first = older["played_at"].to_physical().search_sorted(shown["played_at"].to_physical()[0])
    late = older.slice(first)  # the rest is not copied: a million plays are large
    stay = late.join(shown, on=segment.KEY, how="semi", maintain_order="left")
    if stay.is_empty():
        return older, newest
    others = late.join(shown, on=segment.KEY, how="anti", maintain_order="left")
    return pl.concat([older.head(first), others]), pl.concat([stay, newest])
