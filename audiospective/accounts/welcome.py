"""What a new member settles: zone, address, and which letters may come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from peewee import fn

from audiospective import clock
from audiospective.accounts import address, time_zone
from audiospective.models import Play, PlaySegment, User, transaction
from audiospective.notices import recipients
from audiospective.services import Services


@dataclass(frozen=True)
class LetterChoice:
    """One tick box: a name for the form, the words, and the kinds of letters it stands for."""

    name: str
    words: str
    kinds: tuple[str, ...]


LETTERS = (
    LetterChoice(
        "stopped",
        "My archive has stopped, or is about to",
        ("archive_stopped", "no_success", "renewal", "back_on"),
    ),
    LetterChoice("gaps", "Plays may be missing", ("gap_found",)),
)


@dataclass(frozen=True)
class Wishes:
    """`email` is normalized, or None to leave it as it is; `letters` are names of LETTERS."""

    timezone: str
    email: str | None
    letters: frozenset[str]


def wishes(user: User) -> Wishes:
    """What is settled now."""
    off = recipients.switched_off(user)
    on = {choice.name for choice in LETTERS if not off.intersection(choice.kinds)}
    return Wishes(str(user.timezone), user.email, frozenset(on))


def save(services: Services, user: User, wanted: Wishes) -> bool:
    """Settle it; True if a letter goes out to prove a new address."""
    with transaction():
        for choice in LETTERS:
            for kind in choice.kinds:
                recipients.switch(user.id, kind, on=choice.name in wanted.letters)
        time_zone.choose(user.id, wanted.timezone)
    if wanted.email is None:
        return False
    return address.propose(services, user, wanted.email)


def oldest(user: User) -> datetime | None:
    """When the oldest play of the archive ended, those in sealed files included."""
    row = Play.select(fn.MIN(Play.played_at)).where(Play.user == user.id).scalar()
    sealed = PlaySegment.select(fn.MIN(PlaySegment.first_at)).where(PlaySegment.user == user.id)
    ends = [int(at) for at in (row, sealed.scalar()) if at is not None]
    return clock.from_ms(min(ends)) if ends else None
