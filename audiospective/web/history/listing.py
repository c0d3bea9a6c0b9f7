"""A page of plays with the gaps where they stand, under the days on which they ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo

from audiospective.history import RecentPlay
from audiospective.policy.archive_state import Missing


@dataclass(frozen=True)
class Row:
    """A play, or a gap that ended at `at`; one that still grows ends now."""

    at: datetime
    play: RecentPlay | None = None
    gap: Missing | None = None


@dataclass(frozen=True)
class Day:
    """Rows of one day in the reader's zone; `plays` of the whole day, None where not counted.

    `quiet` are the days without plays before it: the first and the last, or None.
    """

    day: date
    rows: list[Row] = field(default_factory=list)
    plays: int | None = None
    continued: bool = False
    quiet: tuple[date, date] | None = None

    @property
    def gaps(self) -> int:
        return sum(row.gap is not None for row in self.rows)


def days(
    plays: Sequence[RecentPlay],
    gaps: Sequence[Missing],
    zone: tzinfo,
    now: datetime,
    counts: Mapping[date, int] | None = None,
    before: datetime | None = None,
    unknown: Sequence[Missing] = (),
) -> list[Day]:
    """Plays (newest first) and gaps by day, newest first.

    `counts`: plays of each day, where the page shows all of them. `before`: the page before ended
    with a play of that time. `unknown`: all gaps, those too that end on another page.
    """
    rows = [Row(play.played_at, play=play) for play in plays]
    rows += [Row(gap.ended_at or now, gap=gap) for gap in gaps]
    # Of one instant the play stands above: a gap ends with the play that is known after it.
    rows.sort(key=lambda row: (row.at, row.play is not None), reverse=True)
    found: list[Day] = []
    for row in rows:
        day = row.at.astimezone(zone).date()
        if not found or found[-1].day != day:
            found.append(Day(
                day,
                plays=counts.get(day, 0) if counts is not None else None,
                continued=not found and before is not None
                and before.astimezone(zone).date() == day,
                quiet=_quiet(found[-1], day, unknown, zone, now)
                if found and counts is not None else None,
            ))  # fmt: skip
        found[-1].rows.append(row)
    return found


def inside(
    gaps: Sequence[Missing], newest: datetime | None, oldest: datetime | None, now: datetime
) -> list[Missing]:
    """Open gaps that ended from `oldest` until before `newest`; None has no limit."""
    return [
        gap
        for gap in gaps
        if gap.is_open
        and (newest is None or (gap.ended_at or now) < newest)
        and (oldest is None or (gap.ended_at or now) >= oldest)
    ]


def touched(gaps: Sequence[Missing], start: datetime | None, end: datetime | None) -> list[Missing]:
    """Open gaps that share time with a span."""
    return [
        gap
        for gap in gaps
        if gap.is_open
        and (end is None or gap.begins_at < end)
        and (start is None or gap.ended_at is None or gap.ended_at > start)
    ]


def _quiet(
    above: Day, day: date, gaps: Sequence[Missing], zone: tzinfo, now: datetime
) -> tuple[date, date] | None:
    """Days between two that have rows, unless a gap reaches into them: they are not known."""
    first, last = day.toordinal() + 1, above.day.toordinal() - 1
    if first > last:
        return None
    for gap in gaps:
        begins = gap.begins_at.astimezone(zone).date().toordinal()
        ended = (gap.ended_at or now).astimezone(zone).date().toordinal()
        if gap.is_open and begins <= last and ended >= first:
            return None
    return date.fromordinal(first), date.fromordinal(last)
