"""The mail provider: hands one e-mail to Resend and says in one word what came of it.

Its library brings another HTTP library along, so whoever sends mail imports this module where it is
about to; a worker does before it forks (jobs.worker.load_tasks).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import resend
from resend.exceptions import ResendError
from resend.http_client import HTTPClient
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from audiospective.clients.mail import (
    DAY,
    MINUTE,
    AccountRefusedError,
    AddressRefusedError,
    AlreadyTakenError,
    EmailRefusedError,
    Envelope,
    LimitedError,
    MailError,
    UnreachableError,
)

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0  # between two packets; an answer that drips ends with LONGEST_SECONDS
LONGEST_SECONDS = CONNECT_SECONDS + READ_SECONDS
LONGEST_NAME = 200  # letters of an id, or of what an error is called
NO_ANSWER = "HttpClientError"  # the library's type for a request that got none
NAMELESS = ("application_error", "InternalServerError")  # what the library calls a page, or no name
NOT_REACHED = "no connection"  # it never began, so the e-mail certainly was not taken


class Client(HTTPClient):
    """The library's own client waits 30 s, follows redirects and reads ~/.netrc; this does not.

    Both times are seconds: to connect, and between two packets.
    """

    def __init__(self, connect: float, read: float) -> None:
        self._timeout = connect, read

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        json: Any = None,
        files: Any = None,
        data: Any = None,
    ) -> tuple[bytes, int, Mapping[str, str]]:
        with requests.Session() as session:
            session.trust_env = False
            try:
                answer = session.request(
                    method,
                    url,
                    headers=headers,
                    json=json,
                    timeout=self._timeout,
                    allow_redirects=False,
                )
            except requests.ConnectionError as error:
                why = getattr(error.args[0] if error.args else None, "reason", None)
                if isinstance(why, ConnectTimeoutError | NewConnectionError):
                    raise ConnectionError(NOT_REACHED) from None  # the library keeps its words
                raise
            return answer.content, answer.status_code, answer.headers


def send(api_url: str, api_key: str, email: Envelope, key: str) -> str:
    """Hand the e-mail over once; returns the provider's id, raises a MailError.

    `key` makes a repetition harmless: Resend answers the same key with the same id for 24 hours
    and delivers nothing (resend.com/docs, "Idempotency keys").
    """
    # The library keeps its settings in module globals; a process has one set of them.
    resend.api_url, resend.api_key = api_url, api_key
    resend.default_http_client = Client(CONNECT_SECONDS, READ_SECONDS)
    parameters: Any = {
        "from": email.sender,
        "to": [email.recipient],
        "subject": email.subject,
        "text": email.text,
        "html": email.html,
        "headers": dict(email.headers),
    }

    def hand_over() -> Any:
        try:
            return resend.Emails.send(parameters, {"idempotency_key": key})
        except ResendError as error:
            raise _named(error) from None
        except Exception as error:  # noqa: BLE001 - such as an answer that the library cannot read
            raise UnreachableError(type(error).__name__) from None

    answer = _within(LONGEST_SECONDS, hand_over)
    found = answer.get("id") if isinstance(answer, dict) else None
    if not isinstance(found, str) or not found:
        raise UnreachableError("the answer has no id")
    return _plain(found)


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
    status = int(error.code) if str(error.code).isdecimal() else 500
    kind, message = _plain(str(error.error_type)), str(error.message)
    detail = f"{status} {kind}"  # the message may quote the address, so it stays out
    if status == 429:
        daily = "quota" in kind
        return LimitedError(detail, _wait(error.headers, DAY if daily else MINUTE), daily=daily)
    if status == 409:
        taken = kind == "invalid_idempotent_request"
        return AlreadyTakenError(detail) if taken else UnreachableError(detail)
    if status in (401, 403) or "`from`" in message:
        return AccountRefusedError(detail, named=kind not in NAMELESS)
    if status == 422 and "`to`" in message:
        return AddressRefusedError(detail)
    if 400 <= status < 500 and status not in (404, 405, 408):
        return EmailRefusedError(detail)
    refused = status >= 500 and (kind != NO_ANSWER or message == NOT_REACHED)
    return UnreachableError(detail, refused=refused)


def _plain(told: str) -> str:
    """What an answer calls something, so that every database takes it."""
    return ascii(told)[1:-1][:LONGEST_NAME]


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
