"""What a page can tell of plays that were lost: which losses must lie in a gap, and where a gap is
false.

Times are numbers of one unit (the unit of `settled`), counted from anywhere.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from audiospective.policy import gaps

NEWEST = 10**18  # numbers of plays that are newer than all others of their time
FIRST = "after the consent, before the first page"
IN_TIME = "since the last check"
BLOCK = "late: its delivery is cut by the page, nothing else was played meanwhile"
MIXED = "late: the page's oldest item is a late one, others were played meanwhile"
BETWEEN = "late: between known plays, down to the page's end"
SETTLING = "within five minutes of the last check, and the page's oldest item is new"
# No page tells of these; what is recorded of them is luck.
AROUND = "within five minutes of the last check, and the page's oldest item is known"
OVERFLOWED = "late: below a page on which everything is newer than the last check"
BEHIND = "late: below a page whose oldest item is known"
TRACELESS = "late: the page shows nothing of its delivery"
UNREACHABLE = "late: older than everything that Spotify showed when it arrived"
BEFORE = "from before the archive"

RECORDED = (FIRST, IN_TIME, SETTLING, BLOCK, MIXED, BETWEEN)  # these lie in a gap, always


@dataclass(frozen=True, slots=True)
class Item:
    """`ended` as Spotify tells it, `arrived` when it had it; `delivery` names what came with it.

    `shown`: whether pages have it at all; `dated`: whether it has a time there.
    """

    ended: float
    arrived: float
    number: int
    delivery: object = None
    shown: bool = True
    dated: bool = True

    @property
    def order(self) -> tuple[float, int]:
        return self.ended, self.number

    def __hash__(self) -> int:
        # Of all the fields it would cost more than all else that is asked about a page.
        return self.number


@dataclass(frozen=True)
class Page:
    """A successful poll: what Spotify held then, and what of that stood on the page with a time.

    Both newest first; `new` are those of the page that the archive did not know.
    """

    at: float
    window: tuple[Item, ...]
    items: tuple[Item, ...]
    new: frozenset[Item]


def window(items: Iterable[Item], at: float) -> tuple[Item, ...]:
    """What Spotify holds: the newest items of what has arrived, newest first."""
    arrived = [item for item in items if item.arrived <= at]
    return tuple(sorted(arrived, key=lambda item: item.order, reverse=True)[: gaps.PAGE])


def kind(
    every: Iterable[Item], lost: Item, page: Page, last: Page | None, since: float, settled: float
) -> str:
    """What kind of loss it is of which `page` was the first chance to learn.

    `every` item that ended no earlier, `last` the page before, `since` when the consent was given.
    """
    if last is None:
        return FIRST if lost.ended > since else BEFORE
    if lost.ended > last.at + settled:
        return IN_TIME
    if lost.ended > last.at - settled:
        return SETTLING if page.items and page.items[-1] in page.new else AROUND
    if not last.items or lost.ended <= min(since, last.items[-1].ended):
        return BEFORE
    if _unreachable(lost, page, last):
        return UNREACHABLE
    together = [one for one in page.items if one.delivery == lost.delivery is not None]
    if not together:
        return TRACELESS
    span = (lost.ended, together[-1].ended)
    if not any(span[0] <= one.ended <= span[1] and one.delivery != lost.delivery for one in every):
        return BLOCK
    if page.items[-1] not in page.new:
        return BETWEEN if _goes_on(page, last.at - settled, last.items[-1].ended) else BEHIND
    return MIXED if page.items[-1].ended <= last.at - settled else OVERFLOWED


def _goes_on(page: Page, seen_until: float, reached: float) -> bool:
    """Whether late plays lie among known ones, and no longer run of known ones follows below them.

    `reached` is where the page before began.
    """
    late = [n for n, item in enumerate(page.items) if item in page.new and item.ended <= seen_until]
    between = [
        sum(item not in page.new for item in page.items[one + 1 : other])
        for one, other in pairwise(late)
    ]
    if not any(between) or page.items[-1].ended <= reached:
        return False
    return sum(item not in page.new for item in page.items[late[-1] + 1 :]) <= max(between)


def tells_of_nothing(page: Page, last: Page | None) -> bool:
    """Whether the page's oldest item was known, and nothing on it came late."""
    if last is None or not page.items or page.items[-1] in page.new:
        return False
    return page.items[-1].ended <= last.at and all(item.ended > last.at for item in page.new)


