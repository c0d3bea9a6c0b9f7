"""Appends polled plays to the hot tail; the key makes a second time harmless."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from audiospective import clock
from audiospective.clients.recently_played import Unreadable
from audiospective.models import Play, RemovedPlay, UnreadablePlay
from audiospective.models.plays import FROM_POLL


@dataclass(frozen=True)
class NewPlay:
    """`played_at` in UTC milliseconds; `track_id` is the catalog's."""

    user_id: int
    played_at: int
    track_id: int
    context: str | None


def polled(plays: Sequence[NewPlay]) -> Counter[int]:
    """Store plays of one or more people in the caller's transaction; how many were new, by user.

    What its owner deleted is not stored again, however often Spotify offers it.
    """
    removed = _removed(plays)
    plays = [p for p in plays if (p.user_id, p.played_at, p.track_id) not in removed]
    if not plays:
        return Counter()
    rows = [
        {
            "user": play.user_id,
            "played_at": play.played_at,
            "track": play.track_id,
            "source": FROM_POLL,
            "context": play.context,
        }
        for play in plays
    ]
    added = Play.insert_many(rows).on_conflict_ignore().returning(Play.user).tuples().execute()
    return Counter(user_id for (user_id,) in added)


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


def _removed(plays: Sequence[NewPlay]) -> set[tuple[int, int, int]]:
    query = RemovedPlay.select(RemovedPlay.user, RemovedPlay.played_at, RemovedPlay.track)
    return set(
        query.where(
            RemovedPlay.user.in_({play.user_id for play in plays})
            & (RemovedPlay.played_at >= min((play.played_at for play in plays), default=0))
        ).tuples()
    )
