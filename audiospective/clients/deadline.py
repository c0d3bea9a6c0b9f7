"""A point in time by which work must be over, and a way to end it sooner."""

from __future__ import annotations

import threading

from audiospective import clock

GRACE = 3.0  # seconds after the end in which an answer that is on its way may still arrive
LANDING = 0.5  # of them, for what has arrived to be taken over


class Deadline:
    """Shared by the threads of one batch; `stop` ends their waits at once."""

    def __init__(self, seconds: float) -> None:
        self._end = clock.monotonic() + seconds
        self._stopped = threading.Event()

    def remaining(self) -> float:
        """Seconds left, never negative; zero once stopped."""
        return 0.0 if self._stopped.is_set() else max(0.0, self._end - clock.monotonic())

    def patience(self) -> float:
        """Seconds for which an answer that is on its way is still waited for.

        What Spotify answers to a refresh may be the only living token, so that is worth a few
        seconds more.
        """
        return self._end + GRACE - LANDING - clock.monotonic()

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
