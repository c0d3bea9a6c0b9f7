"""The columns of Spotify's extended history, and the rules that make plays of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from audiospective.imports.plays import SCHEMA, SECOND, TRACK
from audiospective.imports.reading import own_files, times
from audiospective.imports.reading.typed_rows import Rows, TypedRows
from audiospective.imports.reading.values import MOST
from audiospective.imports.reasons import Reason
from audiospective.imports.sources import spotify_items as items
from audiospective.imports.sources.base import Answers

_WORDS = ("ts", "platform", "conn_country", "username", "reason_start", "reason_end")
_FLAGS = ("shuffle", "skipped", "offline", "incognito_mode")
# Numbers as floats: those take whatever JSON calls a number.
RAW = pl.Schema(
    {name: pl.String() for name in (*_WORDS, *items.TEXTS)}
    | {"ms_played": pl.Float64(), "offline_timestamp": pl.Float64()}
    | {name: pl.Boolean() for name in _FLAGS}
)
ROWS = TypedRows(RAW)
KNOWN = frozenset(RAW) - {"username"}
# The values of these come together in few combinations, which are cleaned once.
_FEW = [*_WORDS[1:], *_FLAGS]
_MANY = [name for name in RAW if name not in items.TEXTS and name not in _FEW]
_OTHERS = {name: kind for name, kind in SCHEMA.items() if name not in TRACK}
_SYNC = 60_000  # ms by which a play may end after the service heard of it


def lenient(values: Sequence[Any]) -> tuple[Rows, list[int]]:
    """Rows of values of unsure types, one of a wrong type is unknown; and which are no objects."""
    rows = [
        ROWS.row({name: _fitting(one.get(name), kind) for name, kind in RAW.items()}
                 if isinstance(one, Mapping) else {})
        for one in values
    ]  # fmt: skip
    return rows, [place for place, one in enumerate(values) if not isinstance(one, Mapping)]


def _fitting(value: Any, kind: pl.DataType) -> Any:
    if kind == pl.String:
        return value.encode("utf-8", "ignore").decode() if isinstance(value, str) else None
    if kind == pl.Boolean:
        return value if isinstance(value, bool) else None
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if numeric and abs(value) < 1e18 else None


def plays(
    rows: Rows, unreadable: Sequence[int], first: int, answers: Answers, notes: Counter[str],
    escapes: bool = True,
) -> tuple[pl.DataFrame, pl.DataFrame]:  # fmt: skip
    """The known columns of a play, and `fault` (a Reason or null), `offline_at` (UTC ms), `place`.

    The place is the row in the second frame, the tracks. `first` is the number of the first row;
    `escapes`: there may be signs that cannot be stored.
    """
    places, told = ROWS.distinct(rows, items.TEXTS)
    tracks = items.tracks(told, escapes)
    kinds, few = ROWS.few(rows, _FEW)
    few = own_files.marks(few)
    found = items.cleaned(ROWS.columns(rows, _MANY), escapes)
    found = pl.concat([found, items.cleaned(few, escapes)[kinds]], how="horizontal")
    ended, played, offline_at = pl.col("ended_at"), pl.col("ms_played"), pl.col("offline_timestamp")
    found = found.with_columns(
        _instants(found["ts"]),
        pl.int_range(first, first + pl.len(), dtype=pl.Int32).alias("row"),
        places,
    )
    found = found.select(
        "row",
        "place",
        pl.lit(None, pl.Int64).alias("started_at"),
        "ended_at",
        _fault(unreadable, first, answers.now),
        pl.when(ended % SECOND == 0).then(SECOND).otherwise(1).cast(pl.Int32).alias("precision"),
        pl.when(played.is_between(0, MOST)).then(played).cast(pl.Int32).alias("ms_played"),
        (~played.is_between(0, MOST)).fill_null(value=False).alias("odd"),
        "reason_start",
        "reason_end",
        "shuffle",
        "skipped",
        "offline",
        pl.col("incognito_mode").alias("incognito"),
        "platform",
        pl.when(pl.col("conn_country").str.contains("^[A-Y][A-Z]$"))
        .then("conn_country")
        .alias("country"),
        pl.when(offline_at.is_between(1, 1e15))
        .then(pl.when(offline_at > 1e11).then(offline_at).otherwise(offline_at * 1000))
        .cast(pl.Int64)
        .alias("offline_at"),
        "username",
        "mark",
    )
    found = own_files.rows(found, notes)
    _count(found.filter(pl.col("fault").is_null()), tracks["kind"], answers, notes)
    return found.drop("odd", "username", "mark"), tracks


def final(rows: pl.DataFrame) -> pl.DataFrame:
    """Exactly the columns of a play, what Spotify does not tell as unknown; `place` stays."""
    return rows.with_columns(zone_known=pl.lit(value=True)).select(
        "place",
        *(
            pl.col(name).cast(kind)
            if name in rows.columns or name == "zone_known"
            else pl.lit(None, kind).alias(name)
            for name, kind in _OTHERS.items()
        ),
    )


def unsynced(rows: pl.DataFrame, tracks: pl.DataFrame) -> pl.DataFrame:
    """Different plays of one offline `ts` share the time of a sync: they ended when they say.

    They are different if their tracks are, or if one had ended when the other began: a song on
    repeat. Their own start is trusted only if the play then ended before the sync.
    """
    names = tracks[rows["place"]].select("spotify_id", "title")
    item = pl.struct("spotify_id", "title")
    began, heard = pl.col("offline_at"), pl.col("ms_played").fill_null(0)
    ended = began + heard
    of_song = ("ended_at", "spotify_id", "title")
    apart = began - began.shift(1).over(of_song, order_by="offline_at")
    on_repeat = (apart > 0) & (apart >= heard.shift(1).over(of_song, order_by="offline_at"))
    together = (item.n_unique().over("ended_at") > 1) | on_repeat.any().over("ended_at")
    honest = (began >= times.EARLIEST) & (ended <= pl.col("ended_at") + _SYNC)
    return pl.concat([rows, names], how="horizontal").with_columns(
        ended_at=pl.when(together & honest).then(ended).otherwise("ended_at"),
        precision=pl.when(together & honest).then(SECOND).otherwise("precision").cast(pl.Int32),
    )


def _instants(written: pl.Series) -> pl.Series:
    """UTC milliseconds; the usual form at once, every other one by one."""
    usual = written.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="ms", strict=False)
    instants = usual.to_physical()
    others = instants.is_null() & written.is_not_null()
    if others.any():
        each = [
            times.iso(text) if other else None for text, other in zip(written, others, strict=True)
        ]
        instants = instants.fill_null(pl.Series(each, dtype=pl.Int64))
    return instants.alias("ended_at")


def _fault(unreadable: Sequence[int], first: int, now: int) -> pl.Expr:
    ended = pl.col("ended_at")
    odd = (
        pl.col("row").is_in([first + place for place in unreadable])
        if unreadable
        else pl.lit(value=False)
    )
    return (
        pl.when(odd)
        .then(pl.lit(Reason.UNREADABLE_ROW.value))
        .when(ended.is_null())
        .then(pl.lit(Reason.NO_TIME.value))
        .when(~ended.is_between(times.EARLIEST, now + times.DAY))
        .then(pl.lit(Reason.TIME_OUT_OF_RANGE.value))
        .alias("fault")
    )


def _count(rows: pl.DataFrame, kinds: pl.Series, answers: Answers, notes: Counter[str]) -> None:
    unknown = (kinds == "unknown").arg_true()
    found = rows.select(
        unknown_item=pl.col("place").is_in(unknown.implode()).sum(),
        unreadable_ms_played=pl.col("odd").sum(),
        private_session=pl.col("incognito").sum(),
    ).row(0, named=True)
    notes.update({name: count for name, count in found.items() if count})
    if answers.names:
        known = [name.casefold() for name in answers.names]
        foreign = rows["username"].drop_nulls().str.to_lowercase().is_in(known).not_().sum()
        notes.update({"foreign_user_name": foreign} if foreign else {})
