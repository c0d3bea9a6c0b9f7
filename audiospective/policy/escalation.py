"""Which letter about a broken connection is due, and when there are no more."""

from __future__ import annotations

from datetime import datetime, timedelta

# Waits before each letter: the first at once, then counted from the letter before.
WAITS = (timedelta(0), timedelta(hours=48), timedelta(hours=120))
SILENT_FOR = timedelta(hours=24)  # no successful poll for this long is worth a letter of its own
LETTERS = len(WAITS)


def due(sent: int, last_sent_at: datetime | None, now: datetime) -> int | None:
    """The step (0, 1, 2) whose letter is due in this episode, or None.

    `sent` letters went out in it already, the last at `last_sent_at`. Counting from the letter
    before, not from the breakdown, keeps the distance when one of them was delayed.
    """
    if sent >= LETTERS:
        return None
    if sent == 0 or last_sent_at is None:
        return 0 if sent == 0 else None
    return sent if now - last_sent_at >= WAITS[sent] else None


def exhausted(sent: int) -> bool:
    """Whether all letters of the episode went out: it is visible from now on, and silent."""
    return sent >= LETTERS


def gone_quiet(last_success_at: datetime, now: datetime) -> bool:
    """The dead man's switch: whatever the cause, a day without one successful poll."""
    return now - last_success_at >= SILENT_FOR
