"""Tokens that letters carry: the database keeps their hash, never themselves."""

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

    Every letter about the row then carries the same link, however often it is asked for.
    """
    key = settings.secret_key.encode()
    return hmac.new(key, f"{purpose}:{salt}".encode(), hashlib.sha256).hexdigest()


def digest(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
