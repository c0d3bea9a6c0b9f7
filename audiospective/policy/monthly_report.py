"""When the report of a month is sent: in the first days of the next, in the member's zone."""

from __future__ import annotations

from datetime import datetime, timedelta

from audiospective.policy import calendar, periods
from audiospective.policy.periods import Period

FROM = timedelta(hours=8)  # of the first day: late plays have come, and nobody is woken
DAYS = 5  # whoever could not be told by then is told of the next month


def of(zone: str, now: datetime) -> Period | None:
    """The month whose report may be sent at `now`; None while none may. `zone` is an IANA name."""
    today = calendar.today(zone, now)
    month = periods.month(today)
    begins, _ = calendar.day(zone, month.first)
    if today.day > DAYS or now < begins + FROM:
        return None
    return periods.before(month)
