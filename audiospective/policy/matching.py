"""When do two observations tell of one play: the windows, and who is paired with whom.

Sources write different instants: Spotify the end of a play, scrobblers its beginning, some cut to
the minute. So each observation is turned into two spans, of the instants at which the play may
have begun and may have ended, wider by whatever is unknown. Two observations of the same track
may be one play if both spans overlap. `imports/observations.py` computes the spans for frames.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

DRIFT = 90_000  # ms by which two sources' clocks and habits differ for one and the same play
UNMEASURED = 15 * 60_000  # ms a play may take of which neither time heard nor length is known
EQUAL = 1_000  # ms; what one source says of a play again differs by less
NEAR = 2_000  # ms; two plays of one track that are not one are hardly ever so near each other
LATE = 5_000  # ms by which a play begins after its end at most, where clocks agree
PAUSED = 15 * 60_000  # ms that a play may stand still in the middle; looked at last
FEW = 2_000_000  # pairs that are weighed; more and only the order in time decides

Pair = tuple[int, int, int]  # left, right, how far apart in ms


def pair_up(pairs: Sequence[Pair]) -> list[tuple[int, int]]:
    """One-to-one pairs: as many as possible, in the order of time on both sides, nearest first.

    `pairs` are the possible ones among plays of one track, with places in the order of time. As
    many as possible counts before how near they are: of plays on repeat of which no length is
    known, each end lies next to the beginning of the next one, and pairing those would leave the
    first and the last alone. But a NEAR pair counts for two and a half: one side may lack a play on
    repeat, and two pairs of strangers would hide that.
    """
    most = max((apart for _, _, apart in pairs), default=0) + 1
    half = most * (len(pairs) + 1)  # it outweighs every distance
    # The heaviest chain that rises on both sides; per left, rights from high to low, so that no
    # left is taken twice. `tops` keeps, by right, only chains that none before outweighs.
    tops_right: list[int] = []
    tops_weight: list[int] = []
    tops_link: list[int] = []
    links: list[tuple[int, int, int]] = []
    for left, right, apart in sorted(pairs, key=lambda pair: (pair[0], -pair[1])):
        place = bisect_left(tops_right, right)
        before, weight = (tops_link[place - 1], tops_weight[place - 1]) if place else (-1, 0)
        weight += (5 if apart < NEAR else 2) * half - apart
        if place < len(tops_right) and tops_right[place] == right and tops_weight[place] >= weight:
            continue
        links.append((left, right, before))
        end = place
        while end < len(tops_right) and tops_weight[end] <= weight:
            end += 1
        tops_right[place:end] = [right]
        tops_weight[place:end] = [weight]
        tops_link[place:end] = [len(links) - 1]
    chosen = []
    link = tops_link[-1] if tops_link else -1
    while link >= 0:
        left, right, link = links[link]
        chosen.append((left, right))
    return chosen[::-1]


def clocks_differ(near: int, late: int) -> bool:
    """Whether a play may begin after its end, as two sources tell it.

    `near` are pairs of which the end less the length is the beginning, `late` those whose beginning
    lies after the end. No player tells of a play of less than half a minute, so late pairs are one
    play only where the clocks differ by more than that; then more than one is late, and hardly any
    are near. Else what began late is another play, of which nobody tells the end.
    """
    return late > max(near, 1)


Box = tuple[int, int, int, int, int]  # place, began from, to, ended from, to


def in_order(lefts: Sequence[Box], rights: Sequence[Box]) -> list[tuple[int, int]]:
    """One-to-one pairs in the order of time, without weighing: for more pairs than can be weighed.

    Both sides are plays of one track. Each step passes over the one that could only have ended
    earlier, so no pair is missed that an earlier one does not take.
    """
    lefts = sorted(lefts, key=lambda box: box[4])
    rights = sorted(rights, key=lambda box: box[4])
    chosen = []
    at = to = 0
    while at < len(lefts) and to < len(rights):
        left, right = lefts[at], rights[to]
        if overlap(left, right):
            chosen.append((left[0], right[0]))
            at, to = at + 1, to + 1
        elif left[4] <= right[4]:
            at += 1
        else:
            to += 1
    return chosen


def overlap(one: Box, other: Box) -> bool:
    """Whether two plays of a track may be one."""
    return (
        one[1] <= other[2]
        and other[1] <= one[2]
        and one[3] <= other[4]
        and other[3] <= one[4]
    )  # fmt: skip
