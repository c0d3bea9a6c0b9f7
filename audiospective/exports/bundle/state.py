"""What a restored archive needs besides its plays: settings, coverage, gaps, deletions, oddities.

One JSON document and, for deleted plays, a Parquet file with the columns of `plays.parquet`: a
number of a track means nothing in another database, names and Spotify's ids do.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson
import polars as pl

from audiospective import clock
from audiospective.exports.bundle.completeness import Known
from audiospective.exports.formats import parquet
from audiospective.exports.snapshot import Snapshot
from audiospective.history import flags, removal, segment
from audiospective.history.catalog import track_facts
from audiospective.models import Import, UnreadablePlay, User, portable
from audiospective.models.portable import Belonging

NAME, VERSION = "audiospective archive", 1
REMOVED_SCHEMA = pl.Schema(
    {**segment.SCHEMA, "removed_at": segment.INSTANT, "undoable": pl.Boolean()}
)


def document(user: User, snapshot: Snapshot, known: Known) -> bytes:
    """The state of a member as JSON; instants are ISO 8601 in UTC, with milliseconds."""
    return orjson.dumps(
        {
            "format": NAME,
            "version": VERSION,
            "sealed_at": _iso(snapshot.taken_at),
            "plays": snapshot.plays,
            "display_name": user.display_name,
            "settings": {one.name: _told(user.__data__[one.name]) for one in portable.settings()},
            "coverage": [{"from": _iso(start), "to": _iso(end)} for start, end in known.stretches],
            "gaps": [
                {
                    "from": _iso(gap.started_at),
                    "probably_from": _iso(gap.probably_from),
                    "to": _iso(gap.ended_at),
                    "cause": gap.cause,
                    "certainty": gap.certainty,
                    "opened_at": _iso(gap.opened_at),
                    "closed_at": _iso(gap.closed_at),
                    "closed_by_import": gap.closed_by_import,
                    "recovered": gap.recovered,
                }
                for gap in known.gaps
            ],
            "unreadable": [
                {
                    "digest": one.digest,
                    "reason": one.reason,
                    "item": one.item,
                    "played_at": one.played_at,
                    "seen_at": _iso(one.seen_at),
                }
                for one in UnreadablePlay.select().where(UnreadablePlay.user == user.id)
            ],
            "imports": list(_imports(user)),
            "belongings": {one.name: _rows(one, user.id) for one in portable.BELONGINGS},
        },
        option=orjson.OPT_INDENT_2,
    )  # fmt: skip


def tracks(user_id: int, snapshot: Snapshot) -> bytes:
    """All tracks that plays, deleted ones too, and other rows name: track_facts.SCHEMA as Parquet.

    Its numbers are those of this database; in the other files they stand for these rows.
    """
    others = snapshot.removed["track"].to_list()
    for one in portable.BELONGINGS:
        rows = _rows(one, user_id)
        others += [row[name] for row in rows for name in one.tracks if row[name] is not None]
    numbers = pl.Series("track", others, dtype=pl.Int32)
    missing = numbers.filter(~numbers.is_in(snapshot.tracks["track"].implode()))
    known = snapshot.tracks.select(track_facts.SCHEMA.names())
    return _parquet(pl.concat([known, track_facts.of(missing)]).sort("track"))


def removed(snapshot: Snapshot) -> bytes:
    """The deleted plays as Parquet: REMOVED_SCHEMA and the facts of their tracks."""
    rows = [_removed(*stone) for stone in snapshot.removed.rows()]
    plays = pl.DataFrame(
        rows,
        schema={**REMOVED_SCHEMA, "played_at": pl.Int64(), "removed_at": pl.Int64()},
        orient="row",
    ).cast(REMOVED_SCHEMA)
    facts = track_facts.of(plays["track"]).drop(track_facts.KEYS)
    return _parquet(plays.join(facts, on="track", how="left").sort(segment.KEY))


def _parquet(table: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    table.write_parquet(file, compression_level=parquet.LEVEL, statistics=False)
    return file.getvalue()


def _rows(one: Belonging, user_id: int) -> list[dict[str, Any]]:
    where = getattr(one.model, one.owner) == user_id
    query = one.model.select(*one.fields).where(where).order_by(*one.fields)
    return [{name: _told(value) for name, value in row.items()} for row in query.dicts()]


def _told(value: Any) -> Any:
    """A column's value in JSON; instants are UTC milliseconds, as in the database."""
    return clock.to_ms(value) if isinstance(value, datetime) else value


def _removed(played_at: int, track: int, removed_at: int, kept: str | None) -> dict[str, Any]:
    whole = removal.whole(kept)
    told = whole or (orjson.loads(kept) if kept else {})
    if whole:
        told |= flags.unpack(told.pop("flags", None))
    return {
        **told,
        "played_at": played_at,
        "track": track,
        "removed_at": removed_at,
        "undoable": whole is not None,
    }


def _imports(user: User) -> Iterator[dict[str, Any]]:
    names = ("status", "rows", "added", "matched", "skipped", "rejected")
    for one in Import.select().where(Import.user == user.id).order_by(Import.id):
        yield {
            "id": one.id,
            "created_at": _iso(one.created_at),
            **{name: getattr(one, name) for name in names},
        }


def _iso(instant: datetime | None) -> str | None:
    return (
        None
        if instant is None
        else f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03}Z"
    )
