"""Fetches one person's page; runs in a thread, touches no database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from audiospective import clock
from audiospective.clients import tally
from audiospective.clients.deadline import Deadline
from audiospective.clients.spotify import Credentials, SpotifyError, Tokens
from audiospective.models.claims import Claim
from audiospective.models.connections import ACCESS_PLACE, REFRESH_PLACE
from audiospective.policy import empty_pages, limits
from audiospective.policy.empty_pages import Reading
from audiospective.policy.failures import CHARGED_TO_APP, Failure
from audiospective.policy.plays import Page
from audiospective.services import Services

SCOPE = "user-read-recently-played"
RENEW_BEFORE = timedelta(minutes=5)  # a token that ends sooner is refreshed first
UNAUTHORIZED = 401


@dataclass(frozen=True)
class Attempt:
    """What is known so far about the poll of one claimed person.

    `rotated` says that `tokens` replaced the refresh token: it must be on disk before anything
    else is asked, since the old one is dead. `stored` says that it is; `spent` is the sealed
    refresh token that was sent.
    """

    claim: Claim
    credentials: Credentials
    spent: str = ""
    tokens: Tokens | None = None
    rotated: bool = False
    stored: bool = False
    page: Page | None = None
    failure: Failure | None = None
    detail: str = ""
    retry_after: str | None = None
    blocked: bool = False
    calls: int = 0
    sends: int = 0  # HTTP requests, further tries included
    took_ms: int = 0
    refreshed: bool = False

    @property
    def finished(self) -> bool:
        return self.blocked or self.page is not None or self.failure is not None


def fetch(services: Services, attempt: Attempt, deadline: Deadline) -> Attempt:
    """Take the poll as far as it goes without the database; errors become part of the answer."""
    began, sends = clock.monotonic(), tally.sends()
    found = _caught(services, attempt, deadline)
    return replace(
        found,
        sends=attempt.sends + tally.sends() - sends,
        took_ms=attempt.took_ms + round((clock.monotonic() - began) * 1000),
    )


def _caught(services: Services, attempt: Attempt, deadline: Deadline) -> Attempt:
    try:
        return _fetch(services, replace(attempt, rotated=False), deadline)
    except SpotifyError as error:
        if error.failure in CHARGED_TO_APP:
            # At once, from this thread: the others must not run into the same wall.
            now = clock.now()
            span = limits.pause(error.failure, error.retry_after, now)
            services.limits.block(attempt.claim.app_id, now + span)
        return replace(
            attempt,
            failure=error.failure,
            detail=str(error),
            retry_after=error.retry_after,
            calls=attempt.calls + 1,
        )
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this person's alone
        return replace(attempt, failure=Failure.UNKNOWN, detail=type(error).__name__)


def _fetch(services: Services, attempt: Attempt, deadline: Deadline) -> Attempt:
    if services.limits.blocked_until(attempt.claim.app_id):
        return replace(attempt, blocked=True)
    if attempt.tokens is None and _ends_soon(attempt.claim):
        attempt = _refresh(services, attempt, deadline)
        if attempt.rotated:
            return attempt
    if attempt.tokens and not _in_scope(attempt.tokens):
        raise SpotifyError(Failure.AUTH, "the grant no longer includes recently played")
    access = attempt.tokens.access_token if attempt.tokens else _access(services, attempt.claim)
    try:
        page = services.spotify.recently_played(access, deadline)
    except SpotifyError as error:
        if error.status != UNAUTHORIZED or attempt.refreshed:
            raise
        attempt = _refresh(services, replace(attempt, calls=attempt.calls + 1), deadline)
        return attempt if attempt.rotated else _fetch(services, attempt, deadline)
    attempt = replace(attempt, page=page, calls=attempt.calls + 1)
    return _confirmed(services, attempt, access, deadline)


def _confirmed(services: Services, attempt: Attempt, access: str, deadline: Deadline) -> Attempt:
    """An empty page where there were plays, for the second time: ask whether the token works."""
    page, connection = attempt.page, attempt.claim.connection
    assert page is not None
    reading = empty_pages.read(
        page.offered,
        had_plays=connection.newest_play_at is not None,
        empty_before=connection.empty_pages > 0,
        profile_ok=None,
    )
    if reading is not Reading.CONFIRM:
        return attempt
    try:
        services.spotify.me(access, deadline)
    except SpotifyError as error:
        if error.failure in CHARGED_TO_APP:
            raise
        raise SpotifyError(Failure.SILENT, "empty pages, and the profile is refused") from None
    return replace(attempt, calls=attempt.calls + 1)


def _refresh(services: Services, attempt: Attempt, deadline: Deadline) -> Attempt:
    claim = attempt.claim
    spent = attempt.spent or claim.connection.refresh_sealed
    old = services.vault.open(REFRESH_PLACE, claim.user_id, spent)
    tokens = services.spotify.refresh(attempt.credentials, old, deadline)
    rotated = tokens.refresh_token not in (None, old)
    return replace(
        attempt,
        spent=spent,
        tokens=tokens,
        rotated=rotated,
        stored=False,
        refreshed=True,
        calls=attempt.calls + 1,
    )


def _in_scope(tokens: Tokens) -> bool:
    return tokens.scope is None or SCOPE in tokens.scope.split()


def _ends_soon(claim: Claim) -> bool:
    connection = claim.connection
    return (
        not connection.access_sealed
        or connection.access_expires_at - claim.claimed_at < RENEW_BEFORE
    )


def _access(services: Services, claim: Claim) -> str:
    return services.vault.open(ACCESS_PLACE, claim.user_id, claim.connection.access_sealed)
