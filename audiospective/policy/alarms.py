"""When something at this server needs whoever runs it; rules on values, none of them on people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

PATIENCE = timedelta(minutes=15)  # without a successful poll, when one was due
ENOUGH = 5  # members whose polls all failed within PATIENCE say more than chance does
QUEUE_AGE = timedelta(minutes=10)
MAIL_PATIENCE = timedelta(hours=1)  # in which an e-mail waits and the provider takes none
PULSE = {"scheduler": timedelta(minutes=5), "tick": timedelta(minutes=30)}
BACKUP_AGE = timedelta(hours=36)  # a day, and time to make one
LOW_SHARE, LOW_BYTES = 0.05, 500_000_000  # of a disk; whichever is less
# Uploads leave this free. It is less than what is low: the alarm comes before all are refused.
RESERVED_SHARE, RESERVED_BYTES = 0.02, 256 << 20
INTERRUPTED = timedelta(minutes=10)  # between two looks: nothing ran here meanwhile


def is_low(free: int, total: int) -> bool:
    """Whether a disk is nearly full: soon its database takes no more plays."""
    return free < min(total * LOW_SHARE, LOW_BYTES)


def has_room(free: int, total: int, wanted: int = 0) -> bool:
    """Whether a disk may take `wanted` bytes, and a little more, of what members send."""
    return free - wanted >= min(total * RESERVED_SHARE, RESERVED_BYTES)


@dataclass(frozen=True)
class Polling:
    """Members who are polled and whose access nobody has refused.

    `served` is the latest success among them, or consent of those without one; `waiting_since`
    when the poll was due that has waited longest for nothing but us; `tried` counts those who were
    polled within PATIENCE.
    """

    members: int = 0
    served: datetime | None = None
    waiting_since: datetime | None = None
    tried: int = 0


def no_polls(
    found: Polling, longest_poll: timedelta, now: datetime, watched_since: datetime | None = None
) -> datetime | None:
    """Since when polls should have succeeded and none did, once that is PATIENCE ago; else None.

    What was due before `watched_since`, when this instance came up again, is counted from then.
    """
    if not found.members or found.served is None:
        return None
    start = watched_since or found.served
    if now - max(found.served, start) < PATIENCE:
        return None
    if found.tried >= ENOUGH:
        return found.served
    since = [found.served + longest_poll]
    if found.waiting_since is not None:
        since.append(max(found.served, found.waiting_since))
    late = max(start, min(since))
    return late if now - late >= PATIENCE else None


def silent(
    who: str, last: datetime, now: datetime, watched_since: datetime | None = None
) -> datetime | None:
    """Since when what should run the timetable has not been heard of, or None."""
    limit = PULSE.get(who, PULSE["scheduler"])
    return last if now - max(last, watched_since or last) > limit else None


def old_backup(
    succeeded: datetime | None, failed: datetime | None, expected_hours: int,
    installed: datetime | None, now: datetime,
) -> tuple[datetime, str] | None:  # fmt: skip
    """(since when, what is wrong) with backups, where they are made or expected; else None.

    `expected_hours` is what the operator set, 0 for nothing; `installed` is when they could have
    begun.
    """
    if succeeded is None and failed is None and not expected_hours:
        return None
    if failed is not None and (succeeded is None or failed > succeeded):
        return failed, "The last one failed."
    limit = timedelta(hours=expected_hours) if expected_hours else BACKUP_AGE
    last = succeeded or installed
    if last is None or now - last <= limit:
        return None
    if succeeded is None:
        return last, "None was ever made here."
    return last, f"The last one that opened again is of {last:%d %B %Y, %H:%M} UTC."
