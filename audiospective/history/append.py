"""Appends polled plays to the hot tail; the key makes a second time harmless."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from audiospective import clock
from audiospective.history import bulk_select
from audiospective.models import UnreadablePlay, database
from audiospective.models.base import is_sqlite
from audiospective.models.plays import FROM_POLL
from audiospective.policy.plays import Unreadable

_INSERT = f"""
INSERT INTO plays (user_id, played_at, track_id, source, context)
SELECT u, p, t, {FROM_POLL}, c FROM {{rows}} WHERE NOT EXISTS (
    SELECT 1 FROM removed_plays r WHERE r.user_id = u AND r.played_at = p AND r.track = t
)
ON CONFLICT DO NOTHING RETURNING user_id
"""  # noqa: S608 - a constant
_SQLITE = _INSERT.format(
    rows="(SELECT json_extract(value, '$[0]') AS u, json_extract(value, '$[1]') AS p,"
    " json_extract(value, '$[2]') AS t, json_extract(value, '$[3]') AS c FROM json_each(?))"
)
_POSTGRES = _INSERT.format(
    rows="unnest(%s::int[], %s::bigint[], %s::int[], %s::text[]) AS v (u, p, t, c)"
)


@dataclass(frozen=True)
class NewPlay:
    """`played_at` in UTC milliseconds; `track_id` is the catalog's."""

    user_id: int
    played_at: int
    track_id: int
    context: str | None


def polled(plays: Sequence[NewPlay]) -> Counter[int]:
    """Store plays of one or more people in the caller's transaction; how many were new, by user.

    What its owner deleted is not stored again, however often Spotify offers it. One constant
    statement: this is what polling does most.
    """
    if not plays:
        return Counter()
    rows = [(play.user_id, play.played_at, play.track_id, play.context) for play in plays]
    if is_sqlite():
        added = database.execute_sql(_SQLITE, (bulk_select.as_json(rows),))
    else:
        added = database.execute_sql(_POSTGRES, tuple(map(list, zip(*rows, strict=True))))
    return Counter(user_id for (user_id,) in added.fetchall())


def unreadable(user_id: int, items: Sequence[Unreadable]) -> int:
    """Keep items that are no plays, each once, in the caller's transaction; how many were new."""
    if not items:
        return 0
    rows = [
        {
            "user": user_id,
            "digest": item.digest,
            "reason": item.reason,
            "item": item.raw,
            "seen_at": clock.now(),
        }
        for item in items
    ]
    added = UnreadablePlay.insert_many(rows).on_conflict_ignore().returning(UnreadablePlay.digest)
    return len(list(added.execute()))
