"""Guards as marks: which failure of which app is nobody's own, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from audiospective import clock, log
from audiospective.models.marks import Mark
from audiospective.policy.failures import Failure, named

# Marks <word><app>:<failure>, at the instant when the guard tripped. The note of the second says
# when it was lifted, in UTC milliseconds.
IN_FORCE = "guard:"
STILL_REFUSED = "still_refused:"  # it no longer holds, although many are refused on


@dataclass(frozen=True)
class Guard:
    """A failure that was taken for everybody's; `lifted_at` if it no longer holds, where known."""

    app_id: int
    failure: Failure
    since: datetime
    mark: str
    lifted_at: datetime | None = None


def read(mark: Mark) -> Guard | None:
    """The guard that a mark tells of; None for one that names what this release does not know."""
    _, app, kind = mark.name.split(":", 2)
    if app.isdigit() and (failure := named(kind)):
        lifted = clock.from_ms(int(mark.note)) if mark.note.isdigit() else None
        return Guard(int(app), failure, mark.at, mark.name, lifted)
    log.event("unknown_guard", log.WARNING, mark=mark.name)
    return None
