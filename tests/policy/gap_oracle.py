"""What was lost in a world, what could have been, and whether the gaps say so.

`python -m tests.policy.gap_oracle FIRST COUNT` tries that many worlds and prints the figures.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from audiospective.policy import gaps
from audiospective.policy.gaps import Found
from tests.policy.gap_worlds import (
    LEFT_OUT,
    MINUTE,
    START,
    TIMELESS,
    Archive,
    Play,
    Poll,
    World,
    dated,
    items,
    lived,
    window,
)

SETTLED = gaps.SETTLED / MINUTE
NEWEST = 10**9  # numbers of plays that are newer than all others of their time
FIRST = "after the consent, before the first page"
IN_TIME = "since the last check"
SETTLING = "within five minutes of the last check, and the page's oldest item is new"
BLOCK = "late: its delivery is cut by the page, nothing else was played meanwhile"
MIXED = "late: the page's oldest item is a late one, others were played meanwhile"
# No page tells of these; what is recorded of them is luck.
AROUND = "within five minutes of the last check, and the page's oldest item is known"
OVERFLOWED = "late: below a page on which everything is newer than the last check"
BEHIND = "late: below a page whose oldest item is known"
TRACELESS = "late: the page shows nothing of its delivery"
UNREACHABLE = "late: older than everything that Spotify showed when it arrived"
BEFORE = "from before the archive"

RECORDED = (FIRST, IN_TIME, SETTLING, BLOCK, MIXED)  # these lie in a gap, always


@dataclass(frozen=True)
class Loss:
    """A play that Spotify had and that no page showed."""

    play: Play
    kind: str
    recorded: bool


def losses(world: World, archive: Archive) -> Iterator[Loss]:
    for play in world.plays:
        if play.kind in (LEFT_OUT, TIMELESS) or play in archive.known or play.arrived < 0:
            continue
        last = None
        for poll in archive.polls:  # the first one after it arrived is where it was lost
            if poll.at >= play.arrived:
                yield Loss(play, _kind(world, play, poll, last), _within(poll.found, play.ended))
                break
            last = poll


def _kind(world: World, play: Play, poll: Poll, last: Poll | None) -> str:
    if last is None:
        return FIRST if play.ended > 0 else BEFORE
    if play.ended > last.at + SETTLED:
        return IN_TIME
    if play.ended > last.at - SETTLED:
        return SETTLING if poll.page[-1] in poll.new else AROUND
    if not last.page or play.ended <= min(0.0, last.page[-1].ended):
        return BEFORE
    if _unreachable(play, poll, last):
        return UNREACHABLE
    together = [p for p in poll.page if p.delivery == play.delivery is not None]
    if not together:
        return TRACELESS
    span = (play.ended, together[-1].ended)
    if not any(span[0] <= p.ended <= span[1] and p.delivery != play.delivery for p in world.plays):
        return BLOCK
    if poll.page[-1] not in poll.new:
        return BEHIND
    return MIXED if poll.page[-1].ended <= last.at - SETTLED else OVERFLOWED


def _unreachable(play: Play, poll: Poll, last: Poll) -> bool:
    """Whether Spotify showed a full window of newer items already when the play arrived."""
    held = window([p for p in {*last.window, *poll.window} if p.arrived < play.arrived], poll.at)
    return len(held) == gaps.PAGE and play.order < held[-1].order


def could_be_lost(poll: Poll, last: Poll | None, at: float, *, late: bool) -> bool:
    """Whether a play at `at` can have come and gone unseen, for all that this page tells.

    Shown by example: a world with that play in it, and with some items that Spotify left out of the
    page, which shows the same page. `late`: it may have ended before the last check and have
    arrived after it.
    """
    checked = last.at - SETTLED if last else 0.0
    if not poll.page or (not late and at <= checked):
        return False
    held = last.window if last else tuple(p for p in poll.window if p.arrived <= 0)
    come = [play for play in items(poll.window) if play not in held]
    lost = Play(at, poll.at, -1)
    for count in range(gaps.LEFT_OUT + 1):
        more = [Play(poll.page[0].ended, poll.at, NEWEST + n, LEFT_OUT) for n in range(count)]
        shown = window([replace(p, arrived=0) for p in (*held, *come, *more, lost)], poll.at)
        if lost not in shown and _same(dated(shown), poll.page):
            return True
    return False


@dataclass(frozen=True)
class Stretch:
    """A stretch of minutes between two things that happened, and what a gap says of it."""

    start: float
    end: float
    probable: bool
    possible: bool
    in_time: bool  # a play can have come in time and gone unseen
    ever: bool  # one can have come, if late ones count
    settled: bool  # further than five minutes from the last check

    @property
    def is_silent(self) -> bool:
        """A loss that the page did not rule out, and that no gap tells of."""
        return self.in_time and self.settled and not self.possible

    @property
    def is_false(self) -> bool:
        """A gap where the page rules every loss out."""
        return self.possible and not self.ever


def stretches(archive: Archive) -> Iterator[tuple[Poll, Stretch]]:
    """Every stretch up to each poll, cut wherever the answer can change."""
    for last, poll in pairwise([None, *archive.polls]):
        assert poll is not None
        checked = last.at if last else 0.0
        found = poll.found
        cuts = {p.ended for p in (*poll.page, *(last.page if last else ()))}
        cuts |= {poll.at, checked - SETTLED, checked + SETTLED}
        if found:
            cuts |= {_minutes(found.start), _minutes(found.probably_from), _minutes(found.end)}
        for start, end in pairwise(sorted(cut for cut in cuts if cut <= poll.at)):
            at = (start + end) / 2
            possible = _within(found, at)
            if end - start < 1e-6 or (not possible and at < checked - SETTLED):
                continue
            in_time = could_be_lost(poll, last, at, late=False)
            ever = in_time or (possible and could_be_lost(poll, last, at, late=True))
            probable = possible and found is not None and at > _minutes(found.probably_from)
            settled = start >= (checked + SETTLED if last else 0)
            yield poll, Stretch(start, end, probable, possible, in_time, ever, settled)


def _same(shown: tuple[Play, ...], page: tuple[Play, ...]) -> bool:
    return [play.order for play in shown] == [play.order for play in page]


def _within(found: Found | None, at: float) -> bool:
    return found is not None and _minutes(found.start) <= at <= _minutes(found.end)


def _minutes(at: datetime) -> float:
    return (at - START) / MINUTE


def _together(spans: list[tuple[float, float]]) -> float:
    """Hours that the spans cover, what overlaps counted once."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total / 60


