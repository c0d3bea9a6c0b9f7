"""The facts beside the newest plays: all in all, streak, milestone, this day, lost favourites."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from audiospective.policy import calendar, known_time, milestones
from audiospective.policy.known_time import Known
from audiospective.policy.milestones import Milestone
from audiospective.stats import activity, days, firsts, streaks, totals
from audiospective.stats.days import Day
from audiospective.stats.firsts import Departure
from audiospective.stats.listening import Listening
from audiospective.stats.streaks import Streak
from audiospective.web.figures.lines import Line, Lines, Wanted

YEARS_SHOWN = 4
FAVOURITES = 2


@dataclass(frozen=True)
class Found:
    """What was worked out, before anything has a name."""

    plays: int
    first: date
    streak: Streak | None
    longest: Streak | None
    milestone: Milestone
    days: list[Day]
    forgotten: list[Departure]


@dataclass(frozen=True)
class Memory:
    """This date in an earlier year."""

    year: int
    day: date
    line: Line
    plays: int


@dataclass(frozen=True)
class Lost:
    """A favourite that has not been heard for long."""

    line: Line
    plays: int
    last: date


@dataclass(frozen=True)
class Numbers:
    """As the page shows them."""

    plays: int
    first: date
    streak: Streak | None
    longest: Streak | None
    milestone: Milestone
    memories: tuple[Memory, ...]
    lost: tuple[Lost, ...]


def find(listening: Listening, found: Known, now: datetime, first: date, wanted: Wanted) -> Found:
    """Everything that does not depend on names; `first` is the day of the first play."""
    today = today_of(listening, now)
    heard = listening.figure(activity.days)
    unknown = known_time.unknown_days(found, listening.options.zone, first, today, now)
    all_in_all = listening.figure(totals.recent, first, today)
    days_since = min(milestones.PACE, (today - first).days + 1)
    recent = listening.figure(totals.recent, today - timedelta(days=days_since - 1), today)
    memories = listening.figure(days.on_this_day, today)[:YEARS_SHOWN]
    lost = listening.figure(firsts.forgotten, today, FAVOURITES)
    wanted.add("track", (one.track for one in memories))
    wanted.add("track", (one.track for one in lost))
    wanted.add("artist", (one.artist for one in lost))
    return Found(
        plays=all_in_all,
        first=first,
        streak=streaks.current(heard, today, unknown),
        longest=streaks.longest(heard, unknown),
        milestone=milestones.following(all_in_all, recent, days_since, today),
        days=memories,
        forgotten=lost,
    )


def named(found: Found, lines: Lines) -> Numbers:
    """The same with names."""
    return Numbers(
        plays=found.plays,
        first=found.first,
        streak=found.streak,
        longest=found.longest,
        milestone=found.milestone,
        memories=tuple(
            Memory(one.day.year, one.day, lines.track(one.track), one.plays) for one in found.days
        ),
        lost=tuple(
            Lost(lines.artist(one.artist, one.track), one.plays, one.last)
            for one in found.forgotten
        ),
    )


def today_of(listening: Listening, now: datetime) -> date:
    """The date on the member's clock."""
    return calendar.today(listening.options.zone, now)
