"""What moves from the hot tail into segments, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

# A row with every column costs 249 bytes on PostgreSQL, a sealed play 11. At 30 plays a day these
# bounds cost a member 37 KB in rows at most and 110 sealings of 13 ms a year; 200 and 1,000 cost
# 159 KB and 14 sealings.
KEEP = 100  # newest plays that stay rows: two pages of 50, so every poll overlaps them
DAY = 86_400_000  # ms
TRIGGER = 200  # more rows than this and the older ones move
FOREVER = 1 << 62  # ms

Span = tuple[int, int]  # UTC milliseconds, both ends included


def moving(rows: int, keep: int = KEEP) -> int:
    """How many of somebody's rows move, oldest first."""
    return max(0, rows - keep)


def shown_again(polled: Sequence[int], page_from: int | None, keep: int = KEEP) -> list[Span]:
    """Between which ends rows that polls told stay, since Spotify may show those plays again.

    `polled` are the ends of all such rows, newest first, `page_from` the oldest item of the last
    page. What Spotify shows again would count as new, and as a gap, if it had been moved. So the
    newest page of them stays whatever files and players tell of later plays, and so does what
    ended since `page_from`: plays of a device whose clock is ahead, or of the Spotify account
    before this one, may be newer than all that is shown. Of these no more than two times `keep`.
    """
    spans = []
    if newest := polled[: keep // 2]:
        spans.append((newest[-1], FOREVER))
    since = [at for at in polled if page_from is not None and at >= page_from]
    if oldest := since[::-1][: 2 * keep]:
        spans.append((oldest[0], oldest[-1]))
    return spans


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
