"""How complete an archive is: which stretches are known, which gaps there are, and the share.

As on the site: what only may be missing costs no share, and the time since the last check that
succeeded is not known either.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from audiospective import clock
from audiospective.exports.coverage_rows import Stretch
from audiospective.exports.snapshot import Snapshot
from audiospective.models.gaps import Gap
from audiospective.policy import completeness, stretches
from audiospective.policy.gaps import Certainty

UNCHECKED = "unchecked"  # the cause of what no row tells of: see `Known.unchecked`
LATELY = timedelta(days=1)  # a check of so long ago is the last one as far as a bundle can say

CAUSES = {
    "overflow": "More than 50 plays between two checks",
    "late": "A device that was offline sent more plays than Spotify still shows",
    "downtime": "Checks came too late",
    "authorization": "Spotify had ended the access",
    "outage": "Spotify did not answer",
    "paused": "Paused or disconnected",
    UNCHECKED: "No check succeeded any more",
}


@dataclass(frozen=True)
class Known:
    """What is known at `at`. Before `began` nobody looked: plays of then come from files.

    `unchecked` is the time since the last check that succeeded, where that is long ago: nobody has
    noted it as a gap, and nobody knows how it will end. `share` is of the time from `began` to
    `at`, None if nobody ever looked.
    """

    at: datetime
    began: datetime | None
    stretches: list[Stretch]
    gaps: list[Gap]  # oldest first, closed ones too
    unchecked: Gap | None = None

    @property
    def shown(self) -> list[Gap]:
        """The gaps that people are told of."""
        return self.gaps if self.unchecked is None else [*self.gaps, self.unchecked]

    @property
    def open_gaps(self) -> list[Gap]:
        return [gap for gap in self.shown if gap.closed_at is None]

    @property
    def share(self) -> float | None:
        if self.began is None:
            return None
        lost = [(gap.probably_from, gap.ended_at) for gap in self.open_gaps]
        return completeness.share(self.began, self.at, lost)


def known(snapshot: Snapshot) -> Known:
    """How complete the archive of a member was when it was copied."""
    rows, gaps = snapshot.coverage.as_stretches(), snapshot.coverage.as_gaps()
    told = stretches.apart(
        rows, [(gap.probably_from, gap.ended_at) for gap in gaps if gap.closed_at is None]
    )
    began = rows[0][0] if rows else None
    return Known(snapshot.taken_at, began, told, gaps, _unchecked(snapshot.taken_at, rows, gaps))


def _unchecked(at: datetime, rows: list[Stretch], gaps: list[Gap]) -> Gap | None:
    ends = [end for _, end in rows] + [gap.ended_at for gap in gaps]
    if not rows or at - max(ends) < LATELY:
        return None
    return Gap(
        started_at=max(ends),
        probably_from=max(ends),
        ended_at=at,
        cause=UNCHECKED,
        certainty=Certainty.POSSIBLE.value,
        opened_at=at,
    )


def cause(gap: Gap) -> str:
    """Why something may be missing, in words."""
    return CAUSES.get(str(gap.cause), str(gap.cause))


def milliseconds(gap: Gap) -> tuple[int, int]:
    """From when something is probably missing, and until when; the same instant where that only
    may be."""
    return clock.to_ms(gap.probably_from), clock.to_ms(gap.ended_at)
