"""Fetches one person's page; runs in a thread, touches no database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from audiospective import clock
from audiospective.clients.deadline import Deadline
from audiospective.clients.spotify import NO_TOKEN, Credentials, SpotifyError, Tokens
from audiospective.models.claims import Claim
from audiospective.models.connections import ACCESS_PLACE, REFRESH_PLACE
from audiospective.policy import empty_pages, retry_after
from audiospective.policy.empty_pages import Reading
from audiospective.policy.failures import CHARGED_TO_APP, Failure
from audiospective.policy.plays import Page
from audiospective.services import Services
from audiospective.vault import UnknownKeyError

SCOPE = "user-read-recently-played"
RENEW_BEFORE = timedelta(minutes=5)  # a token that ends sooner is refreshed first
UNAUTHORIZED = 401


@dataclass(frozen=True)
class Attempt:
    """What is known so far about the poll of one claimed person.

    `rotated` says that `tokens` replaced the refresh token: it must be on disk before anything
    else is asked, since the old one is dead. `stored` says that it is; `spent` is the encrypted
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
    began, mine = clock.monotonic(), deadline.of_one()
    found = _Fetching(services, attempt, mine).finish()
    return replace(
        found,
        sends=attempt.sends + mine.sends,
        took_ms=attempt.took_ms + round((clock.monotonic() - began) * 1000),
    )


class _Fetching:
    """One poll under way; what it has learned so far outlives the error that ends it."""

    def __init__(self, services: Services, attempt: Attempt, deadline: Deadline) -> None:
        self.services = services
        self.deadline = deadline
        self.attempt = replace(attempt, rotated=False)

    def finish(self) -> Attempt:
        try:
            self._go_on()
        except SpotifyError as error:
            if error.failure in CHARGED_TO_APP:
                # At once, from this thread: the others must not run into the same wall.
                now = clock.now()
                span = retry_after.pause(error.failure, error.retry_after, now)
                self.services.blocked_apps.block(self.attempt.claim.app_id, now + span)
            self._learn(
                failure=error.failure,
                detail=str(error),
                retry_after=error.retry_after,
                calls=self.attempt.calls + 1,
            )
        except UnknownKeyError as error:
            self._learn(failure=Failure.LOCKED, detail=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this person's alone
            self._learn(failure=Failure.UNKNOWN, detail=type(error).__name__)
        return self.attempt

    def _go_on(self) -> None:
        attempt = self.attempt
        if self.services.blocked_apps.blocked_until(attempt.claim.app_id):
            self._learn(blocked=True)
            return
        if attempt.tokens is None and _ends_soon(attempt.claim):
            self._refresh()
            if self.attempt.rotated:
                return
        access = self._access()
        try:
            page = self.services.spotify.recently_played(access, self.deadline)
        except SpotifyError as error:
            if error.status != UNAUTHORIZED or self.attempt.refreshed:
                raise
            self._learn(calls=self.attempt.calls + 1)
            self._refresh()
            if not self.attempt.rotated:
                self._go_on()
            return
        self._learn(page=page, calls=self.attempt.calls + 1)
        self._confirm(access)

    def _access(self) -> str:
        tokens = self.attempt.tokens
        if tokens is None:
            claim = self.attempt.claim
            encrypted = claim.connection.access_encrypted
            return self.services.vault.decrypt(ACCESS_PLACE, claim.user_id, encrypted)
        if not tokens.access_token:  # the answer held a new refresh token only, which is kept
            raise SpotifyError(Failure.NETWORK, NO_TOKEN)
        if not _in_scope(tokens):
            raise SpotifyError(Failure.AUTH, "the grant no longer includes recently played")
        return tokens.access_token

    def _confirm(self, access: str) -> None:
        """An empty page where there were plays, for the second time: does the token work?"""
        page, connection = self.attempt.page, self.attempt.claim.connection
        assert page is not None
        reading = empty_pages.read(
            page.offered,
            had_plays=connection.newest_play_at is not None,
            empty_before=connection.empty_pages > 0,
            profile_ok=None,
        )
        if reading is not Reading.CONFIRM:
            return
        try:
            self.services.spotify.me(access, self.deadline)
        except SpotifyError as error:
            self._learn(page=None)
            if error.failure in CHARGED_TO_APP:
                raise
            raise SpotifyError(Failure.SILENT, "empty pages, and the profile is refused") from None
        self._learn(calls=self.attempt.calls + 1)

    def _refresh(self) -> None:
        attempt = self.attempt
        spent = attempt.spent or attempt.claim.connection.refresh_encrypted
        old = self.services.vault.decrypt(REFRESH_PLACE, attempt.claim.user_id, spent)
        tokens = self.services.spotify.refresh(attempt.credentials, old, self.deadline)
        self._learn(
            spent=spent,
            tokens=tokens,
            rotated=tokens.refresh_token not in (None, old),
            stored=False,
            refreshed=True,
            calls=attempt.calls + 1,
        )

    def _learn(self, **changes: Any) -> None:
        self.attempt = replace(self.attempt, **changes)


def _in_scope(tokens: Tokens) -> bool:
    return tokens.scope is None or SCOPE in tokens.scope.split()


def _ends_soon(claim: Claim) -> bool:
    connection = claim.connection
    return (
        not connection.access_encrypted
        or connection.access_expires_at - claim.claimed_at < RENEW_BEFORE
    )
