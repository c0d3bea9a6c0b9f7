"""The fifty newest plays, and which of them a cursor lets through."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from audiospective.sandbox.plays import Play

SIZE = 50


def _ends(play: Play) -> int:
    return play.played_at


def cut(
    plays: Sequence[Play], limit: int, after: int | None = None, before: int | None = None
) -> list[Play]:
    """At most `limit` plays of an ascending window, newest first.

    Both cursors are exclusive milliseconds. `after` pages forward (the plays nearest to it come
    first), `before` and no cursor page backward.
    """
    if after is not None:
        start = bisect_right(plays, after, key=_ends)
        return list(plays[start : start + limit])[::-1]
    end = len(plays) if before is None else bisect_left(plays, before, key=_ends)
    return list(plays[max(0, end - limit) : end])[::-1]


@dataclass(slots=True)
class Tape:
    """One listener's plays as they become known: to come, in the window, and ever."""

    size: int = SIZE
    heard_until: int = 0
    first_offer: int | None = None
    version: int = 0
    window: list[Play] = field(default_factory=list)
    history: list[Play] = field(default_factory=list)
    _coming: list[tuple[int, tuple[int, int], int, Play]] = field(default_factory=list)
    _serial: int = 0

    def push(self, play: Play) -> None:
        """Let a play come up once its `recorded_at` is reached."""
        self._serial += 1
        heappush(self._coming, (play.recorded_at, play.key, self._serial, play))

    def due(self, until: int) -> Play | None:
        """Take the next play recorded by `until`, or None."""
        if self._coming and self._coming[0][0] <= until:
            return heappop(self._coming)[3]
        return None

    def coming(self) -> list[Play]:
        """The plays that are known here but not yet to Spotify, by arrival."""
        return [entry[3] for entry in sorted(self._coming)]

    def record(self, play: Play) -> None:
        """Put a play that has arrived into history and, where it may be seen, the window."""
        self.history.append(play)
        if play.hidden:
            return
        insort(self.window, play, key=lambda item: item.key)
        self.version += 1
        if len(self.window) > self.size:
            self.window.pop(0).left_at = play.recorded_at

    def rewind(self, now: int) -> None:
        """The clock went back: what was recorded after `now` is yet to come again."""
        past = [play for play in self.history if play.recorded_at <= now]
        future = [play for play in self.history if play.recorded_at > now]
        self.history, self.window = [], []
        self.version += 1
        for play in past:
            play.left_at = None
            self.record(play)
        for play in future:
            play.left_at = None
            self.push(play)
