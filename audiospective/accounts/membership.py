"""Membership: who comes in, with which number, and what a return changes."""

from __future__ import annotations

import logging
import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from peewee import fn
from redis.exceptions import RedisError

from audiospective import clock
from audiospective.clients.queues import INTERACTIVE
from audiospective.clients.spotify import Profile, Tokens
from audiospective.models import Connection, SpotifyApp, User, transaction
from audiospective.models.apps import ENVIRONMENT_APP
from audiospective.models.base import LONG_AGO, read_clock
from audiospective.models.connections import (
    ACCESS_PLACE,
    ACTIVE,
    DISCONNECTED,
    PAUSED,
    REFRESH_PLACE,
)
from audiospective.models.founding import ONLY, FoundingRegister
from audiospective.models.waitlist import WaitlistEntry
from audiospective.notices.kinds import welcome
from audiospective.policy import founding, renewal
from audiospective.policy.founding import Admission, Places, Refusal, Visitor
from audiospective.policy.tiers import FREE, PRO
from audiospective.services import Services

log = logging.getLogger(__name__)
NAME_LENGTH = 200  # Spotify sets no limit on display names; a page does


@dataclass(frozen=True)
class Visit:
    """How somebody came to the door.

    `renews`: they asked to connect again, so the new consent counts in any case. `signed_in`:
    the member this browser belongs to. `expected`: the member whose e-mail led here.
    `entry`: the waitlist entry whose link this browser opened.
    """

    app_id: int = ENVIRONMENT_APP
    renews: bool = False
    signed_in: int | None = None
    expected: int | None = None
    entry: int | None = None


@dataclass(frozen=True)
class Joined:
    """A new archive; `founding_number` is None for a free member. `attached`: the account was here
    already, without Spotify."""

    user_id: int
    founding_number: int | None
    attached: bool = False


@dataclass(frozen=True)
class Returned:
    """A known member. `connected`: the consent is in use; `reconnected`: the archive had stopped.

    `refused` says why somebody who had disconnected could not connect again.
    """

    user_id: int
    connected: bool = True
    reconnected: bool = False
    refused: Refusal | None = None


@dataclass(frozen=True)
class Waitlisted:
    """Nobody new was let in, for this reason."""

    reason: Refusal


@dataclass(frozen=True)
class WrongAccount:
    """The consent is for another Spotify account than that of the archive; nothing was changed.

    `taken`: it belongs to another archive here. Otherwise `archive_name` is whose it should be.
    """

    account_name: str | None
    archive_name: str | None
    taken: bool


Outcome = Joined | Returned | Waitlisted | WrongAccount


def places(services: Services) -> Places:
    """Founding places and seats of the environment's app as they stand now."""
    return _places(services, ENVIRONMENT_APP, services.settings.spotify_seats, clock.now())


def join(services: Services, profile: Profile, tokens: Tokens, visit: Visit) -> Outcome:
    """Settle a consent in one transaction: a new member, a return, or a refusal that keeps nothing.

    The register's lock makes sign-ups take turns, so that the last founding number and the last
    seat are given once. The tokens are sealed; nothing is kept of somebody who does not come in.
    """
    if refusal := _hopeless(services, profile, visit):
        return Waitlisted(refusal)
    with transaction():
        register = FoundingRegister.locked()
        outcome = _settle(services, register, _Consent(profile, tokens, visit, read_clock()))
    if isinstance(outcome, Joined) or (isinstance(outcome, Returned) and outcome.connected):
        poll_soon(services, outcome.user_id)
    return outcome


def poll_soon(services: Services, user_id: int) -> bool:
    """Have the newest plays fetched while the person waits; False if Redis does not answer.

    Nothing is lost then: the connection is due, and the next plan finds it.
    """
    try:
        services.queues.enqueue(INTERACTIVE, "poll_user", user_id)
    except RedisError:
        log.warning("the first poll waits for the timetable: Redis does not answer")
        return False
    return True


def greet(services: Services, user_id: int) -> None:
    """Owe the one e-mail of welcome, if there is a proven address; inside the transaction that
    made it one, or made them a member."""
    user = User.get_by_id(user_id)
    if user.email and user.email_verified_at is not None and user.spotify_account_id is not None:
        welcome.put(services, user)


