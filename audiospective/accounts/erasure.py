"""Carries deletions out in portions; killed at any moment, the next round goes on.

First nobody can reach the account, then jobs, rows and files go, the user's own row last. For an
hour its id is looked for again: a worker may have been writing when its member left.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from peewee import fn

from audiospective import clock, log
from audiospective.accounts import outside_database, sessions, spotify_app
from audiospective.clients.deadline import Deadline
from audiospective.clients.queues import INTERRUPTS
from audiospective.models import Connection, Play, PlaySegment, User, belonging, transaction
from audiospective.models.address_proofs import AddressProof
from audiospective.models.base import agreed_now
from audiospective.models.deletions import Deletion
from audiospective.models.export_schedules import ExportSchedule
from audiospective.models.founding import FoundingRegister
from audiospective.models.marks import Mark
from audiospective.models.notices import Notice
from audiospective.models.sessions import SettledCallback
from audiospective.models.sign_in_links import SignInLink
from audiospective.models.waitlist import WaitlistEntry
from audiospective.notices import kind, outbox
from audiospective.notices.kinds import account_deleted
from audiospective.services import Services

SECONDS = 240.0  # for one job; what is left goes on in the next round
TIMEOUT = 300
LEFT = "left:"  # marks: left:<user id>, at the instant when its last row went
LOOKED_FOR = timedelta(hours=1)  # longer than a worker's job


def carry_out(services: Services, deadline: Deadline) -> int:
    """Go on with every deletion that is due until `deadline`; how many accounts are gone.

    Safe to run late, twice and by several processes. Trouble with one keeps nothing from others.
    """
    due = Deletion.select(Deletion.user).where(_due())
    gone = 0
    for (user_id,) in list(due.order_by(Deletion.due_at, Deletion.user).tuples()):
        if deadline.remaining() <= 0:
            break
        try:
            if _has_begun(user_id):
                gone += _erase(services, user_id, deadline)
        except INTERRUPTS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this one's alone
            log.trouble("account_not_deleted", error, user=user_id)
    _look_again(services)
    account_deleted.forget()
    return gone


def anything_to_do() -> bool:
    """Whether a deletion is due, or somebody who left is still to be looked for."""
    due = Deletion.select().where(_due())
    return bool(due.exists() or Mark.named(LEFT))


def _due() -> Any:
    """The condition that one is to go on: it has begun, or its days are over by every clock."""
    return Deletion.begun_at.is_null(False) | (Deletion.due_at <= agreed_now())


def _has_begun(user_id: int) -> bool:
    """Begin if that was not done yet; False if the member kept the account meanwhile."""
    with transaction():
        begin(user_id)
        begun = (Deletion.user == user_id) & Deletion.begun_at.is_null(False)
        return bool(Deletion.select().where(begun).exists())


def begin(user_id: int) -> bool:
    """Cut the account off: no session, no link, no consent, no address leads to it from now on.

    Nothing is sent on by itself either: that ends with the sessions.

    The caller holds the transaction. False if it has begun already or is not due.
    """
    now = clock.now()
    row = (Deletion.user == user_id) & Deletion.begun_at.is_null() & (Deletion.due_at <= now)
    if not Deletion.update(begun_at=now).where(row).execute():
        return False
    # First the connection, then the user's row: the order in which a poll takes them.
    Connection.delete().where(Connection.user == user_id).execute()
    user = User.get_by_id(user_id)
    own = _addresses(user)
    visits = SettledCallback.select().where(SettledCallback.user == user_id)
    hashes = [visit.state_hash for visit in visits]
    sessions.end_all(user)  # which leaves them as nobody's
    SettledCallback.delete().where(SettledCallback.state_hash.in_(hashes)).execute()
    spotify_app.remove_own(user)
    WaitlistEntry.delete().where(
        (WaitlistEntry.user == user_id) | WaitlistEntry.email.in_(own)
    ).execute()
    SignInLink.delete().where(SignInLink.email.in_(own)).execute()
    # E-mails about another archive stay, or it would be told anew of what it was told of.
    to_address = Notice.user.is_null() | Notice.kind.in_(kind.to_addresses())
    Notice.delete().where(
        (Notice.user == user_id) | (Notice.recipient.in_(own) & to_address)
    ).execute()
    AddressProof.delete().where(AddressProof.user == user_id).execute()
    receipt_to = user.email if user.email_verified_at is not None else None
    Deletion.update(receipt_to=receipt_to, plays=_plays(user_id)).where(
        Deletion.user == user_id
    ).execute()
    User.update(
        spotify_account_id=None, spotify_id=None, display_name=None, email=None,
        email_verified_at=None, preferences="{}", is_operator=False,
    ).where(User.id == user_id).execute()  # fmt: skip
    # After the user's row, as where the failure of a monthly export is noted.
    ExportSchedule.delete().where(ExportSchedule.user == user_id).execute()
    log.event("account_deletion_begun", user=user_id)
    return True


def _plays(user_id: int) -> int:
    """Plays in rows and in segments; nothing is opened, since a damaged archive goes as well."""
    sealed = PlaySegment.select(fn.SUM(PlaySegment.plays)).where(PlaySegment.user == user_id)
    rows = Play.select().where(Play.user == user_id)
    return int(sealed.scalar() or 0) + int(rows.count())


def _addresses(user: User) -> list[str]:
    """Addresses that this member has proven and no other one has.

    One that was only typed may be somebody else's. What went to an address that two archives share
    is the other's as well: which e-mails they had already must not be forgotten.
    """
    former = AddressProof.select(AddressProof.email).where(
        (AddressProof.user == user.id) & AddressProof.session.is_null()
    )
    found = {str(email) for (email,) in former.tuples()}
    if user.email and user.email_verified_at is not None:
        found.add(str(user.email))
    shared = (User.id != user.id) & User.email.in_(found) & User.email_verified_at.is_null(False)
    return sorted(found - {other.email for other in User.select(User.email).where(shared)})


def _erase(services: Services, user_id: int, deadline: Deadline) -> bool:
    """Jobs, rows, then files; False if something is left for the next round.

    Storage or Redis may be away: then rows go all the same, but the user's own stays.
    """
    no_work = _tried(partial(outside_database.remove_work, services, user_id), user_id)
    for field in belonging.tables():
        if field.model is Deletion:
            continue
        while belonging.delete_some(field, user_id):
            if deadline.remaining() <= 0:
                return False
    no_files = _tried(partial(outside_database.remove_files, services, user_id, deadline), user_id)
    return no_work and no_files and _finish(services, user_id)


def _tried(part: Callable[[], object], user_id: int) -> bool:
    """What fails is tried again in the next round, and keeps nothing from the others."""
    try:
        return part() is not False
    except INTERRUPTS:
        raise
    except Exception as error:  # noqa: BLE001 - storage or Redis is away, mostly
        log.trouble("traces_not_removed", error, user=user_id)
        return False


def _finish(services: Services, user_id: int) -> bool:
    """The last row goes, and the receipt is owed; both or neither."""
    with transaction():
        row = Deletion.get_or_none(Deletion.user == user_id)
        if row is None or not User.delete().where(User.id == user_id).execute():
            return False
        FoundingRegister.note_left(user_id)
        Mark.put(f"{LEFT}{user_id}", clock.now())
        if row.receipt_to:
            account_deleted.put(services, row.receipt_to, row.plays)
    outbox.hurry(services)
    log.event("account_deleted", user=user_id)
    return True


def _look_again(services: Services) -> None:
    """Remove what workers wrote while their member left; after an hour nobody can any more."""
    for mark in Mark.named(LEFT):
        name = mark.name.removeprefix(LEFT)
        if not name.isdigit():  # what another release noted
            continue
        user_id = int(name)
        done = [
            _tried(partial(outside_database.remove_work, services, user_id), user_id),
            _tried(
                partial(outside_database.remove_files, services, user_id, Deadline(SECONDS)),
                user_id,
            ),
        ]
        if all(done) and clock.now() - mark.at > LOOKED_FOR:
            Mark.drop(mark.name)
