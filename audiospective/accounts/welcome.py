"""What a new member settles: zone, address, and which e-mails may come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from peewee import fn

from audiospective import clock
from audiospective.accounts import address, time_zone
from audiospective.models import Play, PlaySegment, User, transaction
from audiospective.models.sessions import Session
from audiospective.models.waitlist import WaitlistEntry
from audiospective.notices import kind
from audiospective.notices.kind import Choice
from audiospective.services import Services


@dataclass(frozen=True)
class EmailChoice:
    """One tick box: a name for the form, the words, and the kinds of e-mails it stands for."""

    name: str
    words: str
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Wishes:
    """What is None stays as it is; `email` is normalized, `emails` are names of choices."""

    timezone: str | None
    email: str | None
    emails: frozenset[str]


def choices(*, figures: bool = True) -> list[EmailChoice]:
    """The tick boxes, each with the kinds that name it; without `figures` none for a report."""
    return [
        EmailChoice(
            choice.name.lower(),
            choice.value,
            tuple(one.name for one in kind.everything() if one.choice is choice),
        )
        for choice in Choice
        if figures or choice is not Choice.MONTH
    ]


def wishes(user: User) -> Wishes:
    """What is settled now."""
    off = kind.switched_off(user)
    on = {choice.name for choice in choices() if not off.intersection(choice.kinds)}
    return Wishes(str(user.timezone), user.email, frozenset(on))


def invited_address(user: User) -> str | None:
    """The address that this member's invitation was sent to: offered, never taken for theirs."""
    found = WaitlistEntry.get_or_none(WaitlistEntry.user == user.id)
    return str(found.email) if found else None


def save(services: Services, user: User, session: Session, wanted: Wishes) -> bool:
    """Settle it; True if an e-mail goes out to prove a new address.

    A choice that the page does not offer, or that was not changed, stays as it is: of one that is
    not ticked, a single kind may be off.
    """
    settled = wishes(user).emails
    with transaction():
        for choice in choices(figures=services.settings.derived_stats):
            on = choice.name in wanted.emails
            for name in choice.kinds if on != (choice.name in settled) else ():
                kind.switch(user.id, name, on=on)
        if wanted.timezone is not None:
            time_zone.choose(user.id, wanted.timezone)
    if wanted.email is None:
        return False
    return address.propose(services, user, session, wanted.email)


def oldest(user: User) -> datetime | None:
    """When the oldest play of the archive ended, those in sealed files included."""
    row = Play.select(fn.MIN(Play.played_at)).where(Play.user == user.id).scalar()
    sealed = PlaySegment.select(fn.MIN(PlaySegment.first_at)).where(PlaySegment.user == user.id)
    ends = [int(at) for at in (row, sealed.scalar()) if at is not None]
    return clock.from_ms(min(ends)) if ends else None
