"""Sign-up: a consent is settled as a new member, a return, or a refusal that keeps nothing.

One module although it is long: each of these is an outcome of the same transaction.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from audiospective import clock, log
from audiospective.accounts import attachment, identity, members, seats, sessions
from audiospective.accounts.outcomes import (
    Joined,
    NotAttached,
    Outcome,
    Returned,
    Unrecognized,
    Visit,
    Waitlisted,
    WrongAccount,
)
from audiospective.clients.spotify import Profile, Tokens
from audiospective.models import Connection, SpotifyApp, User, transaction
from audiospective.models.base import LONG_AGO, read_clock
from audiospective.models.connections import (
    ACCESS_PLACE,
    ACTIVE,
    DISCONNECTED,
    PAUSED,
    REFRESH_PLACE,
)
from audiospective.models.dialects import locked
from audiospective.models.founding import FoundingRegister
from audiospective.models.users import SignedOutError
from audiospective.models.waitlist import WaitlistEntry
from audiospective.policy import check_wait, founding, member_names, renewal
from audiospective.policy.founding import Visitor, WaitlistReason
from audiospective.polling import coverage, other_account
from audiospective.services import Services


def join(services: Services, profile: Profile, tokens: Tokens, visit: Visit) -> Outcome:
    """Settle a consent in one transaction.

    The register's lock makes sign-ups take turns, so that the last founding number and the last
    seat are given once. The tokens are encrypted; nothing is kept of somebody who does not come in.
    Raises SignedOutError where that happened since the visit began.
    """
    try:
        if refusal := _hopeless(services, profile, visit):
            return Waitlisted(refusal)
        with transaction():
            register = FoundingRegister.locked()
            outcome = _admit(services, register, _Consent(profile, tokens, visit, read_clock()))
    except identity.AmbiguousError:
        return Unrecognized()
    if isinstance(outcome, Joined) or (isinstance(outcome, Returned) and outcome.connected):
        poll_soon(services, outcome.user_id)
    if isinstance(outcome, Joined) and outcome.attached:
        attachment.hurry(services)
    return outcome


def poll_soon(services: Services, user_id: int) -> bool:
    """Have the newest plays fetched while the person waits; False if Redis does not answer.

    Nothing is lost then: the connection is due, and the next plan finds it.
    """
    if services.queues.wake("poll_user", user_id):
        return True
    log.event("first_poll_waits_for_timetable", log.WARNING, user=user_id)
    return False


@dataclass(frozen=True)
class _Consent:
    profile: Profile
    tokens: Tokens = field(repr=False)
    visit: Visit
    now: datetime


def _hopeless(services: Services, profile: Profile, visit: Visit) -> WaitlistReason | None:
    """Why no stranger can join, by reading alone: a crowd in front needs no lock."""
    if visit.signed_in or visit.expected or visit.entry or identity.known(profile):
        return None
    app = SpotifyApp.get_by_id(visit.app_id)
    verdict = founding.admit(seats.places_of(services, app, clock.now()), Visitor())
    return verdict if isinstance(verdict, WaitlistReason) else None


def _admit(services: Services, register: FoundingRegister, consent: _Consent) -> Outcome:
    visit, profile = consent.visit, consent.profile
    known = identity.known(profile)
    wanted = visit.signed_in or visit.expected
    archive = User.get_or_none(User.id == wanted) if wanted else None
    if archive is None or (known is not None and known.id == archive.id):
        if known is None:
            return _come_in(services, register, consent, None)
        return _come_back(services, consent, known)
    if known is not None or archive.spotify_account_id is not None:
        own = visit.signed_in is not None
        name = archive.display_name
        return WrongAccount(
            account_name=member_names.kept(profile.display_name),
            archive_name=name if own else member_names.initial(name),
            taken=known is not None,
        )
    if not (visit.attaches and visit.signed_in):
        return NotAttached()
    if visit.session_key not in (None, archive.session_key):
        raise SignedOutError  # while Spotify was asked whose code this is
    _held(archive.id)
    archive.still_signed_in(changes_account=True)
    return _come_in(services, register, consent, archive)


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
        returns=archive is not None and _was_connected(archive),
        numbered=archive is not None and archive.founding_number is not None,
    )
    verdict = founding.admit(seats.places_of(services, app, now), visitor)
    if isinstance(verdict, WaitlistReason):
        return Waitlisted(verdict)
    number = seats.next_number(register, verdict)
    identity.release(consent.profile, archive.id if archive else None)
    if archive is None:
        user = members.create(
            **identity.columns(consent.profile),
            founding_number=number,
            minute_offset=secrets.randbelow(60),
            session_key=sessions.new_key(),
            created_at=now,
        )
    else:
        user = archive
        number = number or archive.founding_number
        User.update(**identity.columns(consent.profile, user), founding_number=number).where(
            User.id == user.id
        ).execute()
        attachment.tell(services, user, consent.profile, now)
        if attachment.comes_back(user.id, consent.profile):
            coverage.resume(user.id)
        else:
            other_account.attached(user.id, now)
    if entry is not None:
        # The invitation gave a seat and nothing else: whoever holds the link may not be its owner,
        # so the address is offered on /welcome and proven there or not at all.
        WaitlistEntry.update(user=user.id, place_until=LONG_AGO).where(
            WaitlistEntry.id == entry.id
        ).execute()
    members.greet(services, user.id, new=not visitor.returns)
    _connect(user.id, _renewed(services, user.id, consent))
    return Joined(user.id, number, archive is not None, user.session_key)


def _come_back(services: Services, consent: _Consent, user: User) -> Outcome:
    visit, key = consent.visit, user.session_key
    connection = _held(user.id)
    identity.release(consent.profile, user.id)
    User.update(**identity.columns(consent.profile, user)).where(User.id == user.id).execute()
    status = connection.status if connection else DISCONNECTED
    if not visit.renews and status in (DISCONNECTED, PAUSED):
        # They only sign in; stopped stays stopped.
        return Returned(user.id, connected=False, session_key=key)
    app = SpotifyApp.get_by_id(visit.app_id)
    if app.owner_id != user.id and SpotifyApp.select().where(SpotifyApp.owner == user.id).exists():
        # Theirs goes through an app of their own.
        return Returned(user.id, connected=False, session_key=key)
    needs_seat = status == DISCONNECTED and app.owner_id != user.id
    if needs_seat and not founding.may_take_seat(seats.places_of(services, app, consent.now)):
        return Returned(user.id, connected=False, refused=WaitlistReason.NO_SEAT, session_key=key)
    values = _renewed(services, user.id, consent)
    if connection and connection.last_success_at is None:
        values["first_authorized_at"] = (
            connection.first_authorized_at or connection.authorized_at
        )  # nobody has seen yet what they have played since then
    checked = connection.last_success_at if connection else None
    values["next_poll_at"] = check_wait.soonest(checked, consent.now)
    if status == ACTIVE and not visit.renews and connection.reauth_due_at > consent.now:
        # Spotify may have waved this through without a new consent: the six months go on. Once
        # they are over it cannot.
        del values["authorized_at"], values["reauth_due_at"]
    _connect(user.id, values)
    if status in (DISCONNECTED, PAUSED):
        coverage.resume(user.id)
    return Returned(user.id, reconnected=status != ACTIVE, session_key=key)


def _held(user_id: int) -> Any:
    """Their connection or None; this transaction holds it: a check takes it before the user's row.

    A change of the Spotify account, which is indexed, would else wait for a check that has written
    plays, while that waits for the user's row.
    """
    return next(iter(locked(Connection.select().where(Connection.user == user_id))), None)


def _connect(user_id: int, values: dict[str, object]) -> None:
    """Use a consent; with a higher fence, a poll under way with the old tokens writes nothing."""
    changed = (
        Connection.update(**values, fence=Connection.fence + 1)
        .where(Connection.user == user_id)
        .execute()
    )
    if not changed:
        Connection.insert(user=user_id, **values).execute()


def _renewed(services: Services, user_id: int, consent: _Consent) -> dict[str, object]:
    """What a fresh consent sets: tokens, dates, and a clean slate for circuit and e-mails."""
    encrypt, tokens, now = services.vault.encrypt, consent.tokens, consent.now
    return {
        "app": consent.visit.app_id,
        "status": ACTIVE,
        "scope": tokens.scope or "",
        "access_encrypted": encrypt(ACCESS_PLACE, user_id, tokens.access_token),
        "access_expires_at": now + timedelta(seconds=tokens.expires_in),
        "refresh_encrypted": encrypt(REFRESH_PLACE, user_id, tokens.refresh_token or ""),
        "authorized_at": now,
        "first_authorized_at": None,
        "reauth_due_at": renewal.reauth_due(now),
        "next_poll_at": now,
        "lease_until": LONG_AGO,
        "unfinished_claims": 0,
        "consecutive_failures": 0,
        "last_failure_type": None,
        "circuit_open_until": LONG_AGO,
        "detached_account": None,
    }


def _was_connected(archive: User) -> bool:
    return bool(Connection.select().where(Connection.user == archive.id).exists())


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
