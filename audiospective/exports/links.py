"""Links to a finished export: signed, good for ten minutes, and only in one browser's session."""

from __future__ import annotations

import hashlib

from audiospective import clock
from audiospective.models import User
from audiospective.models.exports import READY, Export
from audiospective.notices import signed_links
from audiospective.policy.export_rules import LINK
from audiospective.settings import Settings

PURPOSE = "export"


def sign(settings: Settings, export: Export, user: User, session: str) -> str:
    """A token that lets this session of this member fetch this export for a while.

    `session` is a secret of the browser's session; `session_key` changes when the member signs out
    everywhere. Neither stands in the token.
    """
    until = clock.now() + LINK
    return signed_links.sign(
        settings, PURPOSE, export.id, _bound(export, user, session), expires_at=until
    )


def good(settings: Settings, token: str, export: Export, user: User, session: str) -> bool:
    """Whether a token lets this session of this member fetch this export now."""
    read = signed_links.read(settings, PURPOSE, token)
    if read is None or export.status != READY or export.is_over:
        return False
    values, alive = read
    return alive and values == [export.id, _bound(export, user, session)]


def _bound(export: Export, user: User, session: str) -> str:
    parts = (str(user.id), user.session_key, session, export.key or "")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
