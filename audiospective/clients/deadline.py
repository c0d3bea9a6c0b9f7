"""A point in time by which work must be over, and a way to end it sooner."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from audiospective import clock

GRACE = 3.0  # seconds after the end in which an answer that is on its way may still arrive
LANDING = 0.5  # of them, for what has arrived to be taken over


@dataclass
class _Ending:
    at: float  # on the clock that never goes back
    stopped: threading.Event = field(default_factory=threading.Event)
    parts: list[_Ending] = field(default_factory=list)

    def stop(self) -> None:
        self.at = min(self.at, clock.monotonic())
        self.stopped.set()
        for part in self.parts:
            part.stop()


class Deadline:
    """Shared by the threads of one batch; `stop` ends their waits at once.

    `sends` counts the requests that were made under it.
    """

    def __init__(self, seconds: float) -> None:
        self._ending = _Ending(clock.monotonic() + seconds)
        self.sends = 0

    def of_one(self) -> Deadline:
        """The same deadline for one of those who share it, with a count of its own."""
        mine = Deadline(0)
        mine._ending = self._ending
        return mine

    def part(self, seconds: float) -> Deadline:
        """One of `seconds` within this one: it ends with this one, and ends no other."""
        mine = Deadline(min(seconds, self.remaining()))
        self._ending.parts.append(mine._ending)
        if self.stopped:
            mine.stop()
        return mine

    def remaining(self) -> float:
        """Seconds left, never negative; zero once stopped."""
        return 0.0 if self.stopped else max(0.0, self._ending.at - clock.monotonic())

    def patience(self) -> float:
        """Seconds for which an answer that is on its way is still waited for.

        What Spotify answers to a refresh may be the only living token, so that is worth a few
        seconds more.
        """
        return self._ending.at + GRACE - LANDING - clock.monotonic()

    def stop(self) -> None:
        """End it now: nothing new is begun."""
        self._ending.stop()

    @property
    def stopped(self) -> bool:
        """Whether it was ended from outside, before its time."""
        return self._ending.stopped.is_set()

    def pause(self, seconds: float) -> bool:
        """Wait that long; False at once, without waiting, if it would not end in time."""
        if seconds >= self.remaining():
            return False
        return not self._ending.stopped.wait(seconds)
