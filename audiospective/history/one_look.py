"""The rows of an archive, and which segments it has, as they are at one instant.

Plays move from one to the other at any time, also back to rows, where an import tells more of them:
two questions could miss one in between. Whoever opens the segments compares their hashes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from audiospective.history import hot_tail
from audiospective.models import dialects

TRIES = 5  # times that segments may be others than were seen, until what is there is taken
_MARK = -(2**62) - 1  # in the place of the instant, before every play
_PLAYS = (
    f"{hot_tail.ROWS} UNION ALL SELECT {_MARK}, year, -1, first_at, sha256, last_at,"  # noqa: S608 - constants
    " NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM play_segments"
    " WHERE user_id = ? AND last_at >= ? AND first_at < ? ORDER BY 1, 2"
)
_TRACKS = (
    "SELECT DISTINCT p.track_id, NULL FROM plays p WHERE p.user_id = ? AND NOT EXISTS ("
    "SELECT 1 FROM removed_plays r WHERE r.user_id = p.user_id AND r.played_at = p.played_at"
    " AND r.track = p.track_id) UNION ALL"
    " SELECT year, sha256 FROM play_segments WHERE user_id = ? ORDER BY 1"
)


class Mark(NamedTuple):
    """A segment: its year, its hash, and when its first and last play ended (UTC ms)."""

    year: int
    sha256: str
    first_at: int
    last_at: int


def plays(user_id: int, start: int, end: int) -> tuple[list[tuple[Any, ...]], list[Mark]]:
    """Rows with `start` <= played_at < `end` (ms) as hot_tail.rows has them; segments that overlap.

    Both in order.
    """
    found = dialects.run(_PLAYS, (user_id, start, end) * 2).fetchall()
    marks = []
    for row in found:
        if row[0] != _MARK:
            break
        marks.append(Mark(row[1], row[4], row[3], row[5]))
    return found[len(marks) :], marks


def tracks(user_id: int) -> tuple[list[int], list[str]]:
    """The tracks of all rows, and the hashes of all segments; both in order."""
    found = dialects.run(_TRACKS, (user_id, user_id)).fetchall()
    return (
        [track for track, sha256 in found if sha256 is None],
        [sha256 for _, sha256 in found if sha256 is not None],
    )
