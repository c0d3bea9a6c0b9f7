"""Items that Spotify showed and that are known: archived, deleted, or kept as unreadable."""

from __future__ import annotations

from datetime import datetime

from audiospective import clock
from audiospective.history import within_a_second
from audiospective.models.base import database, placeholder
from audiospective.models.plays import FROM_POLL
from audiospective.models.removed_plays import is_an_end

Key = tuple[int, int]  # played_at in milliseconds, track

_NEAR = f"""
SELECT played_at, track_id, source & {FROM_POLL}, CAST(NULL AS TEXT), CAST(NULL AS TEXT) FROM plays
WHERE user_id = {{mark}} AND played_at BETWEEN {{mark}} AND {{mark}}
UNION ALL SELECT played_at, track, {FROM_POLL}, NULL, kept FROM removed_plays
WHERE user_id = {{mark}} AND played_at BETWEEN {{mark}} AND {{mark}}
UNION ALL SELECT played_at, NULL, {FROM_POLL}, digest, NULL FROM unreadable_plays
WHERE user_id = {{mark}} AND played_at BETWEEN {{mark}} AND {{mark}}
"""  # noqa: S608 - a constant
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


def at(user_id: int, instant: datetime) -> tuple[set[Key], set[str]]:
    """Keys of plays that ended at `instant`, deleted ones too; digests of unreadable items.

    Also what checks told with another fraction of that second.
    """
    ms = clock.to_ms(instant)
    given = (user_id, ms - within_a_second.LESS, ms + within_a_second.LESS) * 3
    rows = database.execute_sql(_NEAR.format(mark=placeholder()), given).fetchall()
    same = [
        (at, track, digest)
        for at, track, polled, digest, kept in rows
        if is_an_end(kept)
        and (at == ms or (polled and within_a_second.is_one(ms, at, also_shown=True)))
    ]
    plays = {(at, track) for at, track, _ in same if track is not None}
    return plays, {digest for _, _, digest in same if digest is not None}


def before(user_id: int, instant: datetime | None) -> datetime | None:
    """When the newest known item before `instant` ended; None if there is none."""
    if instant is None:
        return None
    given = (user_id, clock.to_ms(instant)) * 5
    (found,) = database.execute_sql(_BEFORE.format(mark=placeholder()), given).fetchone()
    return None if found is None else clock.from_ms(found)
