"""What moves from the hot tail into segments, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

# A row with every column costs 249 bytes on PostgreSQL, a sealed play 11. At 30 plays a day these
# bounds cost a member 37 KB in rows at most and 110 sealings of 13 ms a year; 200 and 1,000 cost
# 159 KB and 14 sealings.
KEEP = 100  # newest plays that stay rows: two pages of 50, so every poll overlaps them
DAY = 86_400_000  # ms
TRIGGER = 200  # more rows than this and the older ones move


def moving(rows: int, keep: int = KEEP) -> int:
    """How many of somebody's rows move, oldest first."""
    return max(0, rows - keep)


def of_polls(keep: int = KEEP) -> int:
    """How many of the rows that stay are the newest ones that polls told: a page.

    Players and files tell of other plays, newer ones as well. What Spotify shows again would count
    as new, and as a gap, if these had pushed it out.
    """
    return keep // 2


def year_of(played_at: int) -> int:
    """The UTC year that a play belongs to; `played_at` in milliseconds."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=played_at)).year


def year_span(year: int) -> tuple[int, int]:
    """The first millisecond of a UTC year and that of the next one."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    first, last_day = (
        (datetime(year, month, day, tzinfo=UTC) - epoch) // timedelta(milliseconds=1)
        for month, day in ((1, 1), (12, 31))
    )
    return first, last_day + DAY  # of 9999, too, after which there is no datetime