def find(text: str) -> User | None:
    """A member by account id, Spotify id, confirmed e-mail address or own id."""
    text = text.strip()
    by = (
        (User.spotify_account_id == text)
        | (User.spotify_id == text)
        | ((User.email == text.lower()) & User.email_verified_at.is_null(False))
    )
    if text.isascii() and text.isdigit() and len(text) < 10:
        by |= User.id == int(text)
    found: list[User] = list(User.select().where(by).order_by(User.id).limit(2))
    exact = [user for user in found if text in (user.spotify_account_id, user.spotify_id)]
    return next(iter(exact or found), None)


def set_tier(user: User, tier: str) -> None:
    """Move a member to `free` or `pro`; raises ValueError for anything else."""
    if tier not in (FREE, PRO):
        raise ValueError(f"there is no tier {tier!r}")
    User.update(tier=tier).where(User.id == user.id).execute()


def set_operator(user: User, operator: bool) -> None:
    User.update(is_operator=operator).where(User.id == user.id).execute()


@dataclass(frozen=True)
class _Consent:
    profile: Profile
    tokens: Tokens = field(repr=False)
    visit: Visit
    now: datetime


def _hopeless(services: Services, profile: Profile, visit: Visit) -> Refusal | None:
    """Why a stranger finds the door shut, by reading alone: a crowd before it needs no lock."""
    if visit.signed_in or visit.expected or visit.entry or _known(profile):
        return None
    app = SpotifyApp.get_by_id(visit.app_id)
    verdict = founding.admit(_places(services, app.id, app.seats, clock.now()), Visitor())
    return verdict if isinstance(verdict, Refusal) else None


def _settle(services: Services, register: FoundingRegister, consent: _Consent) -> Outcome:
    visit = consent.visit
    known = _known(consent.profile)
    wanted = visit.signed_in or visit.expected
    archive = User.get_or_none(User.id == wanted) if wanted else None
    if archive is not None and (known is None or known.id != archive.id):
        if known is not None or archive.spotify_account_id is not None:
            return WrongAccount(
                account_name=consent.profile.display_name,
                archive_name=archive.display_name,
                taken=known is not None,
            )
        return _come_in(services, register, consent, archive)
    if known is None:
        return _come_in(services, register, consent, None)
    return _come_back(services, consent, known)


def _known(profile: Profile) -> User | None:
    found: User | None = User.get_or_none(User.spotify_account_id == profile.account_id)
    if found is None and profile.account_id != profile.spotify_id:
        # Signed up while Spotify did not tell an account id yet (before May 2026).
        found = User.get_or_none(
            (User.spotify_account_id == profile.spotify_id)
            & (User.spotify_id == profile.spotify_id)
        )
    return found


def _come_in(
    services: Services, register: FoundingRegister, consent: _Consent, archive: User | None
) -> Outcome:
    visit, now = consent.visit, consent.now
    app = SpotifyApp.get_by_id(visit.app_id)
    entry = _open_entry(visit.entry)
    visitor = Visitor(
        invited=entry is not None and _invited(entry, now),
        holds_place=entry is not None and entry.place_until > now,
        own_app=archive is not None and app.owner_id == archive.id,
    )
    verdict = founding.admit(_places(services, app.id, app.seats, now), visitor)
    if isinstance(verdict, Refusal):
        return Waitlisted(verdict)
    number = _next_number(register, verdict)
    identity = {
        "spotify_account_id": consent.profile.account_id,
        "spotify_id": consent.profile.spotify_id,
        "display_name": _name(consent.profile),
    }
    if archive is None:
        user = User.create(
            **identity,
            founding_number=number,
            minute_offset=secrets.randbelow(60),
            session_key=new_session_key(),
            created_at=now,
        )
    else:
        user = archive
        number = number or archive.founding_number
        User.update(**identity, founding_number=number).where(User.id == user.id).execute()
    if entry is not None:
        _settle_entry(entry, user, now)
    greet(services, user.id)
    Connection.insert(user=user.id, **_renewed(services, user.id, consent)).execute()
    return Joined(user.id, number, attached=archive is not None)


