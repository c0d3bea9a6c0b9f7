"""One e-mail that is ready to go, and what may come of handing it over (clients.mail_http)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

DAY = timedelta(hours=24)  # the longest wait that a limit may name
MINUTE = timedelta(minutes=1)


class MailError(Exception):
    """The e-mail was not accepted, or nobody knows whether it was.

    MailError
     +-- LimitedError         the provider takes no more for now: all mail waits
     +-- UnreachableError     no answer, or one that says nothing: the e-mail may have been taken
     +-- AddressRefusedError  this one address is not accepted: never again
     +-- EmailRefusedError   this one e-mail is not accepted: never again
     +-- AccountRefusedError  key, sender or domain is not accepted: the operator must act
     +-- AlreadyTakenError    the same key was accepted before with other words: it is out
    """


class LimitedError(MailError):
    """Rate limit or quota; `wait` from now, `daily` if it is an allowance that was used up."""

    def __init__(self, detail: str, wait: timedelta, *, daily: bool) -> None:
        super().__init__(detail)
        self.wait = wait
        self.daily = daily


class UnreachableError(MailError):
    """Time-out, lost connection, 5xx, or an answer that is none.

    `refused`: the provider said itself that it failed, or was not reached at all, so the e-mail was
    hardly taken.
    """

    def __init__(self, detail: str, *, refused: bool = False) -> None:
        super().__init__(detail)
        self.refused = refused


class AddressRefusedError(MailError):
    """The provider will not send to this address."""


class EmailRefusedError(MailError):
    """The provider will not send this e-mail."""


class AccountRefusedError(MailError):
    """The provider does not let us send at all.

    `named`: it says why itself; what only stands before it cannot.
    """

    def __init__(self, detail: str, *, named: bool = False) -> None:
        super().__init__(detail)
        self.named = named


class AlreadyTakenError(MailError):
    """An earlier try of this e-mail was accepted, with a text that has changed since."""


@dataclass(frozen=True)
class Envelope:
    """One e-mail, ready to go."""

    sender: str
    recipient: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
