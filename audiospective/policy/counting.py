"""Which plays the figures count, and by what: chosen by each member, applied when plays are read.

Every play stays in the archive, whatever the rule; a rule only decides what figures are made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LONG_ENOUGH = 30_000  # ms; from here on Spotify itself counts a stream
WHOLE = 0.95  # of a track: as good as heard to the end where nobody says why it ended
FINISHED = "trackdone"  # Spotify's `reason_end` of a track that ran to its end


class Rule(StrEnum):
    """Which plays count."""

    ALL = "all"
    SECONDS = "30s"
    HALF = "half"
    COMPLETED = "completed"


class Measure(StrEnum):
    """What is summed up and what lists are ordered by."""

    PLAYS = "plays"
    TIME = "time"


@dataclass(frozen=True)
class Counting:
    """A rule and a measure; the default is every play, counted as one."""

    rule: Rule = Rule.ALL
    measure: Measure = Measure.PLAYS

    @property
    def by_time(self) -> bool:
        return self.measure is Measure.TIME


RULES = {  # how each rule is said after "plays": "1,204 plays of 30 seconds or more"
    Rule.ALL: "",
    Rule.SECONDS: "of 30 seconds or more",
    Rule.HALF: "of at least half a track",
    Rule.COMPLETED: "heard to the end",
}


def words(counting: Counting) -> str:
    """What a figure counts, as a sentence's part: `plays heard to the end, by time`."""
    plays = f"plays {RULES[counting.rule]}".rstrip() if RULES[counting.rule] else "every play"
    return f"{plays}, by time" if counting.by_time else plays


def counts(rule: Rule, ms_played: int | None, duration: int | None, reason_end: str | None) -> bool:
    """Whether a play counts; milliseconds, each may be unknown.

    Spotify's API tells no length, but lists what was heard for 30 seconds or more: such a play
    counts as a whole track under every rule. Where a track's own length is unknown, `half` asks for
    30 seconds and `completed` for Spotify's word that it ran to its end.
    """
    if rule is Rule.ALL or ms_played is None:
        return True
    if rule is Rule.SECONDS:
        return ms_played >= LONG_ENOUGH
    if rule is Rule.HALF:
        return ms_played * 2 >= duration if duration else ms_played >= LONG_ENOUGH
    if reason_end is not None:
        return reason_end == FINISHED
    return bool(duration) and ms_played >= WHOLE * (duration or 0)
