"""What was lost in a world, what could have been, and whether the gaps say so.

`python -m tests.policy.gap_oracle FIRST COUNT` tries that many worlds and prints the figures.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from audiospective.policy import gaps
from audiospective.policy.gaps import Found
from audiospective.simulation import losses as rules
from audiospective.simulation.losses import RECORDED, Item, Page
from tests.policy.gap_worlds import (
    LEFT_OUT,
    MINUTE,
    START,
    TIMELESS,
    Archive,
    Play,
    Poll,
    World,
    lived,
)

SETTLED = gaps.SETTLED / MINUTE


@dataclass(frozen=True)
class Loss:
    """A play that Spotify had and that no page showed."""

    play: Play
    kind: str
    recorded: bool


def losses(world: World, archive: Archive) -> Iterator[Loss]:
    every = [_item(play) for play in world.plays]
    pages = [_page(poll) for poll in archive.polls]
    for play in world.plays:
        if play.kind in (LEFT_OUT, TIMELESS) or play in archive.known or play.arrived < 0:
            continue
        last = None
        for poll, page in zip(archive.polls, pages, strict=True):
            if poll.at >= play.arrived:  # the first one after it arrived is where it was lost
                kind = rules.kind(every, _item(play), page, last, 0.0, SETTLED)
                yield Loss(play, kind, _within(poll.found, play.ended))
                break
            last = page


def _item(play: Play) -> Item:
    shown, has_time = play.kind != LEFT_OUT, play.kind != TIMELESS
    return Item(play.ended, play.arrived, play.number, play.delivery, shown, has_time)


def _page(poll: Poll) -> Page:
    window, shown, new = (tuple(map(_item, some)) for some in (poll.window, poll.page, poll.new))
    return Page(poll.at, window, shown, frozenset(new))


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
        page, before = _page(poll), _page(last) if last else None
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
            in_time = _could_be_lost(page, before, at, late=False)
            ever = in_time or (possible and _could_be_lost(page, before, at, late=True))
            probable = possible and found is not None and at > _minutes(found.probably_from)
            settled = start >= (checked + SETTLED if last else 0)
            yield poll, Stretch(start, end, probable, possible, in_time, ever, settled)


def _could_be_lost(page: Page, last: Page | None, at: float, *, late: bool) -> bool:
    return rules.could_be_lost(page, last, at, late=late, since=0.0, settled=SETTLED)


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
    parser = argparse.ArgumentParser(prog="python -m tests.policy.gap_oracle")
    parser.add_argument("first", type=int, help="number of the first world")
    parser.add_argument("count", type=int, help="how many worlds")
    told = parser.parse_args()
    main(told.first, told.count)
