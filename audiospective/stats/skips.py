"""How much was skipped, as far as that is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from audiospective.stats.prepared_plays import within


@dataclass(frozen=True)
class Skips:
    """Of `known` plays `skipped` were; of all others nobody told. Imports tell, checks do not."""

    known: int
    skipped: int


def of(plays: pl.DataFrame, first: date, last: date) -> Skips:
    told = within(plays, first, last)["skipped"].drop_nulls()
    return Skips(told.len(), int(told.sum()))
