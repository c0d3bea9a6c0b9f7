"""The state of one archive as every page shows it: status, words, dates, gaps, what can be done.

One module although it is long: most of it is the one table of statuses that all pages share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from audiospective.policy.check_wait import Wait
from audiospective.policy.health import HealthStatus

Span = tuple[datetime, datetime]

RENEW_SOON = timedelta(days=30)  # the end of the access is worth a loud word from then on


class Tone(StrEnum):
    """How a status feels: fine, to wait for, to act on, or simply as the member chose."""

    GOOD = "good"
    WAIT = "wait"
    BAD = "bad"
    CALM = "calm"


class Action(StrEnum):
    """The one thing that helps now."""

    NONE = "none"
    CHECK = "check"
    CONNECT = "connect"
    RECONNECT = "reconnect"
    RESUME = "resume"
    OWN_APP = "own_app"  # to the page of the member's own Spotify app


@dataclass(frozen=True)
class Traits:
    """What a status means.

    `checks`: polls go on by themselves. `consent`: Spotify would still let us read, so the end of
    the access is a date that matters. `missing`: why plays are not saved while it lasts, None where
    Spotify's own list still holds them or nothing is expected.
    """

    title: str
    meaning: str
    tone: Tone
    action: Action
    checks: bool = False
    consent: bool = False
    missing: str | None = None


_KEPT = "Spotify keeps your last 50 plays for us meanwhile."
_OWN_APP = "Checks go on by themselves once that is done."

TRAITS: dict[HealthStatus, Traits] = {
    HealthStatus.UP_TO_DATE: Traits(
        "Your archive is up to date",
        "Everything that Spotify showed us at the last check is saved.",
        Tone.GOOD, Action.CHECK, checks=True, consent=True,
    ),
    HealthStatus.FIRST_POLL: Traits(
        "Your first plays are on their way",
        "The first check runs now and brings your last fifty plays.",
        Tone.CALM, Action.CHECK, checks=True, consent=True,
    ),
    HealthStatus.CATCHING_UP: Traits(
        "Catching up",
        f"The next check is late and is made up for by itself. {_KEPT}",
        Tone.WAIT, Action.CHECK, checks=True, consent=True,
    ),
    HealthStatus.LOCKED: Traits(
        "This server lacks one of its keys",
        "It cannot open its access to your Spotify account. Whoever runs this server can put the "
        "key back, and then checks go on by themselves. If this lasts, reconnecting helps. "
        + _KEPT,
        Tone.WAIT, Action.RECONNECT, checks=True, consent=True,
    ),
    HealthStatus.SPOTIFY_SILENT: Traits(
        "Spotify isn’t answering us",
        f"The last checks brought no usable answer. We keep trying by ourselves. {_KEPT}",
        Tone.WAIT, Action.CHECK, checks=True, consent=True,
    ),
    HealthStatus.WAITING_FOR_LIMIT: Traits(
        "Waiting for Spotify’s limit",
        "Spotify asked us to wait. Checks go on by themselves as soon as the wait is over.",
        Tone.WAIT, Action.NONE, checks=True, consent=True,
    ),
    HealthStatus.APP_REFUSED: Traits(
        "Spotify is refusing all of us at the moment",
        "It is not about your account, and the operator has been told. Your consent is kept; you "
        "need not do anything.",
        Tone.WAIT, Action.NONE, checks=True, consent=True,
    ),
    HealthStatus.REFUSED_ONCE: Traits(
        "Spotify refused us once",
        "That often passes by itself, so we ask again half an hour later. Reconnecting can wait "
        f"unless Spotify refuses again. {_KEPT}",
        Tone.WAIT, Action.RECONNECT, checks=True, consent=True,
    ),
    HealthStatus.RECONNECT_NEEDED: Traits(
        "Reconnect needed",
        "Spotify no longer lets us read your plays. What is saved stays saved; what you play now "
        "is at risk until you reconnect.",
        Tone.BAD, Action.RECONNECT, missing="authorization",
    ),
    HealthStatus.NOT_LISTED: Traits(
        "Spotify does not let us read your plays",
        "Your account is not on the list of people this app may serve. We keep asking; with a "
        "Spotify app of your own you need nobody’s list.",
        Tone.BAD, Action.OWN_APP, checks=True, missing="authorization",
    ),
    HealthStatus.OWN_APP_NOT_LISTED: Traits(
        "Your Spotify app does not list you",
        "Add your own account under “User Management” in your app at Spotify. " + _OWN_APP,
        Tone.BAD, Action.OWN_APP, checks=True, missing="authorization",
    ),
    HealthStatus.OWN_APP_REFUSED: Traits(
        "Spotify refuses your app",
        "Its secret was renewed, or its owner’s Premium has ended. " + _OWN_APP,
        Tone.BAD, Action.OWN_APP, checks=True, missing="authorization",
    ),
    HealthStatus.OWN_APP_UNREADABLE: Traits(
        "Your app’s secret cannot be read",
        "The key it was encrypted with is gone from this server. Enter the secret once more. "
        + _OWN_APP,
        Tone.BAD, Action.OWN_APP, missing="authorization",
    ),
    HealthStatus.PAUSED: Traits(
        "Paused by you",
        "We do not ask Spotify for your plays. After a few hours of listening, resuming cannot "
        "bring back everything.",
        Tone.CALM, Action.RESUME, consent=True, missing="paused",
    ),
    HealthStatus.DISCONNECTED: Traits(
        "Disconnected",
        "We have no access to your Spotify account. Your archive is kept.",
        Tone.CALM, Action.RECONNECT, missing="paused",
    ),
    HealthStatus.IMPORT_ONLY: Traits(
        "Your imported archive is safe",
        "It grows with the files you bring. Connect Spotify to have new plays saved as you listen.",
        Tone.GOOD, Action.CONNECT,
    ),
    HealthStatus.EMPTY: Traits(
        "Your archive is empty so far",
        "Connect Spotify, and new plays are saved as you listen. Or import earlier years.",
        Tone.CALM, Action.CONNECT,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Missing:
    """A stretch in which plays may be missing; `ended_at` is None while it still grows.

    Before `probably_from` it only may reach back, to `started_at`.
    """

    started_at: datetime
    probably_from: datetime
    ended_at: datetime | None
    cause: str
    certainty: str
    closed_at: datetime | None = None
    recovered: int = 0

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def begins_at(self) -> datetime:
        """Where it begins as far as is probable; else where it may begin."""
        probable = self.ended_at is None or self.probably_from < self.ended_at
        return self.probably_from if probable else self.started_at


@dataclass(frozen=True)
class Return:
    """Somebody reconnected: what the first check after it saved, and what may be missing."""

    at: datetime
    saved: int
    gap: Missing | None


@dataclass(frozen=True)
class ArchiveState:
    """One archive, now; instants are aware. Made by `settle`, which keeps it free of contradiction.

    `known_until`: up to here checks and gaps tell of everything. `silent` says why an e-mail about
    a breakdown would not arrive: no_address, not_proven, switched_off, no_mail (this server has no
    mail account). `reminded`: e-mails come before the access ends, and `expired`: it has ended.
    `quiet_since`: Spotify shows nothing new since then, perhaps a holiday.
    `refused_at`: when the one refusal came that is asked again. `deletion_at`: when everything is
    to be deleted, as the member has asked.
    """

    status: HealthStatus
    plays: int = 0
    began: datetime | None = None
    known_until: datetime | None = None
    last_success_at: datetime | None = None
    refused_at: datetime | None = None
    next_check_at: datetime | None = None
    wait: Wait | None = None
    renew_by: datetime | None = None
    reminded: bool = False
    expired: bool = False
    gaps: tuple[Missing, ...] = ()
    unreadable: int = 0
    silent: str | None = None
    quiet_since: datetime | None = None
    returned: Return | None = None
    connected_before: bool = False
    deletion_at: datetime | None = None

    @property
    def traits(self) -> Traits:
        return TRAITS[self.status]

    @property
    def title(self) -> str:
        return self.traits.title

    @property
    def can_check(self) -> bool:
        return self.traits.checks and self.traits.action in (Action.CHECK, Action.OWN_APP)

    @property
    def can_pause(self) -> bool:
        """Pausing means something only where plays would be saved otherwise."""
        return self.traits.checks and self.traits.consent

    @property
    def can_disconnect(self) -> bool:
        return self.connected_before and self.status is not HealthStatus.DISCONNECTED

    @property
    def open_gaps(self) -> tuple[Missing, ...]:
        return tuple(gap for gap in self.gaps if gap.is_open)

    @property
    def at_risk_since(self) -> datetime | None:
        """Since when plays are not saved, None while they are."""
        return self.growing.started_at if self.growing else None

    @property
    def growing(self) -> Missing | None:
        """The stretch that is being lost now, None while plays are saved."""
        return next((gap for gap in self.gaps if gap.ended_at is None), None)


def as_shown(
    found: ArchiveState, now: datetime, *, last_known: datetime | None = None
) -> ArchiveState:
    """`found` with what its status rules out left away, and with the gap that grows at present.

    `last_known` is the last instant at which all was well.
    """
    traits = TRAITS[found.status]
    gaps = sorted(found.gaps, key=lambda gap: gap.begins_at, reverse=True)
    known_until = found.last_success_at
    if traits.missing and last_known is not None:
        gaps.insert(0, Missing(last_known, last_known, None, traits.missing, "possible"))
        known_until = now
    saving = found.status is HealthStatus.UP_TO_DATE
    expired = traits.consent and found.renew_by is not None and found.renew_by <= now
    return ArchiveState(
        status=found.status,
        plays=found.plays,
        began=found.began,
        known_until=known_until,
        last_success_at=found.last_success_at,
        refused_at=found.refused_at if found.status is HealthStatus.REFUSED_ONCE else None,
        next_check_at=found.next_check_at if traits.checks else None,
        wait=found.wait if traits.checks else None,
        renew_by=found.renew_by if traits.consent else None,
        reminded=found.reminded and traits.checks and not expired,
        expired=expired,
        gaps=tuple(gaps),
        unreadable=found.unreadable,
        silent=found.silent if traits.checks else None,
        quiet_since=found.quiet_since if saving else None,
        returned=found.returned if saving else None,
        connected_before=found.connected_before,
        deletion_at=found.deletion_at,
    )


def renews_soon(state: ArchiveState, now: datetime) -> bool:
    """Whether the end of the access is near enough to speak up.

    Not in a pause: nothing is lost by it, and renewing would end the pause.
    """
    return state.traits.checks and state.renew_by is not None and state.renew_by - now < RENEW_SOON


def spans(gaps: Sequence[Missing], now: datetime) -> tuple[list[Span], list[Span]]:
    """The open gaps as (start, end): what is probably missing, and where only a gap may be."""
    found = [(gap, gap.ended_at or now) for gap in gaps if gap.is_open]
    probable = [(gap.probably_from, end) for gap, end in found if gap.probably_from < end]
    possible = [(gap.started_at, end) for gap, end in found if gap.probably_from >= end]
    return probable, possible
