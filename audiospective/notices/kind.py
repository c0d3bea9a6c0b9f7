"""What a kind of e-mail is, which kinds there are, and who may be written to about one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from audiospective.models import User
from audiospective.models.base import json_object
from audiospective.models.notices import Notice
from audiospective.notices import kinds
from audiospective.services import Services

SENT_ONCE = ("welcome",)
OPERATORS_ONLY = ("operator_alert",)
OPT_IN = ("monthly_report",)  # comes to nobody who has not asked for it; made of figures
MAIL_OFF = "mail_off"  # in users.preferences: kinds of e-mails that the person switched off
MAIL_ON = "mail_on"  # the same, of OPT_IN: those that they asked for


class Audience(Enum):
    """Whose address an e-mail of a kind goes to."""

    MEMBER = "member"  # the address that a member has proven
    WAITLIST = "waitlist"  # an address on the list; `data["token"]` is what its links carry
    ADDRESS = "address"  # an address that somebody entered, whoever owns it


class Choice(Enum):
    """The boxes that a member ticks; each stands for the kinds that name it."""

    STOPPED = "My archive has stopped, or is about to"
    GAPS = "Plays may be missing"
    MONTH = "A month is over, with a report of it"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An e-mail that somebody is owed.

    `dedupe_key` says what it is about (one incident, one request); with recipient, kind and step it
    is what an e-mail is never sent twice for. `data` (JSON) is what the templates get; with
    "expires_at" (milliseconds) the e-mail is dropped instead of sent after that instant.
    """

    recipient: str
    dedupe_key: str
    data: Mapping[str, Any]
    step: int = 0
    user_id: int | None = None


@dataclass(frozen=True)
class Candidate:
    """Somebody whom a kind may be about; `draft` says what they are owed, or None."""

    user_id: int
    draft: Callable[[], Draft | None]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of e-mail; nothing has a default, so nothing is forgotten.

    `name`: as stored, and the folder of its templates (subject.txt, body.txt, body.html).
    `security`: cannot be switched off. `awaited`: somebody sits in front of the inbox, so it leaves
    before all others. `opt_out`: completes "You no longer get ..."; None where nothing can be
    switched off by kind. `warning`: without it a member is not told that something is wrong.
    `due`: who may be owed one, by a bounded number of queries; None if an action puts it.
    `still_true`: whether it may still go out when its turn comes; what it raises puts that off.
    """

    name: str
    audience: Audience
    security: bool
    awaited: bool
    opt_out: str | None
    warning: bool
    choice: Choice | None
    due: Callable[[Services], Iterable[Candidate]] | None
    still_true: Callable[[Notice, Mapping[str, Any]], bool]


def always(_notice: Notice, _data: Mapping[str, Any]) -> bool:
    """For kinds that stay true."""
    return True


@cache
def names() -> frozenset[str]:
    """The kinds that this release knows."""
    return frozenset(module.name for module in iter_modules(kinds.__path__))


@cache
def find(name: str) -> Kind | None:
    """The kind of this name; None for one that this release does not know."""
    if name not in names():
        return None
    found: Kind = import_module(f"{kinds.__name__}.{name}").KIND
    return found


def everything() -> list[Kind]:
    """All kinds, by name."""
    return [found for name in sorted(names()) if (found := find(name)) is not None]


def to_addresses() -> list[str]:
    """Names of the kinds that go to whoever owns an address, a member or not."""
    return [one.name for one in everything() if one.audience is not Audience.MEMBER]


def address(user: User, kind: str) -> str | None:
    """Where to write to this person about `kind`: only to an address they proved to be theirs."""
    if not user.email or user.email_verified_at is None or kind in switched_off(user):
        return None
    return str(user.email)


def switched_off(user: User) -> set[str]:
    """Kinds of e-mails that this person does not want, or has not asked for."""
    wishes = json_object(user.preferences)
    return _kinds(wishes.get(MAIL_OFF)) | (set(OPT_IN) - _kinds(wishes.get(MAIL_ON)))


def _kinds(found: object) -> set[str]:
    return {str(kind) for kind in found} if isinstance(found, list) else set()


def is_off(user_id: int, kind: str) -> bool:
    """Whether this person switched e-mails of a kind off."""
    user = User.get_or_none(User.id == user_id)
    return user is not None and kind in switched_off(user)


def switch(user_id: int, kind: str, *, on: bool) -> bool:
    """Let e-mails of a kind come or stay away; False if there is no such person."""
    user = User.get_or_none(User.id == user_id)
    if user is None:
        return False
    # The lists may name kinds of a newer release, and a restored bundle any kind in either.
    asked, off = _kinds(user.wishes.get(MAIL_ON)), _kinds(user.wishes.get(MAIL_OFF))
    if kind in OPT_IN:
        asked = asked | {kind} if on else asked - {kind}
        return User.wish(user_id, **{MAIL_ON: sorted(asked), MAIL_OFF: sorted(off - {kind})})
    off = off - {kind} if on else off | {kind}
    return User.wish(user_id, **{MAIL_OFF: sorted(off)})


def optional(user: User, *, figures: bool = True) -> list[Kind]:
    """The kinds that this member may switch on and off by themselves, in a stable order.

    What is sent once (the welcome) is left out, alerts about the server for all but operators, and
    what is made of figures where the server makes none.
    """
    return [
        one
        for one in everything()
        if one.opt_out is not None
        and one.audience is Audience.MEMBER
        and one.name not in SENT_ONCE
        and (one.name not in OPERATORS_ONLY or user.is_operator)
        and (figures or one.name not in OPT_IN)
    ]
