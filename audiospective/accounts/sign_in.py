"""Sign-in with Spotify: from the code that a browser brings to what becomes of it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from audiospective import clock, log
from audiospective.clients.consent import SCOPE, Consent
from audiospective.clients.deadline import Deadline
from audiospective.clients.spotify import Credentials, Profile, SpotifyError, Tokens
from audiospective.models import SpotifyApp
from audiospective.policy import retry_after
from audiospective.policy.failures import Failure
from audiospective.polling import record
from audiospective.services import Services

SECONDS = 15.0  # for everything that Spotify is asked while somebody waits


class SignInError(Exception):
    """The sign-in ends here. Below it: one class for each page that explains why."""


class BadCodeError(SignInError):
    """Spotify does not take the code: used, expired, or not meant for this browser."""


class NotListedError(SignInError):
    """The account is not on the list of people that Spotify lets the app serve."""


class MissingScopeError(SignInError):
    """The consent lacks the one permission that an archive needs."""


class AppRefusedError(SignInError):
    """Spotify refuses the app itself: wrong secret, or an owner without Premium."""


class UnavailableError(SignInError):
    """Spotify does not answer, or lets the app call again only at `until` (None: not said)."""

    def __init__(self, until: datetime | None = None) -> None:
        super().__init__("Spotify is not available")
        self.until = until


@dataclass(frozen=True)
class AppConsent:
    """The app that is consented to, with what its requests need; holds no database row."""

    app_id: int
    consent: Consent


def consent_to(services: Services, app: SpotifyApp, found: Credentials) -> AppConsent:
    """Raises UnavailableError while Spotify lets this app make no call."""
    if until := blocked_until(app):
        raise UnavailableError(until)
    settings = services.settings
    consent = Consent(settings.spotify_accounts_url, found, settings.callback_url)
    return AppConsent(app.id, consent)


def blocked_until(app: SpotifyApp) -> datetime | None:
    """Until when this app may not call because of a 429; None if it may."""
    now = clock.now()
    until: datetime = app.blocked_until
    return until if until > now and app.block_reason != Failure.APP.value else None


def identify(
    services: Services, asked: AppConsent, code: str, verifier: str
) -> tuple[Profile, Tokens]:
    """Ask Spotify who consented; raises SignInError. Called without a database connection."""
    deadline = Deadline(SECONDS)
    try:
        tokens = asked.consent.exchange(code, verifier, deadline)
    except SpotifyError as error:
        raise _told(services, asked, error, at_token=True) from None
    if SCOPE not in (tokens.scope or "").split():
        raise MissingScopeError
    try:
        profile = services.spotify.me(tokens.access_token, deadline)
    except SpotifyError as error:
        raise _told(services, asked, error, at_token=False) from None
    ids = [profile.spotify_id, *([profile.account_id] if profile.account_id else [])]
    if not all(map(_plain, ids)):
        raise UnavailableError
    return profile, tokens


def _told(
    services: Services, asked: AppConsent, error: SpotifyError, *, at_token: bool
) -> SignInError:
    at = "token" if at_token else "profile"
    log.event("sign_in_refused", app=asked.app_id, at=at, failure=error.failure.value)
    match error.failure:
        case Failure.AUTH:
            return BadCodeError()
        case Failure.NOT_ALLOWED | Failure.WITHHELD:
            return NotListedError()
        case Failure.APP:
            return AppRefusedError()
        case Failure.RATE_LIMIT | Failure.QUOTA:
            return UnavailableError(_silence(services, asked, error, at_token=at_token))
        case Failure.NETWORK:
            return UnavailableError()
        case _:
            return BadCodeError() if at_token else UnavailableError()


def _silence(
    services: Services, asked: AppConsent, error: SpotifyError, *, at_token: bool
) -> datetime:
    """Until when to be silent; a limit of the Web API silences the app for every process.

    The accounts service counts by itself: its limit must not stop the polls of others.
    """
    if not at_token:
        return record.block(services, asked.app_id, error.failure, error.retry_after)
    now = clock.now()
    return now + retry_after.pause(error.failure, error.retry_after, now)


def _plain(identity: str) -> bool:
    """Whether this can be a key: PostgreSQL takes no NUL, and nobody needs a control character."""
    return 0 < len(identity) <= 256 and all(
        unicodedata.category(char) not in ("Cc", "Cs") for char in identity
    )
