"""What a row of Spotify's extended history was of: track, episode or chapter, and its names."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from audiospective.imports.plays import SCHEMA, TRACK
from audiospective.imports.reading.values import CONTROLS, NAME


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
TEXTS = (_ARTIST, _ALBUM, *(key for kind in _KINDS for key in kind.keys))
_URI = len("spotify:track:") + 22
_ID = r"^(?:spotify:\w+:|https?://open\.spotify\.com/\w+/)([0-9A-Za-z]{22})(?:\?|$)"


def tracks(rows: pl.DataFrame, escapes: bool = True) -> pl.DataFrame:
    """The columns TRACK of rows with TEXTS; `escapes`: there may be signs that cannot be stored."""
    found = cleaned(rows, escapes)
    found = found.select(_names(found))
    if found["uri"].null_count() < found.height:
        other = pl.col("uri").str.extract(_ID)
        found = found.with_columns(pl.col("spotify_id").fill_null(other))
    return found.with_columns(_titled()).select(
        name if name in found.columns else pl.lit(None, SCHEMA[name]).alias(name) for name in TRACK
    )


def cleaned(rows: pl.DataFrame, escapes: bool) -> pl.DataFrame:
    """Texts stripped, without control characters, cut to what a name may have; "" is unknown."""
    texts = pl.col(pl.String)
    if escapes:
        rows = rows.with_columns(texts.str.replace_all(f"[{CONTROLS}]", ""))
    rows = rows.with_columns(texts.str.strip_chars())
    rows = rows.with_columns(pl.when(texts != "").then(texts))
    longest = rows.select(pl.max_horizontal(texts.str.len_bytes().max())).item()
    return rows.with_columns(texts.str.head(NAME)) if (longest or 0) > NAME else rows


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
