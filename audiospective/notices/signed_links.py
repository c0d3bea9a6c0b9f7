"""Links in e-mails: signed, each good for one purpose, harmless to open."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from audiospective import clock
from audiospective.settings import Settings

RECONNECT = "reconnect"
UNSUBSCRIBE = "unsubscribe"
DETACH = "detach-spotify"
KEEP = "keep-account"
SALT = "letter-link"  # stays: links that were sent carry it


def sign(settings: Settings, purpose: str, *values: Any, expires_at: datetime | None = None) -> str:
    """A token that carries `values` (JSON) for `purpose`; the same values give the same token.

    Same token every time: an e-mail that is sent again must be the same e-mail to the byte.
    """
    until = clock.to_ms(expires_at) if expires_at else 0
    return str(_serializer(settings, purpose).dumps([until, *values]))


def read(settings: Settings, purpose: str, token: str) -> tuple[list[Any], bool] | None:
    """(values, still good) of a token made for this purpose; None if it was not made here."""
    try:
        until, *values = _serializer(settings, purpose).loads(token)
    except (BadData, ValueError, TypeError):
        return None
    return values, not until or clock.to_ms(clock.now()) < until


def _serializer(settings: Settings, purpose: str) -> URLSafeSerializer:
    keys = [*settings.secret_key_fallbacks, settings.secret_key]  # the last one signs
    return URLSafeSerializer(keys, salt=f"{SALT}:{purpose}")
