"""How an archive is doing, as one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from audiospective.policy.failures import Failure

OVERDUE = timedelta(minutes=30)  # planning windows last ten minutes; three of them is late
FRESH = timedelta(hours=3)  # a success this young outweighs one failure after it


class Sentence(StrEnum):
    """The states; each is worded once, in SENTENCES."""

    UP_TO_DATE = "up_to_date"
    FIRST_POLL = "first_poll"
    CATCHING_UP = "catching_up"
    RECONNECT_NEEDED = "reconnect_needed"
    NOT_ALLOWED = "not_allowed"
    PAUSED = "paused"
    SPOTIFY_SILENT = "spotify_silent"
    WAITING_FOR_LIMIT = "waiting_for_limit"
    APP_REFUSED = "app_refused"
    OWN_APP_REFUSED = "own_app_refused"
    DISCONNECTED = "disconnected"
    IMPORT_ONLY = "import_only"


SENTENCES = {
    Sentence.UP_TO_DATE: "Your archive is up to date",
    Sentence.FIRST_POLL: "Your first plays are on their way",
    Sentence.CATCHING_UP: "Catching up",
    Sentence.RECONNECT_NEEDED: "Reconnect needed",
    Sentence.NOT_ALLOWED: "Spotify does not let us read your plays",
    Sentence.PAUSED: "Paused by you",
    Sentence.SPOTIFY_SILENT: "Spotify isn’t answering us",
    Sentence.WAITING_FOR_LIMIT: "Waiting for Spotify’s limit",
    Sentence.APP_REFUSED: "Spotify is refusing all of us at the moment",
    Sentence.OWN_APP_REFUSED: "Spotify refuses your app",
    Sentence.DISCONNECTED: "Disconnected",
    Sentence.IMPORT_ONLY: "Your imported archive is safe",
}

GOOD, WAIT, BAD = "good", "wait", "bad"
TONES = {
    Sentence.UP_TO_DATE: GOOD,
    Sentence.IMPORT_ONLY: GOOD,
    Sentence.RECONNECT_NEEDED: BAD,
    Sentence.NOT_ALLOWED: BAD,
    Sentence.OWN_APP_REFUSED: BAD,
}  # everything else is WAIT


@dataclass(frozen=True)
class Standing:
    """What the sentence is decided on; `status` is that of the connection, None without one."""

    status: str | None
    next_poll_at: datetime | None = None
    last_success_at: datetime | None = None
    consecutive_failures: int = 0
    failure: Failure | None = None
    app_blocked_until: datetime | None = None
    app_failure: Failure | None = None
    mass_refusal: bool = False
    own_app: bool = False  # the person brought the app, so nobody else can mend it


def sentence(standing: Standing, now: datetime) -> Sentence:
    """The state in one word; what the person must do outranks what they can only wait for."""
    by_status = {
        None: Sentence.IMPORT_ONLY,
        "paused": Sentence.PAUSED,
        "disconnected": Sentence.DISCONNECTED,
        "needs_reauth": Sentence.RECONNECT_NEEDED,
        "not_allowed": Sentence.NOT_ALLOWED,
    }
    if standing.status in by_status:
        return by_status[standing.status]
    fresh = standing.last_success_at is not None and now - standing.last_success_at < FRESH
    if standing.app_blocked_until is not None and standing.app_blocked_until > now:
        limited = standing.app_failure in (Failure.RATE_LIMIT, Failure.QUOTA, None)
        if limited:
            # Half a minute's pause is nothing to report while the archive is fresh.
            return Sentence.UP_TO_DATE if fresh else Sentence.WAITING_FOR_LIMIT
        return Sentence.OWN_APP_REFUSED if standing.own_app else Sentence.APP_REFUSED
    withheld = standing.consecutive_failures and standing.failure is Failure.WITHHELD
    if (standing.mass_refusal or withheld) and not fresh:
        return Sentence.OWN_APP_REFUSED if standing.own_app else Sentence.APP_REFUSED
    if standing.consecutive_failures and standing.failure is Failure.AUTH:
        return Sentence.RECONNECT_NEEDED  # polling still asks now and then; the person must act
    if standing.consecutive_failures and not fresh:
        ours = standing.failure in (Failure.UNKNOWN, None)
        return Sentence.CATCHING_UP if ours else Sentence.SPOTIFY_SILENT
    if standing.last_success_at is None:
        return Sentence.FIRST_POLL
    overdue = standing.next_poll_at is not None and now - standing.next_poll_at > OVERDUE
    return Sentence.CATCHING_UP if overdue else Sentence.UP_TO_DATE


def tone(found: Sentence) -> str:
    """ "good", "wait" (nothing to do for the person) or "bad" (something to do)."""
    return TONES.get(found, WAIT)