def _unreachable(lost: Item, page: Page, last: Page) -> bool:
    """Whether Spotify showed a full window of newer items already when it arrived."""
    seen = {*last.window, *page.window}
    held = window([one for one in seen if one.arrived < lost.arrived], page.at)
    return len(held) == gaps.PAGE and lost.order < held[-1].order


class Unseen:
    """Which plays can have come and gone unseen, for all that one page tells.

    Shown by example: a world with that play in it, and with some items that Spotify left out of the
    page, which shows the same page. What of that is the same for every instant is found out once:
    a gap is asked about at a hundred of them.
    """

    def __init__(self, page: Page, last: Page | None, *, since: float, settled: float) -> None:
        self._checked = last.at - settled if last else since
        self._newest = page.items[0].ended if page.items else None
        if self._newest is None:
            return
        held = last.window if last else tuple(p for p in page.window if p.arrived <= since)
        before, listed = set(held), set(page.window)
        come = [item for item in page.window if item.shown and item not in before]

        def may_have_ended(item: Item) -> float:
            # One without a time may be as new as any, for all that the page tells that lists it.
            return item.ended if item.dated or item not in listed else max(newest, item.ended)

        newest = self._newest
        known = sorted(
            (((may_have_ended(item), item.number), item) for item in (*held, *come)),
            key=lambda one: one[0],
        )
        self._orders = [order for order, _ in known]
        ahead = len(known) - bisect_right(self._orders, (newest, NEWEST))
        # Of a page that lacks more than pages do, another one may lack as many.
        lacks = sum(not item.shown for item in page.window)
        told = [item.order for item in page.items]
        self._left_out = [  # so many newer items that are left out can stand above the page
            count
            for count in range(max(gaps.LEFT_OUT, lacks) + 1)
            if _shown(known, gaps.PAGE - min(count, max(0, gaps.PAGE - ahead))) == told
        ]

    def has_room(self, at: float, *, late: bool) -> bool:
        """Whether a play at `at` can be one. `late`: it may have ended before the last check and
        have arrived after it."""
        if self._newest is None or (not late and at <= self._checked):
            return False
        newer = len(self._orders) - bisect_right(self._orders, (at, -1))
        above = max(self._left_out, default=None)
        if above is None:
            return False
        return newer + (above if self._newest >= at else 0) >= gaps.PAGE


def could_be_lost(
    page: Page, last: Page | None, at: float, *, late: bool, since: float, settled: float
) -> bool:
    """Whether a play at `at` can have come and gone unseen, see Unseen."""
    return Unseen(page, last, since=since, settled=settled).has_room(at, late=late)


def _shown(known: list[tuple[tuple[float, int], Item]], count: int) -> list[tuple[float, int]]:
    """What a page tells of the newest `count` of these (oldest first), newest first."""
    newest = known[max(0, len(known) - count) :]
    return [order for order, item in reversed(newest) if item.shown and item.dated]


@dataclass
class Stretch:
    """A stretch of a gap, and whether a play can have been lost in it, in time or at all."""

    start: float
    end: float
    in_time: bool
    ever: bool


def stretches(
    page: Page,
    last: Page | None,
    gap: tuple[float, float, float],
    *,
    since: float,
    settled: float,
) -> list[Stretch]:
    """A gap (start, probable start, end) cut wherever the answer can change."""
    start, probably, end = gap
    checked = last.at if last else since
    cuts = {start, probably, end, checked - settled, checked + settled}
    cuts |= {item.ended for item in (*page.items, *(last.items if last else ()))}
    inside = sorted(cut for cut in cuts if start <= cut <= end)
    unseen = Unseen(page, last, since=since, settled=settled)
    found = []
    for first, second in pairwise(inside):
        at = (first + second) / 2
        in_time = unseen.has_room(at, late=False)
        found.append(Stretch(first, second, in_time, in_time or unseen.has_room(at, late=True)))
    return found
