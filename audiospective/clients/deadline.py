"""A point in time by which work must be over, and a way to end it sooner."""

from __future__ import annotations

import threading

from audiospective import clock

GRACE = 3.0  # seconds after the end in which an answer that is on its way may still arrive


class Deadline:
    """Shared by the threads of one batch; `stop` ends their waits at once."""

    def __init__(self, seconds: float) -> None:
        self._end = clock.monotonic() + seconds
        self._stopped = threading.Event()

    def remaining(self) -> float:
        """Seconds left, never negative; zero once stopped."""
        return 0.0 if self._stopped.is_set() else max(0.0, self._end - clock.monotonic())

    def overdue(self) -> bool:
        """Whether even what was begun in time must end now.

        What Spotify answers to a refresh may be the only living token, so an answer that is on
        its way is worth a few seconds more.
        """
        return clock.monotonic() >= self._end + GRACE

    def stop(self) -> None:
        """End it now: nothing new is begun."""
        self._end = min(self._end, clock.monotonic())
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        """Whether it was ended from outside, before its time."""
        return self._stopped.is_set()

    def pause(self, seconds: float) -> bool:
        """Wait that long; False at once, without waiting, if it would not end in time."""
        if seconds >= self.remaining():
            return False
        return not self._stopped.wait(seconds)
