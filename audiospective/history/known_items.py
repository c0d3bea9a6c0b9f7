"""Items that Spotify showed and that are known: archived, deleted, or kept as unreadable."""

from __future__ import annotations

from datetime import datetime

from audiospective import clock
from audiospective.models.base import database, placeholder

_AT = """
SELECT track_id, NULL FROM plays WHERE user_id = {mark} AND played_at = {mark}
UNION ALL SELECT track, NULL FROM removed_plays WHERE user_id = {mark} AND played_at = {mark}
UNION ALL SELECT NULL, digest FROM unreadable_plays WHERE user_id = {mark} AND played_at = {mark}
"""
# Of a segment only its first and last play are known without reading it.
_BEFORE = """
SELECT MAX(at) FROM (
    SELECT MAX(played_at) AS at FROM plays WHERE user_id = {mark} AND played_at < {mark}
    UNION ALL
    SELECT MAX(played_at) FROM removed_plays WHERE user_id = {mark} AND played_at < {mark}
    UNION ALL
    SELECT MAX(played_at) FROM unreadable_plays WHERE user_id = {mark} AND played_at < {mark}
    UNION ALL
    SELECT MAX(last_at) FROM play_segments WHERE user_id = {mark} AND last_at < {mark}
    UNION ALL
    SELECT MAX(first_at) FROM play_segments WHERE user_id = {mark} AND first_at < {mark}
) AS known
"""


def at(user_id: int, instant: datetime) -> tuple[set[int], set[str]]:
    """Tracks of plays that ended at `instant`, deleted ones too; digests of unreadable items."""
    given = (user_id, clock.to_ms(instant)) * 3
    rows = database.execute_sql(_AT.format(mark=placeholder()), given).fetchall()
    return {t for t, _ in rows if t is not None}, {d for _, d in rows if d is not None}


def before(user_id: int, instant: datetime | None) -> datetime | None:
    """When the newest known item before `instant` ended; None if there is none."""
    if instant is None:
        return None
    given = (user_id, clock.to_ms(instant)) * 5
    (found,) = database.execute_sql(_BEFORE.format(mark=placeholder()), given).fetchone()
    return None if found is None else clock.from_ms(found)
