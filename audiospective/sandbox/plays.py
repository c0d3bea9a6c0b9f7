"""A play: what was heard, when it ended, and when Spotify came to know of it."""

from dataclasses import dataclass
from typing import Any

from audiospective.sandbox.catalog import Track

STATES = ("offered", "waiting", "lost", "before", "hidden", "pending")


class _Unset:
    """Says that a play's item is built from its track, not given as it is."""


UNSET = _Unset()


@dataclass(slots=True, eq=False)
class Play:
    """One listen; instants are UTC milliseconds.

    `played_at` is the end of the play, `recorded_at` the moment from which the API may show it.
    `hidden` names why the API never shows it (skip, podcast, private): exports do.
    `left_out`: it takes its place in the window, and no page shows it.
    `offered_at` is when an answer that arrived whole first held it, `left_at` when newer plays
    pushed it out of the window.
    """

    played_at: int
    recorded_at: int
    order: int
    track: Track | None
    context: dict[str, Any] | None = None
    ms_played: int = 0
    source: str = "habit"
    hidden: str = ""
    raw: Any = UNSET
    skipped: bool = False
    shuffle: bool = False
    offline: bool = False
    left_out: bool = False
    offered_at: int | None = None
    left_at: int | None = None

    @property
    def key(self) -> tuple[int, int]:
        """Sorts plays by time; the order decides between plays of the same millisecond."""
        return self.played_at, self.order

    def state(self, now: int, first_offer: int | None = None) -> str:
        """One of STATES; `first_offer` is when the first play of this listener was offered."""
        if self.recorded_at > now:
            return "pending"
        if self.hidden or self.left_out:
            return "hidden"
        if self.offered_at is not None:
            return "offered"
        if self.left_at is None:
            return "waiting"
        return "before" if first_offer is None or self.left_at <= first_offer else "lost"
