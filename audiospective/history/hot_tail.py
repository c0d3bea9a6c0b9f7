"""The hot tail: the newest plays and the late ones, as rows, without what was deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from peewee import EXCLUDED, SQL, ModelSelect, fn

from audiospective.models import Play, RemovedPlay, database, dialects
from audiospective.models.base import placeholder
from audiospective.models.plays import FROM_POLL

COLUMNS = (
    "played_at",
    "track",
    "source",
    "ms_played",
    "context",
    "flags",
    "reason_start",
    "reason_end",
    "platform",
    "country",
    "import_id",
    "timing",
    "seen",
)
Key = tuple[int, int]  # played_at in milliseconds, track
CHUNK = 500
# The statements of every poll, seal and look are text: Peewee takes longer to write them than the
# database to run them.
_NAMES = tuple(getattr(Play, name).column_name for name in COLUMNS)
ROWS = f"""
SELECT {", ".join(f"p.{name}" for name in _NAMES)} FROM plays p
WHERE p.user_id = ? AND p.played_at >= ? AND p.played_at < ? AND NOT EXISTS (
    SELECT 1 FROM removed_plays r
    WHERE r.user_id = p.user_id AND r.played_at = p.played_at AND r.track = p.track_id
)
"""  # noqa: S608 - a constant
_IN_ORDER = f"{ROWS} ORDER BY p.played_at, p.track_id"
_DELETE = "DELETE FROM plays WHERE user_id = ? AND (played_at, track_id) IN ({keys})"
_INSERT = f"""
INSERT INTO plays (user_id, {", ".join(_NAMES)}) VALUES {{rows}}
ON CONFLICT DO NOTHING RETURNING played_at
"""  # noqa: S608 - a constant
_KEY, _ROW = "(?, ?)", f"({', '.join('?' * (1 + len(_NAMES)))})"


def plays(user_id: int, start: int | None = None, end: int | None = None) -> ModelSelect:
    """A query of one person's rows, `start` <= played_at < `end` (ms), that are not deleted."""
    query = Play.select().where((Play.user == user_id) & ~fn.EXISTS(_tombstone()))
    if start is not None:
        query = query.where(Play.played_at >= start)
    if end is not None:
        query = query.where(Play.played_at < end)
    return query


def rows(user_id: int, start: int, end: int) -> list[tuple[Any, ...]]:
    """The rows of `plays` as tuples of COLUMNS, in order."""
    found: list[tuple[Any, ...]] = _run(_IN_ORDER, [user_id, start, end]).fetchall()
    return found


def _tombstone() -> ModelSelect:
    return RemovedPlay.select(SQL("1")).where(
        (RemovedPlay.user == Play.user)
        & (RemovedPlay.played_at == Play.played_at)
        & (RemovedPlay.track == Play.track)
    )


def hold(user_id: int, start: int | None = None, end: int | None = None) -> None:
    """Keep the rows of `plays` as they are until the caller's transaction ends.

    A poll takes no lock of the archive, and may note in a row that it told of the play, too. It
    leaves alone what a poll told already, so those rows need no lock, which would be a write.
    """
    open_to_polls = plays(user_id, start, end).where(Play.source.bin_and(FROM_POLL) == 0)
    newest_first = Play.played_at.desc(), Play.track.desc()  # as a page of a poll, mostly
    list(dialects.locked(open_to_polls.select(Play.played_at).order_by(*newest_first)).tuples())


def delete(user_id: int, keys: Sequence[Key]) -> int:
    """Delete exactly these rows; how many there were."""
    gone = 0
    for start in range(0, len(keys), CHUNK):
        chunk = keys[start : start + CHUNK]
        text = _DELETE.format(keys=", ".join([_KEY] * len(chunk)))
        gone += int(_run(text, [user_id, *(part for key in chunk for part in key)]).rowcount)
    return gone


def insert(user_id: int, rows: Sequence[dict[str, Any]]) -> int:
    """Store rows (keys as in COLUMNS) that are not there yet; how many were new."""
    added = 0
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        text = _INSERT.format(rows=", ".join([_ROW] * len(chunk)))
        values = [value for row in chunk for value in (user_id, *(row[name] for name in COLUMNS))]
        added += len(_run(text, values).fetchall())
    return added


def put(user_id: int, rows: Sequence[dict[str, Any]]) -> None:
    """Store rows; those that a poll stored a moment ago get all that these tell."""
    told = {name: getattr(EXCLUDED, name) for name in COLUMNS[2:]} | {
        "source": Play.source.bin_or(EXCLUDED.source),
        "context": fn.COALESCE(Play.context, EXCLUDED.context),
    }
    for start in range(0, len(rows), CHUNK):
        chunk = [{"user": user_id, **row} for row in rows[start : start + CHUNK]]
        Play.insert_many(chunk).on_conflict(
            conflict_target=[Play.user, Play.played_at, Play.track],
            update={getattr(Play, name): value for name, value in told.items()},
            where=(Play.source == FROM_POLL) & Play.import_id.is_null(),
        ).execute()


def _run(text: str, values: Sequence[Any]) -> Any:
    return database.execute_sql(text.replace("?", placeholder()), values)
