"""How an archive is doing: one status, decided once, on which pages and e-mails agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from audiospective.policy.failures import Failure

OVERDUE = timedelta(minutes=30)  # planning windows last ten minutes; three of them is late
FRESH = timedelta(hours=3)  # a success this young outweighs one failure after it


class HealthStatus(StrEnum):
    """The statuses; what each means for a page stands in `archive_state.TRAITS`."""

    UP_TO_DATE = "up_to_date"
    FIRST_POLL = "first_poll"
    CATCHING_UP = "catching_up"
    REFUSED_ONCE = "refused_once"
    RECONNECT_NEEDED = "reconnect_needed"
    NOT_LISTED = "not_listed"
    OWN_APP_NOT_LISTED = "own_app_not_listed"
    PAUSED = "paused"
    LOCKED = "locked"
    SPOTIFY_SILENT = "spotify_silent"
    WAITING_FOR_LIMIT = "waiting_for_limit"
    APP_REFUSED = "app_refused"
    OWN_APP_REFUSED = "own_app_refused"
    OWN_APP_UNREADABLE = "own_app_unreadable"
    DISCONNECTED = "disconnected"
    IMPORT_ONLY = "import_only"
    EMPTY = "empty"


@dataclass(frozen=True)
class Facts:
    """What the status is decided on; `connection` is its status, None without one.

    `secret_opens`: whether the secret of the app can still be decrypted. `plays` is only asked for
    where there is no connection. `unusable`: the last answers in a row that proved nothing, empty
    though there were plays or without a usable time. `refused_once`: the last failure is the first
    refusal of its kind, which an outage may bring too; it is asked again before anybody is told.
    """

    connection: str | None
    next_poll_at: datetime | None = None
    last_success_at: datetime | None = None
    consecutive_failures: int = 0
    failure: Failure | None = None
    refused_once: bool = False
    unusable: int = 0
    app_blocked_until: datetime | None = None
    app_failure: Failure | None = None
    mass_refusal: bool = False
    own_app: bool = False  # the member brought the app, so nobody else can mend it
    secret_opens: bool = True
    plays: int = 0


def status(facts: Facts, now: datetime) -> HealthStatus:
    """The one status; what the member must do outranks what they can only wait for."""
    match facts.connection:
        case None:
            return HealthStatus.IMPORT_ONLY if facts.plays else HealthStatus.EMPTY
        case "paused":
            return HealthStatus.PAUSED
        case "disconnected":
            return HealthStatus.DISCONNECTED
        case "needs_reauth":
            return HealthStatus.RECONNECT_NEEDED
    if facts.own_app and not facts.secret_opens:
        return HealthStatus.OWN_APP_UNREADABLE
    refused = HealthStatus.OWN_APP_REFUSED if facts.own_app else HealthStatus.APP_REFUSED
    withheld = facts.consecutive_failures > 0 and facts.failure is Failure.WITHHELD
    # Where reconnecting helps nothing, it is not offered.
    once = facts.refused_once and not withheld
    if facts.connection == "not_allowed" and not once:
        return HealthStatus.OWN_APP_NOT_LISTED if facts.own_app else HealthStatus.NOT_LISTED
    fresh = facts.last_success_at is not None and now - facts.last_success_at < FRESH
    if facts.app_blocked_until is not None and facts.app_blocked_until > now:
        if facts.app_failure not in (Failure.RATE_LIMIT, Failure.QUOTA, None):
            return refused
        # Half a minute's pause is nothing to report while the archive is fresh.
        return HealthStatus.UP_TO_DATE if fresh else HealthStatus.WAITING_FOR_LIMIT
    if facts.mass_refusal and not fresh:
        return refused
    overdue = facts.next_poll_at is not None and now - facts.next_poll_at > OVERDUE
    if once:
        return HealthStatus.CATCHING_UP if overdue else HealthStatus.REFUSED_ONCE
    if withheld and not facts.refused_once:
        return refused
    if facts.consecutive_failures and facts.failure is Failure.AUTH:
        # Polling still asks now and then; the member must act.
        return HealthStatus.RECONNECT_NEEDED
    if facts.consecutive_failures and not fresh:
        if facts.failure is Failure.LOCKED:
            return HealthStatus.LOCKED
        ours = facts.failure in (Failure.UNKNOWN, None)
        return HealthStatus.CATCHING_UP if ours else HealthStatus.SPOTIFY_SILENT
    if facts.unusable and not fresh:
        return HealthStatus.SPOTIFY_SILENT
    if overdue:
        return HealthStatus.CATCHING_UP
    return HealthStatus.FIRST_POLL if facts.last_success_at is None else HealthStatus.UP_TO_DATE
