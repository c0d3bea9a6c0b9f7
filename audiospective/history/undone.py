"""Plays that come back after an import which told of them was taken back."""

from __future__ import annotations

import polars as pl

from audiospective.history import segment
from audiospective.models import Import
from audiospective.models.imports import UNDONE
from audiospective.models.plays import FROM_POLL, SENT_LIVE

_OWN = (*segment.KEY, "context")  # what a poll tells
_SENT = ("ms_played", "platform")  # what a player tells beside the time


def without(user_id: int, plays: pl.DataFrame) -> pl.DataFrame:
    """The plays (all segment columns) as if imports that were taken back had never been.

    As imports.archive_frames.without_imports has it: what only they told is gone, what a poll told
    is as it came, and of what a player sent its word stays.
    """
    mine = Import.select(Import.id, Import.status, Import.live).where(Import.user == user_id)
    rows = list(mine.tuples())
    gone = [number for number, status, _ in rows if status == UNDONE]
    live = next((number for number, _, is_live in rows if is_live), None)
    theirs = pl.col("import_id").is_in(gone).fill_null(value=False)
    polled = pl.col("source") & FROM_POLL != 0
    sent = (pl.col("seen") & SENT_LIVE != 0).fill_null(value=False)
    left = plays.filter(~theirs | polled | sent)
    if left.select(~theirs.any()).item():
        return left
    of_player = {
        "source": pl.col("source"),
        "timing": pl.when(~polled).then("timing"),
        "import_id": pl.lit(live),
        "seen": pl.lit(SENT_LIVE),
        **{name: pl.col(name) for name in _SENT},
    }
    others = [name for name in segment.COLUMNS if name not in _OWN]
    told = [
        pl.when(~theirs)
        .then(name)
        .when(sent)
        .then(of_player.get(name, pl.lit(None)))
        .otherwise(pl.lit(FROM_POLL) if name == "source" else pl.lit(None))
        .cast(segment.SCHEMA[name])
        .alias(name)
        for name in others
    ]
    return left.with_columns(told)
