"""How complete an archive is: which stretches are known, which gaps there are, and the share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from audiospective import clock
from audiospective.exports.coverage_rows import Stretch
from audiospective.exports.snapshot import Snapshot
from audiospective.models.gaps import Gap
from audiospective.policy import completeness, stretches
from audiospective.policy.completeness import Month

CAUSES = {
    "overflow": "More than 50 plays between two checks",
    "late": "A device that was offline sent more plays than Spotify still shows",
    "downtime": "Checks came too late",
    "authorization": "Spotify had ended the access",
    "outage": "Spotify did not answer",
    "paused": "Paused or disconnected",
}


@dataclass(frozen=True)
class Known:
    """What is known at `at`. Before `began` nobody looked: plays of then come from files.

    `share` is of the time from `began` to `at`, None if nobody ever looked.
    """

    at: datetime
    began: datetime | None
    stretches: list[Stretch]
    gaps: list[Gap]  # oldest first, closed ones too
    months: list[Month]

    @property
    def open_gaps(self) -> list[Gap]:
        return [gap for gap in self.gaps if gap.closed_at is None]

    @property
    def share(self) -> float | None:
        if self.began is None:
            return None
        missing = sum((gap.ended_at - gap.started_at for gap in self.open_gaps), timedelta())
        return max(0.0, 1 - missing / max(self.at - self.began, timedelta(microseconds=1)))


def known(snapshot: Snapshot) -> Known:
    """How complete the archive of a member was when it was copied."""
    rows, gaps = snapshot.coverage.as_stretches(), snapshot.coverage.as_gaps()
    zone, now = snapshot.owner.zone, snapshot.taken_at
    began = rows[0][0] if rows else None
    told = stretches.apart(
        rows, [(gap.probably_from, gap.ended_at) for gap in gaps if gap.closed_at is None]
    )
    open_gaps = [(gap.started_at, gap.ended_at) for gap in gaps if gap.closed_at is None]
    months = [] if began is None else completeness.months(zone, began, now, open_gaps)
    return Known(now, began, told, gaps, months)


def cause(gap: Gap) -> str:
    """Why something may be missing, in words."""
    return CAUSES.get(str(gap.cause), str(gap.cause))


def milliseconds(gap: Gap) -> tuple[int, int]:
    return clock.to_ms(gap.started_at), clock.to_ms(gap.ended_at)
