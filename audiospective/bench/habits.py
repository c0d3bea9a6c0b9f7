"""Members with habits, and how often a planner polls each of them in the course of a day."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from audiospective import clock
from audiospective.policy import schedule
from audiospective.sandbox.catalog import Catalog
from audiospective.sandbox.habits import HABITS, day_plays

SHARES = (  # of a hundred members
    *("steady",) * 55, *("commuter",) * 20, *("night",) * 10, *("loop",) * 5, *("radio",) * 5,
    *("seldom",) * 5,
)  # fmt: skip
ZONE = ZoneInfo("Europe/Berlin")  # everybody in one: their evenings fall together
BEFORE = 2  # days of listening before the day that counts


class Member:
    """Somebody who listens; polled, they tell when to be polled again."""

    def __init__(self, number: int, day: date, catalog: Catalog) -> None:
        habit = HABITS[SHARES[number % len(SHARES)]]
        days = (day + timedelta(days=step) for step in range(-BEFORE, 2))
        plays = [
            play
            for one in days
            for play in day_plays("bench", f"member-{number}", habit, ZONE, one, catalog)
            if not play.hidden
        ]
        plays.sort(key=lambda play: play.recorded_at)
        self.recorded = [play.recorded_at for play in plays]
        self.ended = [play.played_at for play in plays]
        self.offset = number * 37 % 60
        self.rate = 0.0
        self.seen = 0  # plays that were there at the last poll

    def poll(self, now: datetime, shortest: int, longest: int) -> tuple[datetime, int]:
        """The next instant at which they are due, and how many plays were new."""
        known = bisect.bisect_right(self.recorded, clock.to_ms(now))
        page = [clock.from_ms(at) for at in self.ended[max(0, known - schedule.PAGE) : known]]
        self.rate = schedule.plays_per_hour(self.rate, page, now)
        every = schedule.interval(self.rate, shortest, longest)
        new, self.seen = known - self.seen, known
        return schedule.next_poll(now, every, self.offset), new


@dataclass(frozen=True)
class Poll:
    at: datetime
    minutes: int  # until the next one
    new: int  # plays


def members(count: int, day: date) -> list[Member]:
    """The same every time."""
    catalog = Catalog("bench")
    return [Member(number, day, catalog) for number in range(count)]


def polls(member: Member, start: datetime, end: datetime) -> Iterator[Poll]:
    """When a planner that is never late polls them, with the cadence that instances have."""
    at = start + timedelta(minutes=member.offset)
    while at < end:
        following, new = member.poll(at, 10, 60)
        yield Poll(at, (following - at) // timedelta(minutes=1), new)
        at = following
