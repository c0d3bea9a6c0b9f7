"""Whose heavy page is made next, and who is told to come again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

AT_ONCE = 3  # heavy pages that one process makes: each keeps a processor busy
HELD = 29  # of its 32 threads, which heavy pages may hold, those that wait included
VISITORS = 14  # of them, which all who follow shared links may hold


class Door(IntEnum):
    """How somebody comes to an archive; who comes by an earlier one goes before the later ones."""

    BROWSER = 0  # its member
    PROGRAM = 1  # whoever has one of their API tokens
    VISITOR = 2  # whoever has one of their shared links


class Guest(NamedTuple):
    """A request for a heavy page of one member's archive."""

    member: int
    door: Door


def admitted(who: Guest, held: Iterable[Guest]) -> bool:
    """Whether one more request may hold a thread; `held` are those that do.

    Each may hold as many as are left free by all. So one who asks for all they can get has half of
    them, two have a part that leaves room for two more, and a process that is asked for more than
    that at once refuses. A later door counts what came by the earlier ones, but not the other way
    round: a token or a link that others have keeps no member from their pages.
    """
    held = list(held)
    free = HELD - len(held)
    if who.door is Door.VISITOR:
        free = min(free, VISITORS - sum(one.door is Door.VISITOR for one in held))
    return sum(one.member == who.member and one.door <= who.door for one in held) < free


def following(waiting: Sequence[Guest], running: Iterable[int]) -> int | None:
    """The place of the one among `waiting`, first come first, whose page is made next, if any is.

    `running` are the members of whose plays pages are being made: of each one at a time. Whoever
    follows shared links comes after members and their programs, else the links of a few members
    kept all others waiting for their own pages.
    """
    busy = set(running)
    if len(busy) >= AT_ONCE:
        return None
    able = [n for n, guest in enumerate(waiting) if guest.member not in busy]
    if not able:
        return None
    member = waiting[min(able, key=lambda n: waiting[n].door is Door.VISITOR)].member
    return min((n for n in able if waiting[n].member == member), key=lambda n: waiting[n].door)
