"""Tokens that e-mails carry: the database keeps their hash, never themselves."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from audiospective.settings import Settings


def new_token() -> str:
    """A token that nobody can guess: 256 bits."""
    return secrets.token_urlsafe(32)


def derived(settings: Settings, purpose: str, salt: str) -> str:
    """The token that belongs to a row's salt; only who knows the server's secret can make it.

    Every e-mail about the row then carries the same link, however often it is asked for.
    """
    return _derived(settings.secret_key, purpose, salt)


def rederived(settings: Settings, purpose: str, salt: str, kept: str) -> str | None:
    """The token of a row that keeps `kept`, made under whichever key the row was made with.

    None if that key is none of SECRET_KEY and SECRET_KEY_FALLBACKS any more.
    """
    for key in (settings.secret_key, *settings.secret_key_fallbacks):
        token = _derived(key, purpose, salt)
        if digest(token) == kept:
            return token
    return None


def _derived(key: str, purpose: str, salt: str) -> str:
    return hmac.new(key.encode(), f"{purpose}:{salt}".encode(), hashlib.sha256).hexdigest()


def digest(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
