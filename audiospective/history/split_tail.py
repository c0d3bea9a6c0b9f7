"""Which plays stay rows when all plays of an archive, or many of them, are written at once."""

from __future__ import annotations

import polars as pl

from audiospective.history import segment, shown_again
from audiospective.models.plays import FROM_POLL


def split(
    user_id: int, plays: pl.DataFrame, rows: pl.DataFrame, newest: int, keep: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What goes to segments of `plays` (in order), and what stays rows; both in order.

    The `newest` stay, and of `rows`, which were rows before, those that Spotify may show again
    where `keep` is how many stay as a rule (policy.sealing.shown_again).
    """
    older, stays = plays.head(max(0, plays.height - newest)), plays.tail(newest)
    shown = _shown(user_id, rows, keep)
    if shown.is_empty():
        return older, stays
    first = older["played_at"].to_physical().search_sorted(shown["played_at"].to_physical()[0])
    late = older.slice(first)  # the rest is not copied: a million plays are large
    stay = late.join(shown, on=segment.KEY, how="semi", maintain_order="left")
    if stay.is_empty():
        return older, stays
    others = late.join(shown, on=segment.KEY, how="anti", maintain_order="left")
    return pl.concat([older.head(first), others]), pl.concat([stay, stays])


def _shown(user_id: int, rows: pl.DataFrame, keep: int) -> pl.DataFrame:
    """Keys of the rows, which are in order, that Spotify may show again."""
    polled = rows.filter(pl.col("source") & FROM_POLL != 0).select(segment.KEY)
    ends = polled["played_at"].to_physical()
    spans = shown_again.spans(user_id, ends.reverse().to_list(), keep)
    within = [pl.lit(value=False), *(ends.is_between(*span) for span in spans)]
    return polled.filter(pl.any_horizontal(within))
