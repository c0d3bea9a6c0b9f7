"""Writes down what a poll proved: coverage that goes on, or a hole in it; closes holes again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import pairwise

from audiospective import clock
from audiospective.models import Connection
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.policy import gaps
from audiospective.policy.failures import Failure
from audiospective.policy.gaps import Before, Hole

ORDINARY = timedelta(hours=2)  # after a shorter silence there is nothing to look up


def is_ordinary(before: Connection, offered: int, oldest: datetime | None, now: datetime) -> bool:
    """Whether nothing has to be written: the growing stretch ends at `last_success_at` anyway."""
    success = before.last_success_at
    if success is None or now - success > ORDINARY:
        return False
    known = gaps.newest_known(before.newest_play_at, success)
    return offered < gaps.PAGE or oldest is None or oldest <= known


def polled(before: Connection, offered: int, oldest: datetime | None, now: datetime) -> Hole | None:
    """Extend this person's coverage with a successful poll, or open a gap; returns the hole.

    `before` is the connection as it stood before the poll; `offered` counts the items of the page
    and `oldest` is the end of its oldest play. Call it in the transaction that stores the page,
    unless the poll `is_ordinary`.
    """
    user_id = int(before.__data__["user"])
    if before.last_success_at is None:
        Coverage.begin(user_id, gaps.covered_from(offered, oldest, now))
        return None
    last = Coverage.newest(user_id)
    paused = last is not None and last.ended_at is not None
    found = gaps.hole(_known(before, paused=paused), offered, oldest, now)
    if found is None:
        if last is None:
            Coverage.begin(user_id, before.last_success_at)
        elif paused:
            last.write(last.started_at, None)  # nothing was lost meanwhile: it grows on
        return None
    Coverage.end(user_id, found.start)
    Coverage.begin(user_id, found.end)
    Gap.insert(
        user=user_id,
        started_at=found.start,
        ended_at=found.end,
        cause=found.cause.value,
        certainty=found.certainty.value,
        opened_at=now,
    ).on_conflict_ignore().execute()
    return found


def interrupt(user_id: int) -> None:
    """The person stops us from asking (pause, disconnect): what follows is not covered."""
    connection = Connection.get_or_none(Connection.user == user_id)
    if connection is not None and connection.last_success_at is not None:
        Coverage.end(user_id, connection.last_success_at)


def close_by_import(
    user_id: int,
    start: datetime,
    end: datetime,
    *,
    import_id: int,
    added: Collection[int],
) -> list[Gap]:
    """Close the gaps that an import covers; returns them. The caller holds the transaction.

    `start` to `end` is the time that the imported file covers without holes of its own; `added`
    are the ends (UTC milliseconds) of the plays that it added. A gap that the file covers only in
    part stays open, and what was recovered in it is counted.
    """
    closed = []
    for gap in _open(user_id):
        first, last = clock.to_ms(gap.started_at), clock.to_ms(gap.ended_at)
        recovered = sum(first < at < last for at in added)
        covers = start <= gap.started_at and gap.ended_at <= end
        if not covers and not recovered:
            continue
        gap.recovered += recovered
        if covers:
            gap.closed_at, gap.closed_by_import = clock.now(), import_id
            closed.append(gap)
        gap.save()
    if closed:
        _merge(user_id)
    return closed


def reopen(user_id: int, import_id: int) -> int:
    """An import was undone: the gaps that it closed are open again; returns how many."""
    undone = list(Gap.select().where((Gap.user == user_id) & (Gap.closed_by_import == import_id)))
    for gap in undone:
        gap.closed_at = gap.closed_by_import = None
        gap.recovered = 0
        gap.save()
        _cut(user_id, gap)
    return len(undone)


def _known(before: Connection, *, paused: bool) -> Before:
    failed = before.last_failure_type if before.consecutive_failures else None
    failure = Failure(failed) if failed in set(Failure) else None
    if before.empty_pages and failure is None:
        failure = Failure.SILENT
    return Before(
        last_success_at=before.last_success_at,
        newest_play_at=before.newest_play_at,
        plays_per_hour=before.plays_per_hour,
        failure=failure,
        authorized_at=before.authorized_at,
        paused=paused,
    )


def _open(user_id: int) -> list[Gap]:
    return list(
        Gap.select().where((Gap.user == user_id) & Gap.closed_at.is_null()).order_by(Gap.started_at)
    )


def _merge(user_id: int) -> None:
    """Stretches that nothing separates any more become one."""
    holes = {gap.started_at: gap.ended_at for gap in _open(user_id)}
    stretches = list(
        Coverage.select().where(Coverage.user == user_id).order_by(Coverage.started_at)
    )
    for earlier, later in pairwise(stretches):
        if holes.get(earlier.ended_at) == later.started_at:
            continue
        Coverage.delete().where(
            (Coverage.user == user_id) & (Coverage.started_at == later.started_at)
        ).execute()
        earlier.write(earlier.started_at, later.ended_at)
        later.started_at = earlier.started_at  # the next pair continues from the merged stretch


def _cut(user_id: int, gap: Gap) -> None:
    """Take a gap out of the stretch that covers it."""
    around = (
        Coverage.select()
        .where(
            (Coverage.user == user_id)
            & (Coverage.started_at <= gap.started_at)
            & (Coverage.ended_at.is_null() | (Coverage.ended_at >= gap.ended_at))
        )
        .first()
    )
    if around is None:
        return
    around.write(around.started_at, gap.started_at)
    Coverage.insert(user=user_id, started_at=gap.ended_at, ended_at=around.ended_at).execute()