def _come_back(services: Services, consent: _Consent, user: User) -> Outcome:
    visit = consent.visit
    User.update(
        spotify_account_id=consent.profile.account_id,
        spotify_id=consent.profile.spotify_id,
        display_name=_name(consent.profile),
    ).where(User.id == user.id).execute()
    connection = Connection.get_or_none(Connection.user == user.id)
    status = connection.status if connection else DISCONNECTED
    if not visit.renews and status in (DISCONNECTED, PAUSED):
        return Returned(user.id, connected=False)  # they only sign in; stopped stays stopped
    app = SpotifyApp.get_by_id(visit.app_id)
    if app.owner_id != user.id and SpotifyApp.select().where(SpotifyApp.owner == user.id).exists():
        return Returned(user.id, connected=False)  # theirs goes through an app of their own
    if status == DISCONNECTED and app.owner_id != user.id:
        seats = _places(services, app.id, app.seats, consent.now)
        if not founding.may_take_seat(seats):
            return Returned(user.id, connected=False, refused=Refusal.NO_SEAT)
    values = _renewed(services, user.id, consent)
    if connection is None:
        Connection.insert(user=user.id, **values).execute()
    else:
        if status == ACTIVE and not visit.renews:
            # Spotify may have waved this through without a new consent: the six months go on.
            del values["authorized_at"], values["reauth_due_at"]
        _update(user.id, values)
    return Returned(user.id, reconnected=status != ACTIVE)


def _update(user_id: int, values: dict[str, object]) -> None:
    # A higher fence: a poll that is under way with the old tokens writes nothing.
    Connection.update(**values, fence=Connection.fence + 1).where(
        Connection.user == user_id
    ).execute()


def _renewed(services: Services, user_id: int, consent: _Consent) -> dict[str, object]:
    """What a fresh consent sets: tokens, dates, and a clean slate for the circuit."""
    seal, tokens, now = services.vault.seal, consent.tokens, consent.now
    return {
        "app": consent.visit.app_id,
        "status": ACTIVE,
        "scope": tokens.scope or "",
        "access_sealed": seal(ACCESS_PLACE, user_id, tokens.access_token),
        "access_expires_at": now + timedelta(seconds=tokens.expires_in),
        "refresh_sealed": seal(REFRESH_PLACE, user_id, tokens.refresh_token or ""),
        "authorized_at": now,
        "reauth_due_at": renewal.reauth_due(now),
        "next_poll_at": now,
        "lease_until": LONG_AGO,
        "unfinished_claims": 0,
        "consecutive_failures": 0,
        "last_failure_type": None,
        "circuit_open_until": LONG_AGO,
    }


def _places(services: Services, app_id: int, seats: int | None, now: datetime) -> Places:
    held, seats_held = WaitlistEntry.held(now)
    connected = (
        Connection.select(fn.COUNT(Connection.user))
        .where(Connection.app == app_id, Connection.status != DISCONNECTED)
        .scalar()
    )
    return Places(
        cap=services.settings.founding_member_cap,
        taken=FoundingRegister.taken(),
        held=held,
        seats=seats,
        seats_taken=int(connected),
        seats_held=seats_held if app_id == ENVIRONMENT_APP else 0,
    )


def _next_number(register: FoundingRegister, admission: Admission) -> int | None:
    if not admission.founding:
        return None
    register.last_number += 1
    FoundingRegister.update(last_number=register.last_number).where(
        FoundingRegister.id == ONLY
    ).execute()
    return int(register.last_number)


def _open_entry(entry_id: int | None) -> WaitlistEntry | None:
    if entry_id is None:
        return None
    found: WaitlistEntry | None = WaitlistEntry.get_or_none(
        (WaitlistEntry.id == entry_id)
        & WaitlistEntry.user.is_null()
        & WaitlistEntry.confirmed_at.is_null(False)
    )
    return found


def _invited(entry: WaitlistEntry, now: datetime) -> bool:
    return entry.invited_at is not None and now < entry.invited_at + founding.PLACE_HELD


def _settle_entry(entry: WaitlistEntry, user: User, now: datetime) -> None:
    """The address was proven on the list, so it is the member's own; the held place is used up."""
    WaitlistEntry.update(user=user.id, place_until=LONG_AGO).where(
        WaitlistEntry.id == entry.id
    ).execute()
    if not user.email:
        User.update(email=entry.email, email_verified_at=now).where(User.id == user.id).execute()


def _name(profile: Profile) -> str | None:
    """As Spotify says it, without control characters, which PostgreSQL would refuse."""
    if profile.display_name is None:
        return None
    kept = "".join(c for c in profile.display_name if unicodedata.category(c) not in ("Cc", "Cs"))
    return kept.strip()[:NAME_LENGTH] or None


def new_session_key() -> str:
    """What a session names instead of the member's id; random, so that it can be changed."""
    return secrets.token_urlsafe(24)
