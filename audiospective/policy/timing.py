"""How exactly the time of a play is known; a lower number is better and replaces a higher one."""

from __future__ import annotations

from enum import IntEnum

SECOND, MINUTE, DAY = 1_000, 60_000, 86_400_000  # ms


class Timing(IntEnum):
    """What `played_at` is. In the archive a polled play has none: null is END."""

    END = 0  # the end, to the millisecond
    END_SECOND = 1
    END_MINUTE = 2
    HEARD = 3  # the beginning, known to the second, plus the time heard
    HEARD_MINUTE = 4
    BEGAN = 5  # the beginning: how long it was heard is not known
    BEGAN_MINUTE = 6
    END_DAY = 7
    BEGAN_DAY = 8

    @property
    def precision(self) -> int:
        """The instant lies in the so many milliseconds from the known one on."""
        return _PRECISION[self]

    @property
    def sender(self) -> str:
        """By which name files for other programs say that they are ours, and what the instant is.

        It is the program that sent a play, to those who read them: they take any name.
        """
        return (
            _SENDER
            if self.precision <= SECOND and self in BY_END
            else f"{_SENDER}-{self.name.lower()}"
        )


_SENDER = "audiospective"
_PRECISION = {
    Timing.END: 1,
    Timing.END_SECOND: SECOND,
    Timing.END_MINUTE: MINUTE,
    Timing.HEARD: SECOND,
    Timing.HEARD_MINUTE: MINUTE,
    Timing.BEGAN: SECOND,
    Timing.BEGAN_MINUTE: MINUTE,
    Timing.END_DAY: DAY,
    Timing.BEGAN_DAY: DAY,
}
BY_END = (Timing.END, Timing.END_SECOND, Timing.END_MINUTE, Timing.END_DAY)
BY_HEARD = (Timing.HEARD, Timing.HEARD_MINUTE)
BY_START = (Timing.BEGAN, Timing.BEGAN_MINUTE, Timing.BEGAN_DAY)
# Such files have whole seconds.
OF_SENDER = {one.sender: one for one in Timing if one != Timing.END}
