"""Names in spreadsheets: none becomes a formula, a date or another number, and all come back."""

from __future__ import annotations

import polars as pl

_SIGNS = r"[\s]*[=+\-@\t\r\n＝＋－＠]"
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
# What Excel and LibreOffice would show as something else: 007, 1E5, 3/4, 12:30, May 5, TRUE.
_DAY = rf"(?:{_MONTHS})[a-z]*"
_CONVERTED = "|".join(
    (
        r"0\d+(?:\.\d*)?",
        r"\d+(?:\.\d+)?e\d+",
        r"\d{16,}",
        r"\d+[.,]\d*0",
        r"\d{1,4}(?:[-/.:]\d{1,4}){1,3}(?:\s*[ap]m)?",
        r"\d+\s+\d+/\d+",
        rf"{_DAY}[ .,-]*\d{{1,4}}",
        rf"\d{{1,4}}[ .,-]*{_DAY}(?:[ .,-]*\d{{1,4}})?",
        "true|false|wahr|falsch|vrai|faux",
    )
)
_RISKY = rf"(?:{_SIGNS}|(?i:{_CONVERTED})\s*$)"
PLAIN = rf"^'*{_RISKY}"
GUARDED = rf"^''*{_RISKY}"


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
