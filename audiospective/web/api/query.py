"""What a program asks for in the query, read strictly: what is unknown is refused."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from flask import request

from audiospective import clock
from audiospective.accounts import time_zone
from audiospective.models import User
from audiospective.policy import calendar, periods
from audiospective.policy.periods import Period
from audiospective.web.api.problems import ProblemError

_CURSOR = re.compile(r"(-?[0-9]{1,16})\.([0-9]{1,9})")
_NUMBER = re.compile(r"[0-9]{1,6}")


def only(*names: str) -> None:
    """Refuse parameters that this address does not know, and ones that are given twice."""
    for name in request.args:
        if name not in names:
            raise ProblemError(
                400, f"There is no parameter “{name[:40]}” here.", parameter=name[:40]
            )
        if len(request.args.getlist(name)) > 1:
            raise ProblemError(400, f"“{name}” is given more than once.", parameter=name)


def number(name: str, usual: int, most: int) -> int:
    """A whole number from 1 to `most`."""
    text = request.args.get(name)
    if text is None:
        return usual
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= most:
        raise ProblemError(400, f"“{name}” is a whole number from 1 to {most}.", parameter=name)
    return int(text)


def one_of(name: str, usual: str, choices: tuple[str, ...]) -> str:
    text = request.args.get(name, usual)
    if text not in choices:
        raise ProblemError(400, f"“{name}” is one of {', '.join(choices)}.", parameter=name)
    return text


def instant(name: str) -> int | None:
    """A date and time with its offset, in UTC milliseconds."""
    text = request.args.get(name)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))  # a plus sign that was not escaped
        if found.tzinfo is None or len(text) < len("2026-01-01T00:00Z"):
            raise ValueError
        return clock.to_ms(found.astimezone(UTC))
    except (ValueError, OverflowError):
        raise ProblemError(
            400, f"“{name}” is an instant such as 2026-01-31T00:00:00Z.", parameter=name
        ) from None


def cursor() -> tuple[int, int] | None:
    """Where the page before ended: (played_at in ms, track)."""
    text = request.args.get("cursor")
    if text is None:
        return None
    found = _CURSOR.fullmatch(text)
    if not found:
        raise ProblemError(
            400, "“cursor” is what “next” of the page before holds.", parameter="cursor"
        )
    return int(found[1]), int(found[2])


def zone(member: User) -> str:
    """The IANA zone that the member saved, else UTC."""
    return calendar.usable(time_zone.chosen(member) or time_zone.UTC)


def period(today: date, first: date | None, week_start: int) -> Period:
    """The period of figures: all, 2026, 2026-11, 2026-W48 or 2026-11-01..2026-11-26."""
    found = periods.parse(request.args.get("period", "all"), today, first, week_start)
    if found is None or found.first > today:
        raise ProblemError(
            400,
            "“period” is all, a year (2026), a month (2026-11), a week (2026-W48) or a range of "
            "days (2026-11-01..2026-11-26) that has begun.",
            parameter="period",
        )
    return found


def today(member: User) -> date:
    return calendar.today(zone(member), clock.now())
