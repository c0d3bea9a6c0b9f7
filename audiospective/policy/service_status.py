"""How the whole server is doing, for everybody to see: one state from a few sums."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from audiospective.policy.health import OVERDUE


class ServiceState(StrEnum):
    """The states, the worst that applies first."""

    APP_REFUSED = "app_refused"
    SPOTIFY_SILENT = "spotify_silent"
    LIMITED = "limited"
    LATE = "late"
    RUNNING = "running"


WORDS = {  # (sentence, what it means for whoever has an archive here)
    ServiceState.APP_REFUSED: (
        "Spotify refuses this server’s app",
        "The operator has been told. Archives stay readable; checks go on once Spotify accepts it.",
    ),
    ServiceState.SPOTIFY_SILENT: (
        "Spotify is not answering us",
        "Archives stay readable. Spotify keeps the last fifty plays of each listener meanwhile.",
    ),
    ServiceState.LIMITED: (
        "Spotify asked us to wait",
        "Checks go on by themselves when the wait is over. Archives stay readable.",
    ),
    ServiceState.LATE: (
        "Checks are late",
        "They are being caught up with. Archives stay readable.",
    ),
    ServiceState.RUNNING: (
        "Everything is running",
        "Checks are made on time.",
    ),
}


@dataclass(frozen=True)
class ServiceFacts:
    """What the state is decided on; of the server's own app, not of apps that members brought.

    `most_overdue`: how long the check that is due longest has been waiting.
    """

    most_overdue: timedelta = timedelta(0)
    outage: bool = False
    app_refused: bool = False
    blocked_until: datetime | None = None


def state(facts: ServiceFacts, now: datetime) -> ServiceState:
    if facts.app_refused:
        return ServiceState.APP_REFUSED
    if facts.outage:
        return ServiceState.SPOTIFY_SILENT
    if facts.blocked_until is not None and facts.blocked_until - now > OVERDUE:
        return ServiceState.LIMITED
    return ServiceState.LATE if facts.most_overdue > OVERDUE else ServiceState.RUNNING
