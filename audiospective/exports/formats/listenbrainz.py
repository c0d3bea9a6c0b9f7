"""ListenBrainz' own zip: listens by month, one JSON object a line; Koito reads it, too.

The rules that its validator has are in docs/exports.md. The second is the end of a play, as in what
ListenBrainz reads from Spotify itself, so that a play known from both is one listen.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import IO

import orjson
import polars as pl

from audiospective.exports import descriptions, frames
from audiospective.exports.formats import music
from audiospective.exports.formats.base import Format, Part, Write, lines, slug
from audiospective.exports.formats.changes import Changes
from audiospective.exports.snapshot import Snapshot
from audiospective.policy import listens

EARLIEST = 1_033_430_400  # 2002-10-01, in seconds
LONGEST = 24 * 24 * 3600 * 1000  # ms
# Bytes for what is told of a track: a listen has about 150 more, and Python counts a blank
# after each comma and colon.
_ROOM = listens.LONGEST - 450

_LINK = pl.when(pl.col("kind") == "track").then(
    pl.lit("https://open.spotify.com/track/") + pl.col("spotify_id")
)
_LENGTH = pl.when(pl.col("duration_ms").is_between(1, LONGEST)).then(pl.col("duration_ms"))
_NAMES = (
    pl.struct(
        pl.col("artists").list.join(", ", ignore_nulls=True).replace("", None).alias("artist_name"),
        frames.known("title").alias("track_name"),
        frames.known("album").alias("release_name"),
    )
    .struct.json_encode()
    .str.replace_all(r',"release_name":null', "")
    .alias("names")
)
# Validators refuse null where nothing is known: such keys are left away. In a name a quotation
# mark would have a backslash before it, so this finds keys only.
_MORE = (
    pl.struct(
        pl.lit("spotify.com").alias("music_service"),
        music.names().alias("artist_names"),
        _LENGTH.alias("duration_ms"),
        _LINK.alias("spotify_id"),
        _LINK.alias("origin_url"),
        frames.known("isrc"),
    )
    .struct.json_encode()
    .str.replace_all(r',"\w+":null', "")
    .alias("more")
)


def _text() -> pl.Expr:
    played = (pl.lit(',"ms_played":') + pl.col("ms_played").cast(pl.String)).fill_null("")
    return pl.concat_str(
        pl.lit('{"listened_at":'),
        frames.SECONDS,
        pl.lit(',"track_metadata":'),
        pl.col("names").str.head(-1),
        pl.lit(',"additional_info":{"submission_client":"'),
        frames.SENDER,
        pl.lit('",'),
        pl.col("more").str.slice(1).str.head(-1),
        played,
        pl.lit("}}}"),
    )


def _months(
    snapshot: Snapshot, changes: Changes | None
) -> Iterator[tuple[tuple[int, int], pl.Series]]:
    """Lines, in pieces that lie in one month (UTC) each."""
    size = pl.col("names").str.len_bytes() + pl.col("more").str.len_bytes()
    rules = (
        (frames.SECONDS < EARLIEST, "ListenBrainz takes nothing from before October 2002"),
        (size > _ROOM, f"ListenBrainz takes at most {listens.LONGEST:,} bytes for a listen"),
    )
    columns = ("played_at", "ms_played", "timing")
    for plays in snapshot.slices(_NAMES, _MORE, *music.FACTS, columns=columns):
        taken = music.takeable(plays, changes, *rules)
        told = taken.select(
            pl.col("played_at").dt.year().alias("year"),
            pl.col("played_at").dt.month().alias("month"),
            _text().alias("text"),
        )
        for (year, month), piece in told.group_by("year", "month", maintain_order=True):
            yield (int(year), int(month)), piece["text"]


def _parts(snapshot: Snapshot, changes: Changes | None) -> Iterator[Part]:
    user = orjson.dumps({"username": snapshot.owner.name})
    yield Part("user.json", lambda out: _put(out, user))
    for (year, month), pieces in groupby(_months(snapshot, changes), itemgetter(0)):
        yield Part(f"listens/{year}/{month}.jsonl", _month(pieces))


def _month(pieces: Iterator[tuple[tuple[int, int], pl.Series]]) -> Write:
    return lines(texts for _, texts in pieces)


def _put(out: IO[bytes], text: bytes) -> None:
    out.write(text)


def _file_name(snapshot: Snapshot) -> str:
    return f"listenbrainz_{slug(snapshot.owner.name)}_{int(snapshot.taken_at.timestamp())}.zip"


FORMAT = Format(descriptions.LISTENBRAINZ, _parts, file_name=_file_name, zipped=True)
