"""The mail provider: hands one e-mail to Resend and says in one word what came of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resend.exceptions import ResendError

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0  # between two packets; an answer that drips ends with LONGEST_SECONDS
LONGEST_SECONDS = CONNECT_SECONDS + READ_SECONDS
NO_ANSWER = "HttpClientError"  # the library's type for a request that got none
NOT_REACHED = "no connection"  # it never began, so the e-mail certainly was not taken
DAY = timedelta(hours=24)
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
    """The provider does not let us send at all."""


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


def load() -> None:
    """Load the library that sends, which `send` does otherwise; an ImportError where it cannot."""
    from audiospective.clients import mail_http  # noqa: F401


def send(api_url: str, api_key: str, email: Envelope, key: str) -> str:
    """Hand the e-mail over once; returns the provider's id, raises a MailError.

    `key` makes a repetition harmless: Resend answers the same key with the same id for 24 hours
    and delivers nothing (resend.com/docs, "Idempotency keys").
    """
    # Loaded here: it brings another HTTP library along, which most processes never need.
    from audiospective.clients import mail_http
    from audiospective.clients.mail_http import NoContentError, ResendError, resend

    # The library keeps its settings in module globals; a process has one set of them.
    resend.api_url, resend.api_key = api_url, api_key
    resend.default_http_client = mail_http.Client(CONNECT_SECONDS, READ_SECONDS)
    parameters: Any = {
        "from": email.sender,
        "to": [email.recipient],
        "subject": email.subject,
        "text": email.text,
        "html": email.html,
        "headers": dict(email.headers),
    }
    try:
        answer = _within(
            LONGEST_SECONDS, lambda: resend.Emails.send(parameters, {"idempotency_key": key})
        )
    except ResendError as error:
        raise _named(error) from None
    except (NoContentError, ValueError) as error:
        raise UnreachableError(type(error).__name__) from None
    found = answer.get("id") if isinstance(answer, dict) else None
    if not isinstance(found, str) or not found:
        raise UnreachableError("the answer has no id")
    return found


def _within(seconds: float, call: Callable[[], Any]) -> Any:
    """What `call` returns or raises; UnreachableError if it does neither in time.

    Looking up a name has no time-out at all, and a read's starts anew with each packet. The thread
    is left to itself then: what it may still send carries the same key as the next try.
    """
    outcome: Future[Any] = Future()

    def run() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return outcome.result(seconds)
    except TimeoutError:
        raise UnreachableError("no answer in time") from None


def _named(error: ResendError) -> MailError:
    """The library's error in our words; it raises one class for whatever it does not know.

    A failure to connect, or to read the answer, comes as code 500 and type HttpClientError.
    """
    status = int(error.code) if str(error.code).isdigit() else 500
    kind, message = str(error.error_type), str(error.message)
    detail = f"{status} {kind}"  # the message may quote the address, so it stays out
    if status == 429:
        daily = "quota" in kind
        return LimitedError(detail, _wait(error.headers, DAY if daily else MINUTE), daily=daily)
    if status == 409:
        taken = kind == "invalid_idempotent_request"
        return AlreadyTakenError(detail) if taken else UnreachableError(detail)
    if status in (401, 403) or "`from`" in message:
        return AccountRefusedError(detail)
    if status == 422 and "`to`" in message:
        return AddressRefusedError(detail)
    if 400 <= status < 500 and status not in (404, 405, 408):
        return EmailRefusedError(detail)
    refused = status >= 500 and (kind != NO_ANSWER or message == NOT_REACHED)
    return UnreachableError(detail, refused=refused)


def _wait(headers: Mapping[str, str], default: timedelta) -> timedelta:
    """`Retry-After` as seconds or a date (RFC 9110, 10.2.3), between a second and a day."""
    text = next((v for k, v in headers.items() if k.lower() == "retry-after"), "").strip()
    found = default
    if text.isascii() and text.isdigit():
        found = timedelta(seconds=min(int(text), 10**6))
    elif text:
        try:
            date = parsedate_to_datetime(text)
            sent = parsedate_to_datetime(
                next((v for k, v in headers.items() if k.lower() == "date"), "")
            )
            found = _utc(date) - _utc(sent)
        except (TypeError, ValueError, OverflowError):
            found = default
    return max(timedelta(seconds=1), min(found, DAY))


def _utc(date: datetime) -> datetime:
    return date if date.tzinfo else date.replace(tzinfo=UTC)
