"""Failures: what an answer from Spotify means, and who is charged for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Failure(StrEnum):
    """Why a poll did not succeed."""

    AUTH = "auth"  # this person's consent is gone
    NOT_ALLOWED = "not_allowed"  # the account is not on the app's list
    NETWORK = "network"  # nothing came, or nothing that Spotify would say on purpose
    SILENT = "silent"  # an empty answer for somebody who had plays, confirmed
    RATE_LIMIT = "rate_limit"  # too many calls in 30 seconds, by the whole app
    QUOTA = "quota"  # the app's allowance for the day is used up
    APP = "app"  # the app itself is refused
    WITHHELD = "withheld"  # this app may not use this endpoint
    UNKNOWN = "unknown"  # anything else, crashes of our own included


CHARGED_TO_APP = frozenset({Failure.RATE_LIMIT, Failure.QUOTA, Failure.APP})
TRANSIENT = frozenset({Failure.NETWORK})  # worth another try within seconds


@dataclass(frozen=True)
class Cooldown:
    """The pause after the first failure, and the longest one."""

    base: timedelta
    longest: timedelta


COOLDOWNS = {
    Failure.AUTH: Cooldown(timedelta(minutes=30), timedelta(hours=4)),
    Failure.NOT_ALLOWED: Cooldown(timedelta(hours=4), timedelta(hours=24)),
    Failure.NETWORK: Cooldown(timedelta(minutes=10), timedelta(hours=1)),
    Failure.SILENT: Cooldown(timedelta(minutes=30), timedelta(hours=4)),
    Failure.WITHHELD: Cooldown(timedelta(hours=4), timedelta(hours=24)),
    Failure.UNKNOWN: Cooldown(timedelta(minutes=20), timedelta(hours=3)),
}
APP_PAUSE = timedelta(minutes=30)  # after the app itself was refused


def of_token_answer(status: int, error: str | None) -> Failure:
    """What an answer of the accounts service (not 200) means.

    Decided on the OAuth `error` code (RFC 6749, 5.2), never on its description or on the status
    alone: an outage page that mentions 401 is not a revocation. `error` is None when the body
    was not an OAuth error object.
    """
    if status == 429:
        return Failure.RATE_LIMIT
    if status >= 500:
        return Failure.NETWORK
    match error:
        case "invalid_grant":
            return Failure.AUTH
        case "invalid_client" | "unauthorized_client":
            return Failure.APP
        case None:
            return Failure.NETWORK  # HTML, empty, truncated: nobody said anything about anyone
        case _:
            return Failure.UNKNOWN


def of_api_answer(status: int, message: str, reason: str | None, *, is_json: bool) -> Failure:
    """What an answer of the Web API (not 200) means; status first, then the parsed error.

    `message` is the error's message, or the start of the body where that is not JSON (Spotify
    answers some 403 in plain text). `reason` is the error's `reason` field. A 401 here is one
    that came after a refresh.
    """
    words = message.casefold()
    match status:
        case 401:
            return Failure.AUTH
        case 403:
            return _of_forbidden(words, is_json=is_json)
        case 429:
            return Failure.QUOTA if reason == "QUOTA_EXCEEDED" else Failure.RATE_LIMIT
        case 404 | 408:
            return Failure.NETWORK  # seen from recently-played in passing (contract of the API)
        case _ if status >= 500 or 200 <= status < 400:
            return Failure.NETWORK
        case _:
            return Failure.UNKNOWN


def _of_forbidden(words: str, *, is_json: bool) -> Failure:
    if "scope" in words:
        return Failure.AUTH
    if "premium" in words:
        return Failure.APP
    if "not registered" in words or "not be registered" in words or "developer" in words:
        return Failure.NOT_ALLOWED
    if is_json and words == "forbidden":
        return Failure.WITHHELD
    return Failure.UNKNOWN
