"""The columns of Spotify's extended history, and the rules that make plays of them.

One module although it is long: the rules refer to each other's columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from audiospective.imports.plays import SCHEMA, SECOND
from audiospective.imports.reading import times
from audiospective.imports.reading.values import CONTROLS, MOST, NAME
from audiospective.imports.reasons import Reason
from audiospective.imports.sources.base import Answers


@dataclass(frozen=True)
class _Kind:
    """A kind of item: a row is of the first kind of which any key is filled."""

    kind: str
    keys: tuple[str, ...]
    uri: str
    title: str
    show: str | None = None
    album_artist: str | None = None
    album: str | None = None


_TITLE = "master_metadata_track_name"
_ARTIST = "master_metadata_album_artist_name"
_ALBUM = "master_metadata_album_album_name"
_KINDS = (
    _Kind(
        "chapter",
        ("audiobook_uri", "audiobook_title", "audiobook_chapter_uri", "audiobook_chapter_title"),
        uri="audiobook_chapter_uri",
        title="audiobook_chapter_title",
        show="audiobook_title",
    ),
    _Kind(
        "track",
        ("spotify_track_uri", _TITLE),
        uri="spotify_track_uri",
        title=_TITLE,
        album_artist=_ARTIST,
        album=_ALBUM,
    ),
    _Kind(
        "episode",
        ("spotify_episode_uri", "episode_name", "episode_show_name"),
        uri="spotify_episode_uri",
        title="episode_name",
        show="episode_show_name",
    ),
)
_TEXTS = (
    *("ts", "platform", "conn_country", "username", "reason_start", "reason_end"),
    *(_ARTIST, _ALBUM, *(key for kind in _KINDS for key in kind.keys)),
)
_FLAGS = ("shuffle", "skipped", "offline", "incognito_mode")
# Numbers as floats: those take whatever JSON calls a number.
RAW = pl.Schema(
    {name: pl.String() for name in _TEXTS}
    | {"ms_played": pl.Float64(), "offline_timestamp": pl.Float64()}
    | {name: pl.Boolean() for name in _FLAGS}
)
KNOWN = frozenset(RAW) - {"username"}
_URI = len("spotify:track:") + 22
_UNREADABLE = "unreadable"  # a column of `lenient`: the row is no object
_ID = r"^(?:spotify:\w+:|https?://open\.spotify\.com/\w+/)([0-9A-Za-z]{22})(?:\?|$)"
_SYNC = 60_000  # ms by which a play may end after the service heard of it


def lenient(rows: Sequence[Any]) -> pl.DataFrame:
    """Rows of unsure types in the columns RAW; a value of a wrong type is unknown."""
    return pl.DataFrame(
        [
            [_fitting(row.get(name), kind) for name, kind in RAW.items()] + [False]
            if isinstance(row, Mapping)
            else [None] * len(RAW) + [True]
            for row in rows
        ],
        schema={**RAW, _UNREADABLE: pl.Boolean()},
        orient="row",
    )


def _fitting(value: Any, kind: pl.DataType) -> Any:
    if kind == pl.String:
        return value.encode("utf-8", "ignore").decode() if isinstance(value, str) else None
    if kind == pl.Boolean:
        return value if isinstance(value, bool) else None
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if numeric and abs(value) < 1e18 else None


def plays(
    rows: pl.DataFrame, answers: Answers, notes: Counter[str], escapes: bool = True
) -> pl.DataFrame:
    """The known columns of a play, and `fault` (a Reason or null) and `offline_at` (UTC ms).

    `escapes`: there may be signs that cannot be stored.
    """
    found = _texts(rows, escapes)
    found = found.with_columns(_instants(found["ts"])).with_columns(_fault(found, answers.now))
    ended, played, offline_at = pl.col("ended_at"), pl.col("ms_played"), pl.col("offline_timestamp")
    found = found.select(
        pl.col("row").cast(pl.Int32),
        "ended_at",
        "fault",
        pl.when(ended % SECOND == 0).then(SECOND).otherwise(1).cast(pl.Int32).alias("precision"),
        pl.when(played.is_between(0, MOST)).then(played).cast(pl.Int32).alias("ms_played"),
        pl.when(played.is_between(0, MOST))
        .then(False)
        .otherwise(played.is_not_null())
        .alias("odd"),
        *_names(found),
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
    )
    if found["uri"].null_count() < found.height:
        other = pl.col("uri").str.extract(_ID)
        found = found.with_columns(pl.col("spotify_id").fill_null(other))
    found = found.with_columns(_titled())
    _count(found.filter(pl.col("fault").is_null()), answers, notes)
    return found.drop("odd", "username", "uri")


def final(rows: pl.DataFrame) -> pl.DataFrame:
    """Exactly the columns of a play, what Spotify does not tell as unknown."""
    return rows.with_columns(zone_known=pl.lit(True)).select(
        pl.col(name).cast(kind)
        if name in rows.columns or name == "zone_known"
        else pl.lit(None, kind).alias(name)
        for name, kind in SCHEMA.items()
    )


def unsynced(rows: pl.DataFrame) -> pl.DataFrame:
    """Different tracks of one offline `ts` share the time of a sync: they ended when they say.

    Their own start is trusted only if the play then ended before the sync.
    """
    item = pl.struct("spotify_id", "title")
    ended = pl.col("offline_at") + pl.col("ms_played").fill_null(0)
    together = item.n_unique().over("ended_at") > 1
    honest = (pl.col("offline_at") >= times.EARLIEST) & (ended <= pl.col("ended_at") + _SYNC)
    return rows.with_columns(
        ended_at=pl.when(together & honest).then(ended).otherwise("ended_at"),
        precision=pl.when(together & honest).then(SECOND).otherwise("precision").cast(pl.Int32),
    )


def _texts(rows: pl.DataFrame, escapes: bool) -> pl.DataFrame:
    """Stripped, without control characters, cut to what a name may have; "" is unknown."""
    texts = pl.col(_TEXTS)
    if escapes:
        rows = rows.with_columns(texts.str.replace_all(f"[{CONTROLS}]", ""))
    rows = rows.with_columns(texts.str.strip_chars())
    rows = rows.with_columns(pl.when(texts != "").then(texts))
    longest = rows.select(pl.max_horizontal(texts.str.len_bytes().max())).item()
    return rows.with_columns(texts.str.head(NAME)) if (longest or 0) > NAME else rows


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


def _fault(rows: pl.DataFrame, now: int) -> pl.Expr:
    ended = pl.col("ended_at")
    odd = pl.col(_UNREADABLE) if _UNREADABLE in rows.columns else pl.lit(False)
    return (
        pl.when(odd)
        .then(pl.lit(Reason.UNREADABLE_ROW.value))
        .when(ended.is_null())
        .then(pl.lit(Reason.NO_TIME.value))
        .when(~ended.is_between(times.EARLIEST, now + times.DAY))
        .then(pl.lit(Reason.TIME_OUT_OF_RANGE.value))
        .alias("fault")
    )


def _names(rows: pl.DataFrame) -> list[pl.Expr]:
    """What was played, by which keys are filled: an audiobook carries the URIs of a podcast.

    A kind that does not occur in the rows costs nothing.
    """
    there = [one for one in _KINDS if rows.select(_filled(one).any()).item()]

    def choose(name: str) -> pl.Expr:
        chosen = pl.lit(None, pl.String)
        for one in reversed(there):
            column = getattr(one, name)
            what = pl.col(column) if column else pl.lit(None, pl.String)
            chosen = pl.when(_filled(one)).then(what).otherwise(chosen)
        return chosen

    kind = pl.lit("unknown")
    for one in reversed(there):
        kind = pl.when(_filled(one)).then(pl.lit(one.kind)).otherwise(kind)
    uri = choose("uri")
    usual = uri.str.starts_with("spotify:track:") & (uri.str.len_bytes() == _URI)
    return [
        kind.cast(SCHEMA["kind"]).alias("kind"),
        pl.when(usual).then(uri.str.slice(_URI - 22)).alias("spotify_id"),
        pl.when(~usual).then(uri).alias("uri"),
        *(choose(name).alias(name) for name in ("title", "show", "album_artist", "album")),
    ]


def _titled() -> pl.Expr:
    """A chapter without a title of its own has its book's."""
    book = pl.when(pl.col("kind") == "chapter").then("show")
    return pl.coalesce("title", book).alias("title")


def _filled(kind: _Kind) -> pl.Expr:
    return pl.any_horizontal(pl.col(name).is_not_null() for name in kind.keys)


def _count(rows: pl.DataFrame, answers: Answers, notes: Counter[str]) -> None:
    found = rows.select(
        unknown_item=(pl.col("kind") == "unknown").sum(),
        unreadable_ms_played=pl.col("odd").sum(),
        private_session=pl.col("incognito").sum(),
    ).row(0, named=True)
    notes.update({name: count for name, count in found.items() if count})
    if answers.names:
        known = [name.casefold() for name in answers.names]
        foreign = rows["username"].drop_nulls().str.to_lowercase().is_in(known).not_().sum()
        notes.update({"foreign_user_name": foreign} if foreign else {})
