"""Which e-mail about a trouble that lasts is due, and when there are no more."""

from __future__ import annotations

from datetime import datetime, timedelta

# Waits before each e-mail: the first at once, then counted from the one before.
WAITS = (timedelta(0), timedelta(hours=48), timedelta(hours=120))
SILENT_FOR = timedelta(hours=24)  # no successful poll for this long is worth an e-mail of its own
STEPS = len(WAITS)
GIVEN_UP = timedelta(days=180)  # shorter than sent notices are kept, so no count starts anew


def due(sent: int, last_sent_at: datetime | None, now: datetime) -> int | None:
    """The step (0, 1, 2) whose e-mail is due in this incident, or None.

    `sent` e-mails were owed in it already, the last went out at `last_sent_at`. Counting from the
    e-mail before, not from the incident's begin, keeps the distance when one of them was delayed.
    """
    if sent >= STEPS:
        return None
    if sent == 0 or last_sent_at is None:
        return 0 if sent == 0 else None
    return sent if now - last_sent_at >= WAITS[sent] else None


def given_up(began: datetime, now: datetime) -> bool:
    """Whether an incident is too old to be written about."""
    return now - began >= GIVEN_UP


def gone_quiet(last_success_at: datetime, now: datetime) -> bool:
    """The dead man's switch: whatever the cause, a day without one successful poll."""
    return now - last_success_at >= SILENT_FOR
