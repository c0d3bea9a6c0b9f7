"""When the next scheduled export is due, how often it is tried, and when it is given up."""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta

TRIES = 3  # of one delivery, if the member's bucket does not answer
PAUSE = timedelta(hours=1)  # between two of them
GIVEN_UP = 3  # exports in a row that did not arrive; then the schedule ends, and says so


def following(begun: datetime, now: datetime) -> datetime:
    """The first instant after `now` that lies whole months after `begun`.

    On the 31st of a month that has 30 days, on its last day; what was missed is not made up for.
    """
    months = max(0, (now.year - begun.year) * 12 + now.month - begun.month)
    at = _after(begun, months)
    return at if at > now else _after(begun, months + 1)


def may_try(tries: int, tried_at: datetime | None, now: datetime) -> bool:
    """Whether it is time to try a delivery (again)."""
    return tries < TRIES and (tried_at is None or now - tried_at >= PAUSE)


def is_lost(tries: int, tried_at: datetime | None, now: datetime, longest: timedelta) -> bool:
    """Whether the last try died before it could say how it ended; `longest`: one may take."""
    return tries >= TRIES and (tried_at is None or now - tried_at > longest)


def _after(begun: datetime, months: int) -> datetime:
    year, month = divmod(begun.year * 12 + begun.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return begun.replace(year=year, month=month + 1, day=min(begun.day, last))