def main(first: int, count: int) -> None:
    plays, polls, lost, kept, hours = 0, 0, Counter[str](), Counter[str](), Counter[str]()
    for seed in range(first, first + count):
        world = lived(seed)
        archive = world.archive()
        plays, polls = plays + len(world.plays), polls + len(archive.polls)
        for loss in losses(world, archive):
            lost[loss.kind] += 1
            kept[loss.kind] += loss.recorded
            if loss.kind in RECORDED and not loss.recorded:
                print("SILENT", seed, loss)
        found = [poll.found for poll in archive.polls if poll.found]
        hours["lived"] += (world.polls[-1] - world.polls[0]) / 60
        hours["probably in a gap"] += _together(
            [(_minutes(one.probably_from), _minutes(one.end)) for one in found]
        )
        hours["possibly in a gap"] += _together(
            [(_minutes(one.start), _minutes(one.end)) for one in found]
        )
        if seed % 10:
            continue
        probable, open_ = [], []
        for poll, part in stretches(archive):
            span = (part.start, part.end)
            if part.is_silent or part.is_false:
                print("FALSE" if part.is_false else "SILENT", seed, poll.at, part)
            if part.probable:
                probable.append(span)
            if part.in_time:
                open_.append(span)
        hours["every tenth world: probably in a gap"] += _together(probable)
        hours["every tenth world: a loss in time was possible"] += _together(open_)
    print(f"{count} worlds, {plays} plays, {polls} polls")
    for kind, number in lost.most_common():
        print(f"{number:8} lost, {kept[kind] / number:7.2%} in a gap: {kind}")
    for kind, spent in hours.items():
        print(f"{spent:10.0f} hours {kind}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
