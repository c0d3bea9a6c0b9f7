"""Gaps: where plays may be missing, decided from one page and what was known before it.

Spotify shows the newest fifty items of what has arrived, some of them left out after the cut. What
is older than a page's oldest item may have left the page unseen, unless that item was known. One
module although it is long: its cases are told apart by each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from audiospective.policy.failures import Failure

PAGE = 50  # Spotify shows this many items and no older ones
LEFT_OUT = 10  # items that a full page may lack; pages of 43 were reported
SURELY = 5.0  # so many expected plays and none seen: under one percent (Poisson)
FUTURE = timedelta(hours=1)  # clocks differ by less
SETTLED = timedelta(minutes=5)  # a play may appear so much later than it ended
DELAYED = timedelta(hours=2)  # a member is polled hourly at least; twice that is our own delay


class Cause(StrEnum):
    """Why plays may have left the page unseen."""

    OVERFLOW = "overflow"  # more than a page between two ordinary polls
    LATE = "late"  # a device that was offline delivered more than the page could still show
    DOWNTIME = "downtime"  # we did not ask in time
    AUTHORIZATION = "authorization"  # we were not allowed to ask
    OUTAGE = "outage"  # Spotify did not answer
    PAUSED = "paused"  # the member had told us not to ask


class Certainty(StrEnum):
    """How sure it is that something is missing; one page alone can never prove it."""

    SURE = "sure"
    POSSIBLE = "possible"


class Doubt(StrEnum):
    """Why a page does not prove that everything before it was seen."""

    FIRST = "first"  # the first page after the consent does not reach back to it
    NEW = "new"  # its oldest item was never seen before
    MIXED = "mixed"  # late plays lie between known ones, down to the page's end


class Seen(NamedTuple):
    """One item of a page; `new` unless it is archived, was removed or is kept as unreadable."""

    at: datetime
    new: bool


@dataclass(frozen=True)
class Before:
    """What was known before this page.

    `checked_at` is the last successful poll, None before the first one; `page_from` is where its
    page began, None if that page was empty. `first_authorized_at` is an earlier consent than the
    present one of which no page came, if there was one.
    """

    checked_at: datetime | None
    page_from: datetime | None
    authorized_at: datetime
    plays_per_hour: float = 0.0
    failure: Failure | None = None  # of the failures since the last success, if there were any
    paused: bool = False
    first_authorized_at: datetime | None = None

    @property
    def asked_from(self) -> datetime:
        """Since when the person wants their plays kept, before the first page."""
        return min(self.first_authorized_at or self.authorized_at, self.authorized_at)


@dataclass(frozen=True)
class Known:
    """Ends of known items: the newest before this page, and the newest before the last one.

    None where there is none since `archive_from`, where the archive begins to be complete.
    """

    before_page: datetime | None
    before_last_page: datetime | None
    archive_from: datetime


@dataclass(frozen=True)
class Found:
    """A gap after `start` and up to `end`: it probably begins at `probably_from`.

    Before that it only may reach back. `probably_from` is `end` where nothing is probable.
    """

    start: datetime
    probably_from: datetime
    end: datetime
    cause: Cause
    certainty: Certainty

    @property
    def begins(self) -> datetime:
        """Where it begins as far as is probable; else where it may begin."""
        return self.probably_from if self.probably_from < self.end else self.start


def proves_nothing(ended: Sequence[datetime], now: datetime) -> bool:
    """Whether a page that holds items, with these valid times, tells nothing of the time until now.

    Without any it cannot be placed; where everything lies in the future (a device with a wrong
    clock), what is played now is not shown.
    """
    return all(at > now + FUTURE for at in ended)


def doubt(before: Before, page: Sequence[Seen], offered: int) -> Doubt | None:
    """What `page` (the items with a time, in any order) leaves open; None: nothing is missing.

    `offered` counts all its items. An item ahead of the last check proves nothing about the time
    in between, even if it is known: a device's clock was ahead.
    """
    if not page:
        return None
    oldest = min(item.at for item in page)
    if before.checked_at is None:
        beyond = offered >= PAGE - LEFT_OUT and oldest > before.asked_from
        return Doubt.FIRST if beyond else None
    if oldest > before.checked_at + SETTLED or any(i.new for i in page if i.at == oldest):
        return Doubt.NEW
    moved = before.page_from is not None and oldest > before.page_from
    return Doubt.MIXED if moved and _is_mixed(before.checked_at, page) else None


def gap(
    before: Before, page: Sequence[Seen], offered: int, known: Known, now: datetime
) -> Found | None:
    """The gap that a page in doubt leaves; None if there is no doubt or nothing to miss.

    With NEW it reaches back to the newest known item before the page, and as long before the last
    check as plays take to settle. Where that check is later than the item, plays from before it
    would have been on its page, so it probably begins there.
    Late arrivals say the opposite: the check did not see them. Their device may also have played
    between known plays of another one, as far back as the last page reached and no further: what
    is older was out of reach when it arrived.
    """
    why = doubt(before, page, offered)
    if why is None:
        return None
    end = min(item.at for item in page)
    checked_at = before.checked_at
    if checked_at is None:
        return _found(before, before.asked_from, before.asked_from, end, now)
    seen_until = checked_at - SETTLED
    reach = known.before_last_page or known.archive_from
    if why is Doubt.MIXED:
        return _found(before, reach, end, end, now, Cause.LATE) if reach < end else None
    start = known.before_page
    if start is None:
        # Nothing was pushed out yet: a page that is shorter than Spotify's is all there is.
        if offered < PAGE - LEFT_OUT or end <= known.archive_from:
            return None
        start = known.archive_from
    if end <= seen_until:
        return _found(before, min(start, reach), start, end, now, Cause.LATE)
    if start > checked_at + SETTLED:  # ahead of the last check, so no part of what that proved
        start = seen_until
    probably_from = max(start, seen_until)
    # A play that settled after the last check may have ended before one which that check showed.
    start = min(start, max(seen_until, known.archive_from))
    if now - checked_at > DELAYED:  # what was late before and what was new since look the same
        start = min(start, reach)
    return _found(before, start, probably_from, end, now)


def widest(
    before: Before, page: Sequence[Seen], archive_from: datetime, now: datetime
) -> Found | None:
    """The gap that a page may leave, by itself: for where the archive could not be asked (Known).

    It begins at the last check, less the time in which plays settle; late plays may have pushed out
    others, as far back as the last page reached.
    """
    checked_at, cause = before.checked_at, Cause.DOWNTIME
    start = before.asked_from if checked_at is None else checked_at - SETTLED
    end = min((item.at for item in page), default=now)
    if checked_at is not None and page:
        match doubt(before, page, len(page)):
            case None:
                return None  # it goes on where the last one ended
            case Doubt.MIXED:
                start, cause = before.page_from or start, Cause.LATE
            case _ if end <= start:  # all of it was late: what lay between was out of reach
                start, cause = before.page_from or archive_from, Cause.LATE
    if end <= start:
        return None
    return Found(start, start, end, cause, Certainty.POSSIBLE)


def began(before: Before, page: Sequence[Seen], offered: int) -> datetime:
    """Where the archive begins to be complete with its first page."""
    if not page:
        return before.asked_from
    oldest = min(item.at for item in page)
    if doubt(before, page, offered):
        return before.asked_from  # with a gap from then on
    return min(oldest, before.asked_from)


def _is_mixed(checked_at: datetime, page: Sequence[Seen]) -> bool:
    """Whether the late plays of a page may go on below its oldest item.

    They came from a device that was offline while another one played. If known items follow
    below them, more in a row than lay between them so far, the late ones have come to an end.
    """
    runs = [0]  # known items in a row: below the first late play, between them, above the last
    for item in sorted(page, key=lambda item: item.at):
        if item.new and item.at <= checked_at - SETTLED:
            runs.append(0)
        elif not item.new:
            runs[-1] += 1
    below, between = runs[0], runs[1:-1]
    return bool(between) and below <= max(between)


def _found(
    before: Before,
    start: datetime,
    probably_from: datetime,
    end: datetime,
    now: datetime,
    cause: Cause | None = None,
) -> Found:
    expected = before.plays_per_hour * (end - probably_from).total_seconds() / 3600
    certainty = Certainty.SURE if expected >= SURELY else Certainty.POSSIBLE
    return Found(start, probably_from, end, cause or _cause(before, now), certainty)


def _cause(before: Before, now: datetime) -> Cause:
    if before.paused:
        return Cause.PAUSED
    since = before.checked_at or before.asked_from
    delayed = now - since > DELAYED
    match before.failure:
        case Failure.AUTH | Failure.NOT_ALLOWED:
            return Cause.AUTHORIZATION
        case None | Failure.LOCKED | Failure.UNKNOWN:
            if not delayed:
                return Cause.OVERFLOW
            return Cause.AUTHORIZATION if before.authorized_at > since else Cause.DOWNTIME
        case _:
            return Cause.OUTAGE if delayed else Cause.OVERFLOW
