"""Another Spotify account in an archive: what the one before proved says nothing about it."""

from __future__ import annotations

from datetime import datetime

from audiospective.models import Connection, dialects
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.models.imports import Import
from audiospective.policy.gaps import SETTLED, Cause, Certainty


def attached(user_id: int, now: datetime) -> None:
    """Judge the next page as a first one; in the transaction that attaches the account at `now`.

    From the last check of the account before it until now nobody asked: that is a gap. It is also
    what tells the next poll, and every later one, since when the present account is asked.
    """
    # As in a check: first the connection, then coverage, then gaps, then imports. In another order
    # two could wait for each other.
    mine = dialects.locked(Connection.select().where(Connection.user == user_id))
    connection = next(iter(mine), None)
    if connection is None:
        return
    Coverage.hold(user_id)
    checked_at = connection.last_success_at
    if checked_at is None:
        if (gap := awaited(connection)) is not None:  # nobody asked the account in between either
            Gap.update(ended_at=now, opened_at=now, closed_at=None, closed_by_import=None).where(
                Gap.id == gap.id
            ).execute()
            Import.look_again(user_id, gap.started_at, now)
        return
    if checked_at > now:
        # Our clock was ahead, by how much nobody knows: Spotify told the time of the newest play.
        proven = min(connection.newest_play_at or connection.authorized_at, now)
        Coverage.cut(user_id, proven, checked_at)
        checked_at = proven
    Coverage.end(user_id, checked_at)
    Gap.insert(
        user=user_id,
        started_at=checked_at - SETTLED,
        probably_from=checked_at,
        ended_at=now,
        cause=Cause.PAUSED.value,
        certainty=Certainty.POSSIBLE.value,
        opened_at=now,
    ).on_conflict_ignore().execute()
    Import.look_again(user_id, checked_at - SETTLED, now)  # it may have plays of that time
    Connection.update(
        last_success_at=None, page_from=None, newest_play_at=None, plays_per_hour=0, empty_pages=0
    ).where(Connection.user == user_id).execute()


def newest(user_id: int) -> Gap | None:
    """The gap up to when the present account was attached; None if it is the first one.

    No page opens such a gap: it would have to show a play that ended at the very poll.
    """
    found: Gap | None = (
        Gap.select()
        .where(
            (Gap.user == user_id)
            & (Gap.cause == Cause.PAUSED.value)
            & (Gap.ended_at == Gap.opened_at)
        )
        .order_by(Gap.ended_at.desc())
        .first()
    )
    return found


def awaited(connection: Connection) -> Gap | None:
    """That gap while the first page after it is still to come."""
    if connection.last_success_at is not None:
        return None
    gap, last = newest(connection.user_id), Coverage.newest(connection.user_id)
    if gap is None or last is None:
        return gap
    return gap if last.ended_at is not None and last.ended_at <= gap.ended_at else None
