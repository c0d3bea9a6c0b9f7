"""How somebody came back from Spotify, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from audiospective.models.apps import ENVIRONMENT_APP
from audiospective.policy.founding import WaitlistReason


@dataclass(frozen=True)
class Visit:
    """How somebody came.

    `renews`: they asked to connect again, so the new consent counts in any case. `signed_in`:
    the member this browser belongs to, with their `session_key` of then. `attaches`: that member
    has no Spotify account yet, has just signed in by e-mail and asked to attach one. `expected`:
    the member whose e-mail led here. `entry`: the waitlist entry whose link this browser opened.
    """

    app_id: int = ENVIRONMENT_APP
    renews: bool = False
    signed_in: int | None = None
    session_key: str | None = None
    attaches: bool = False
    expected: int | None = None
    entry: int | None = None


@dataclass(frozen=True)
class Joined:
    """A new archive; `founding_number` is None for a free member. `attached`: the account was here
    already, without Spotify. `session_key`: the member's, as it was then."""

    user_id: int
    founding_number: int | None
    attached: bool = False
    session_key: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True)
class Returned:
    """A known member. `connected`: the consent is in use; `reconnected`: the archive had stopped.

    `refused` says why somebody who had disconnected could not connect again; `session_key`: the
    member's, as it was then.
    """

    user_id: int
    connected: bool = True
    reconnected: bool = False
    refused: WaitlistReason | None = None
    session_key: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True)
class Waitlisted:
    """Nobody new was let in, for this reason."""

    reason: WaitlistReason


@dataclass(frozen=True)
class WrongAccount:
    """The consent is for another Spotify account than that of the archive; nothing was changed.

    `taken`: it belongs to another archive here. Otherwise `archive_name` is whose it should be: the
    whole name for its own member, the first letter for whoever only holds a link.
    """

    account_name: str | None
    archive_name: str | None
    taken: bool


@dataclass(frozen=True)
class NotAttached:
    """The archive has no Spotify account, and this visit may not give it one."""


@dataclass(frozen=True)
class Unrecognized:
    """Spotify's answer told too little of who this is; nothing was changed."""


Outcome = Joined | Returned | Waitlisted | WrongAccount | NotAttached | Unrecognized
