"""Verbs that move the clock."""

from collections.abc import Callable
from datetime import timedelta

from audiospective.sandbox.clock import Instant, iso, to_ms
from audiospective.sandbox.verbs.base import Verbs


class TimeVerbs(Verbs):
    """Time as the sandbox sees it."""

    def now(self) -> str:
        """The sandbox's present instant."""
        return iso(self.state.clock.now_ms())

    def set_clock(self, at: Instant) -> str:
        """Jump to an instant, forward or back."""
        return self._turn(lambda: self.state.clock.set(to_ms(at)))

    def advance(self, **span: float) -> str:
        """Move on by seconds, minutes, hours or days."""
        milliseconds = round(timedelta(**span) / timedelta(milliseconds=1))
        return self._turn(lambda: self.state.clock.set(self.state.clock.now_ms() + milliseconds))

    def freeze(self, at: Instant | None = None) -> str:
        """Stop the clock, here or at an instant; `advance` and `set_clock` still move it."""

        def stop() -> None:
            self.state.clock.freeze()
            if at is not None:
                self.state.clock.set(to_ms(at))

        return self._turn(stop)  # fmt: skip

    def unfreeze(self) -> str:
        """Let the clock run on from where it stands."""
        return self._turn(self.state.clock.unfreeze)

    def real_time(self) -> str:
        """Go back to real time."""

        def follow() -> None:
            self.state.clock.unfreeze()
            self.state.clock.offset_ms = 0

        return self._turn(follow)  # fmt: skip

    def _turn(self, move: Callable[[], None]) -> str:
        with self.state.lock:
            move()
            self.state.keep_clock()
            return self.now()
