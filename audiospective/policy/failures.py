"""Failures: what an answer from Spotify means, who is charged, and for how long polling pauses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


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
    LOCKED = "locked"  # no key of this server opens the token it keeps
    UNKNOWN = "unknown"  # anything else, crashes of our own included


class Charged(StrEnum):
    """Who pauses after a failure."""

    MEMBER = "member"
    APP = "app"  # and nobody of its people is charged


@dataclass(frozen=True)
class Traits:
    """Everything that distinguishes one failure from another.

    `pause` is the first one and the default of a limit without a header, `longest` the cap.
    `guarded`: when it strikes many at once it is taken for Spotify's fault. `needs_person`: only
    the member or the operator can mend it. `shared`: where it keeps everybody out, an e-mail to
    each tells nobody anything. `transient`: worth another try within seconds. `label` and `tone`
    are what the health page says of a check that ended so.
    """

    charged: Charged
    pause: timedelta
    longest: timedelta
    label: str
    tone: str = "warn"
    guarded: bool = False
    needs_person: bool = False
    shared: bool = False
    transient: bool = False


TRAITS = {
    Failure.AUTH: Traits(
        Charged.MEMBER, 30 * MINUTE, 4 * HOUR, "Access ended", "bad",
        guarded=True, needs_person=True,
    ),
    Failure.NOT_ALLOWED: Traits(
        Charged.MEMBER, 4 * HOUR, 24 * HOUR, "Account not on the app’s list", "bad",
        guarded=True, needs_person=True,
    ),
    Failure.NETWORK: Traits(
        Charged.MEMBER, 10 * MINUTE, HOUR, "No answer", shared=True, transient=True,
    ),
    Failure.SILENT: Traits(
        Charged.MEMBER, 30 * MINUTE, 4 * HOUR, "Empty response, and no profile either"
    ),
    # 30 seconds are the window in which Spotify counts calls.
    Failure.RATE_LIMIT: Traits(
        Charged.APP, 30 * SECOND, 24 * HOUR, "Spotify asked us to wait", shared=True
    ),
    # Spotify counts a rolling day; asking hourly costs 24 calls.
    Failure.QUOTA: Traits(
        Charged.APP, HOUR, 24 * HOUR, "The day’s allowance is used up", shared=True,
    ),
    Failure.APP: Traits(
        Charged.APP, 30 * MINUTE, 30 * MINUTE, "Spotify refused the app", shared=True,
    ),
    Failure.WITHHELD: Traits(
        Charged.MEMBER, 4 * HOUR, 24 * HOUR, "Spotify withholds this list from the app", "bad",
        guarded=True, needs_person=True, shared=True,
    ),
    # Whoever runs the server has taken out a key, and puts it back: nothing is asked meanwhile.
    Failure.LOCKED: Traits(
        Charged.MEMBER, 10 * MINUTE, 20 * MINUTE, "This server could not open its own records",
        shared=True,
    ),
    Failure.UNKNOWN: Traits(
        Charged.MEMBER, 20 * MINUTE, 3 * HOUR, "It failed for a reason we do not know"
    ),
}  # fmt: skip
CHARGED_TO_APP = frozenset(f for f, traits in TRAITS.items() if traits.charged is Charged.APP)
GUARDED = frozenset(f for f, traits in TRAITS.items() if traits.guarded)
NEED_PERSON = frozenset(f for f, traits in TRAITS.items() if traits.needs_person)

APP_PAUSE = TRAITS[Failure.APP].pause
LARGEST_FACTOR = 8
AGAIN = 30 * MINUTE  # after the first refusal of somebody
QUARANTINE_AFTER = 3  # claims in a row whose worker never reported back
ALONE_AFTER = 2  # from here on a suspect is polled in a batch of its own


def named(name: str | None) -> Failure | None:
    """A stored failure; None where there is none, or one that another release knew."""
    return Failure(name) if name in set(Failure) else None


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


def cooldown(failure: Failure, failures_in_a_row: int) -> timedelta:
    """The pause after the n-th failure in a row (n >= 1): base x 2^(n-1), factor and sum capped.

    What may have met everybody is asked again soon, since until then nobody is told that it is
    their own; its pauses grow from the second one on.
    """
    traits = TRAITS[failure]
    before = failures_in_a_row - 1
    if traits.guarded:
        if not before:
            return min(traits.pause, AGAIN)
        before -= 1
    factor: int = min(1 << min(before, 10), LARGEST_FACTOR)
    return min(traits.pause * factor, traits.longest)


def reopens_at(failure: Failure, failures_in_a_row: int, now: datetime, *, again: bool) -> datetime:
    """When the next try is due: the circuit is half-open from then, and one poll decides.

    `again`: whether the failure before was of this kind; a first refusal is asked again soon
    whatever went before it.
    """
    if TRAITS[failure].guarded and not again:
        failures_in_a_row = 1
    return now + cooldown(failure, failures_in_a_row)


def must_go_alone(unfinished_claims: int) -> bool:
    """Whether workers died often enough with this person in hand to suspect their data."""
    return unfinished_claims >= ALONE_AFTER


def must_pause(unfinished_claims: int) -> bool:
    """Whether a worker also died with this person alone in hand: no more tries for now."""
    return unfinished_claims >= QUARANTINE_AFTER
