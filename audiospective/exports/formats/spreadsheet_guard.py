"""Names in spreadsheets: none becomes a formula, a date or another number, and all come back."""

from __future__ import annotations

import polars as pl

from audiospective.policy.spreadsheets import GUARDED, PLAIN


def guarded(text: pl.Expr) -> pl.Expr:
    """Texts, with an apostrophe before what a spreadsheet would take for something else."""
    return pl.when(text.str.contains(PLAIN)).then("'" + text).otherwise(text)


def guard(plays: pl.DataFrame, *names: str) -> pl.DataFrame:
    """The same for columns with few different texts: looks at each only once."""
    risky = [name for name in names if plays[name].unique().str.contains(PLAIN).any()]
    return plays.with_columns(guarded(pl.col(name)).alias(name) for name in risky)


def unguarded(text: pl.Expr) -> pl.Expr:
    """Texts as they were before `guarded`."""
    return pl.when(text.str.contains(GUARDED)).then(text.str.slice(1)).otherwise(text)
