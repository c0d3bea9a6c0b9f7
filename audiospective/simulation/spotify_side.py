"""What each member's Spotify held and showed, kept from the sandbox's side: what really was."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

import msgspec
import orjson

from audiospective.sandbox.clock import to_ms
from audiospective.sandbox.listeners import Listener
from audiospective.sandbox.plays import UNSET, Play
from audiospective.simulation.losses import Item, Page
from audiospective.simulation.timeline import SECOND

Key = tuple[int, str]  # when it ended (ms), Spotify's id of the track


@dataclass(frozen=True)
class PageItems:
    """A page's body, read on its own: plays that fit, times of items that do not, all items."""

    plays: frozenset[Key]
    unreadable: frozenset[int]
    offered: int


class _Id(msgspec.Struct):
    id: str


class _Track(msgspec.Struct):
    id: str
    linked_from: _Id | None = None


class _Item(msgspec.Struct):
    played_at: str
    track: _Track


class _Items(msgspec.Struct):
    items: list[_Item]


_FITTING = msgspec.json.Decoder(_Items)
_moment = lru_cache(maxsize=30_000)(to_ms)


@lru_cache(maxsize=1_000)
def read(body: bytes) -> PageItems:
    """What a body offers; tracks by the id that was played."""
    try:
        items = _FITTING.decode(body).items
        found = {(_moment(item.played_at), (item.track.linked_from or item.track).id)
                 for item in items}  # fmt: skip
    except ValueError:
        return _read_any(body)
    return PageItems(frozenset(found), frozenset(), len(items))


def _read_any(body: bytes) -> PageItems:
    """The same where not every item fits, which takes four times as long."""
    plays, unreadable = set(), set()
    items = orjson.loads(body)["items"]
    for item in items:
        try:
            at = to_ms(item["played_at"])
        except ValueError:
            continue
        track: Any = item["track"]
        if isinstance(track, dict) and isinstance(track.get("id"), str):
            linked = track.get("linked_from") or track
            plays.add((at, str(linked["id"])))
        else:
            unreadable.add(at)
    return PageItems(frozenset(plays), frozenset(unreadable), len(items))


@dataclass(frozen=True)
class ArrivedPage:
    """A page that arrived whole for a claimed member; `at` in true time, `claimed` in ours.

    `due`: whether they were due before the end of `slot` when they were claimed.
    """

    user_id: int
    claimed: int
    fence: int
    slot: str
    due: bool
    at: int
    found: PageItems
    window: tuple[Item, ...]
    frozen: bool
    wrong_clock: bool


@dataclass
class SpotifySide:
    """All that one listener's Spotify had, as items, and what of it the archive cannot know yet."""

    listener: Listener
    every: list[Item] = field(default_factory=list)  # by when they ended
    unseen: dict[Item, None] = field(default_factory=dict)
    known: set[Item] = field(default_factory=set)
    archived: set[Key] = field(default_factory=set)
    fresh: set[Key] = field(default_factory=set)  # archived since the archive was last read
    last: Page | None = None
    committed: PageItems | None = None  # what was written last, all of it archived
    odd_last: bool = False  # the last page was frozen, or our clock wrong: no rule fits exactly
    _items: dict[int, Item] = field(default_factory=dict)
    _taken: int = 0
    _window: tuple[Item, ...] = ()  # what was held, ...
    _as_of: tuple[int, int] | None = None  # ... for as long as nothing came

    def ended_from(self, at: float) -> Iterable[Item]:
        """Every item that ended at `at` or later."""
        return islice(self.every, bisect_left(self.every, at, key=_ended), None)

    def window(
        self, plays: list[Play], freezes: list[tuple[int, int]], frozen_since: int | None
    ) -> tuple[Item, ...]:
        """What is held, newest first, with all that arrived by now taken in.

        What came while the feed stood still came together when it moved again, for all that a page
        can tell.
        """
        history = self.listener.tape.history
        while self._taken < len(history):
            play = history[self._taken]
            if frozen_since is not None and play.recorded_at > frozen_since:
                break
            self._taken += 1
            if not play.hidden:
                self._take(play, freezes)
        tape = self.listener.tape
        as_of = (tape.version, len(self._items)) if plays is tape.window else None
        if as_of is None or as_of != self._as_of:
            self._window = tuple(
                found
                for play in reversed(plays)
                if (found := self._items.get(id(play))) is not None
            )
            self._as_of = as_of
        return self._window

    def _take(self, play: Play, freezes: list[tuple[int, int]]) -> None:
        arrived, delivery = play.recorded_at, None
        thawed = next((end for start, end in freezes if start < arrived <= end), None)
        if thawed is not None:
            arrived, delivery = thawed, ("thaw", thawed)
        elif arrived > play.played_at + 10 * SECOND:
            delivery = ("late", arrived)
        item = Item(
            play.played_at,
            arrived,
            play.order,
            delivery,
            shown=not play.left_out,
            dated=play.raw is UNSET or play.raw["played_at"] != "lately",
        )
        self._items[id(play)] = item
        insort(self.every, item, key=_ended)
        if item.shown and item.dated:
            self.unseen[item] = None


def _ended(item: Item) -> float:
    return item.ended
