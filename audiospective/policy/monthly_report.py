"""When a month's report is sent: from the 1st to the 20th of the next, by the member's zone."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

from audiospective.policy import calendar, periods
from audiospective.policy.periods import Period

FROM = timedelta(hours=8)  # of the first day: late plays have come, and nobody is woken
# Mail plans begin at 100 e-mails a day: half of one is left to sign-in links and warnings.
A_DAY = 50  # reports in any 24 hours
DAYS = 20  # of a month, for A_DAY each; whoever was not told by then is told of the next month
_FIRST_ZONE, _LAST_ZONE = "Etc/GMT-14", "Etc/GMT+12"  # where days begin first and last


def of(zone: str, now: datetime) -> Period | None:
    """The month whose report may be sent at `now`; None while none may. `zone` is an IANA name."""
    today = calendar.today(zone, now)
    month = periods.month(today)
    begins, _ = calendar.day(zone, month.first)
    if today.day > DAYS or now < begins + FROM:
        return None
    return periods.before(month)


def anywhere(now: datetime) -> Period | None:
    """The month whose report may be sent at `now` in some zone; None while it may in none."""
    return of(_FIRST_ZONE, now) or of(_LAST_ZONE, now)


def span(month: Period) -> tuple[datetime, datetime]:
    """From where the month begins first to where it ends last, half-open, in UTC."""
    first, last = month.first, month.last
    return calendar.days(_FIRST_ZONE, first, last)[0], calendar.days(_LAST_ZONE, first, last)[1]


def begins_at(month: Period) -> Fraction:
    """Behind which part of all members the reports of a month begin: nobody is always the last.

    Five twelfths further each month, so that twelve months begin at twelve places.
    """
    return Fraction(month.first.month * 5 % 12, 12)
