"""What a new member settles: zone, address, and which letters may come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from peewee import fn

from audiospective import clock
from audiospective.accounts import address
from audiospective.models import Play, User, transaction
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
        User.update(timezone=wanted.timezone).where(User.id == user.id).execute()
        for choice in LETTERS:
            for kind in choice.kinds:
                recipients.switch(user.id, kind, on=choice.name in wanted.letters)
    if wanted.email is None:
        return False
    return address.propose(services, user, wanted.email)


def saved(user: User) -> tuple[int, datetime | None]:
    """(plays saved by the first polls, when the oldest of them ended)."""
    count, oldest = (
        Play.select(fn.COUNT(Play.played_at), fn.MIN(Play.played_at))
        .where(Play.user == user.id)
        .tuples()
        .get()
    )
    return int(count), clock.from_ms(int(oldest)) if oldest is not None else None
